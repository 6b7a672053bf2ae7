//! Working on a document's queue of edits: gather, make, commit, show, answer, and again while there are more.
//!
//! One task works on a document at a time, so that edits that arrive while a batch is on its way become one command.

use super::engine::Engine;
use super::fault::{unavailable, unproposed};
use super::making::{Batch, Bench, Settled, make};
use super::open::{Loaded, OpenDocument, Pending};
use super::outcome::{Answer, Proposed, sort_out};
use super::workers::WorkLost;
use crate::command::Command;
use crate::shard::Shard;
use rpc::{At, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Edits that are made as one batch. More wait for the next: one batch must not keep the others waiting for long.
const BATCH_EDITS: usize = 128;

/// How often an edit is made again because the state that it was made on did not last.
const ATTEMPTS_MAX: u32 = 16;

/// Works on the queue of one document.
pub struct Runner {
    /// What all documents share.
    pub engine: Arc<Engine>,
    /// Where the document lives.
    pub shard: Arc<Shard>,
    /// The document.
    pub open: Arc<OpenDocument>,
}

impl Runner {
    /// Works until the queue is empty.
    pub async fn run(self) {
        let runner = Arc::new(self);
        let stopping = &runner.engine.stopping;
        let mut ended = Instant::now();
        loop {
            let edits = runner.open.take(BATCH_EDITS);
            if edits.is_empty() {
                return;
            }
            if stopping.is_cancelled() {
                runner.refuse(edits);
                continue;
            }
            let rest = runner.batch(edits, ended.elapsed()).await.unwrap_or_else(|lost| {
                // Whoever waited hears it from the dropped sender: nobody can say what became of their edits.
                tracing::error!(document = %runner.open.doc.id, error = %lost, "work on a document was lost");
                Duration::ZERO
            });
            ended = Instant::now();
            if !rest.is_zero() {
                stopping.run_until_cancelled(tokio::time::sleep(rest)).await;
            }
        }
    }

    fn refuse(&self, edits: Vec<Pending>) {
        for pending in edits {
            tell(pending, Err(unavailable(self.shard.id, "the node is stopping".to_owned())));
        }
    }

    /// One batch from start to end. Gives how long the document should rest.
    async fn batch(
        self: &Arc<Runner>,
        edits: Vec<Pending>,
        since_last: Duration,
    ) -> Result<Duration, WorkLost> {
        let mut held = self.open.state.clone().lock_owned().await;
        // Taken out while it is worked on: should the work panic, nothing half done stays behind.
        let state = held.take();
        let (state, mut batch, making) =
            self.work("make", state, move |runner, state| runner.make(state, edits)).await?;
        let outcome = match batch.command(&self.open.doc, base::now().0) {
            None => None,
            Some(command) => Some(self.shard.proposer.propose(vec![], Command::Edit(command)).await),
        };
        let Batch { waiting, settled, again, .. } = batch;
        let show = move |runner: &Runner, state: &mut Option<Loaded>| {
            let answers = runner.show(state, outcome, waiting);
            runner.engine.settle(&runner.shard, &runner.open, state);
            answers
        };
        let (mut state, answers, showing) = self.work("show", state, show).await?;
        let later = tell_now(answers, settled, again);
        let work = making + showing;
        let rest = state.as_mut().map(|loaded| loaded.pace.worked(work, since_last));
        *held = state;
        drop(held);
        for (pending, version) in later.done_at {
            self.answer_done_at(pending, version).await;
        }
        self.make_again(later.again);
        Ok(rest.unwrap_or_default())
    }

    /// Does a piece of work on the document, and measures it.
    async fn work<T: Send + 'static>(
        self: &Arc<Runner>,
        stage: &'static str,
        state: Option<Loaded>,
        work: impl FnOnce(&Runner, &mut Option<Loaded>) -> T + Send + 'static,
    ) -> Result<(Option<Loaded>, T, Duration), WorkLost> {
        let runner = self.clone();
        let timed = move || {
            let mut state = state;
            let started = Instant::now();
            let done = work(&runner, &mut state);
            let took = started.elapsed();
            metrics::histogram!("stage_duration_seconds", "stage" => stage).record(took);
            (state, done, took)
        };
        self.engine.workers.run(timed).await
    }

    fn make(&self, state: &mut Option<Loaded>, edits: Vec<Pending>) -> Batch {
        let bench = Bench {
            view: &self.shard.machine.store().view(),
            keyring: &self.engine.keyring,
            quarantine: &self.engine.quarantine,
            limits: &self.engine.limits,
            now_ms: base::now().0,
        };
        make(&bench, &self.open.doc, state, edits)
    }

    /// Brings the document in step with what became of the batch, and finds the answers.
    fn show(
        &self,
        state: &mut Option<Loaded>,
        outcome: Option<Proposed>,
        waiting: Vec<Pending>,
    ) -> Vec<(Pending, Answer)> {
        let Some(outcome) = outcome else { return vec![] };
        let outcomes = match outcome {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // Its edits may or may not have come to pass: only the store knows.
                *state = None;
                let refusal = || Answer::Refused(unproposed(self.shard.id, &error));
                return waiting.into_iter().map(|pending| (pending, refusal())).collect();
            }
        };
        sort_out(self, state, outcomes, waiting)
    }

    /// The answer to a repeated edit: the document as it was after the first.
    async fn answer_done_at(&self, pending: Pending, version: u64) {
        let user = &pending.caller.user;
        let answer = self.engine.read(&self.shard, &self.open.doc, user, At::Version(version)).await;
        tell(pending, answer);
    }

    fn make_again(&self, edits: Vec<Pending>) {
        let mut kept = Vec::with_capacity(edits.len());
        for mut pending in edits {
            pending.attempts += 1;
            if pending.attempts < ATTEMPTS_MAX {
                kept.push(pending);
            } else {
                let reason = "the document changes too quickly for this edit".to_owned();
                tell(pending, Err(unavailable(self.shard.id, reason)));
            }
        }
        self.open.put_back(kept);
    }
}

/// Edits that have no answer yet.
struct Later {
    /// Done before: the document is to be read as it was then.
    done_at: Vec<(Pending, u64)>,
    /// To be made again.
    again: Vec<Pending>,
}

/// Gives the answers that are known.
fn tell_now(answers: Vec<(Pending, Answer)>, settled: Vec<(Pending, Settled)>, again: Vec<Pending>) -> Later {
    let settled = settled.into_iter().map(|(pending, settled)| match settled {
        Settled::Refused(refusal) => (pending, Answer::Refused(refusal)),
        Settled::DoneAt(version) => (pending, Answer::DoneAt(version)),
    });
    let mut later = Later { done_at: vec![], again };
    for (pending, answer) in answers.into_iter().chain(settled) {
        match answer {
            Answer::Seen(seen) => tell(pending, Ok(seen)),
            Answer::Refused(refusal) => tell(pending, Err(refusal)),
            Answer::DoneAt(version) => later.done_at.push((pending, version)),
            Answer::Again => later.again.push(pending),
        }
    }
    later
}

fn tell(pending: Pending, answer: Result<rpc::Seen, Refusal>) {
    // The asker may have gone; what was done stays done.
    let _gone = pending.reply.send(answer);
}
