//! Working on a document's queue: gather, make, commit, show, answer, and again while there is more.
//!
//! One task works on a document at a time, so that what arrives while a batch is on its way becomes one command. A small
//! batch of uploads alone opens no document and asks no worker.

use super::engine::Engine;
use super::fault::{Fault, unavailable, unproposed};
use super::making::{Batch, Bench, Settled, make};
use super::open::{Loaded, OpenDocument};
use super::outcome::{After, Answer, Proposed, show};
use super::queue::{Pending, Work};
use super::quiet::Quiet;
use super::stored;
use super::workers::WorkLost;
use super::{compaction, effort};
use crate::command::Command;
use crate::live::{LiveDocument, Upload, end_wrong, give_birth, take};
use crate::reign::Reign;
use crate::shard::Shard;
use crate::store::StoreView;
use rpc::{At, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often work is done again because the state that it was done on did not last.
const ATTEMPTS_MAX: u32 = 16;

/// Bytes of uploads that are looked into where requests are served, because that takes less than asking a worker. More
/// would keep others waiting.
const INLINE_BYTES: usize = 32 << 10;

/// Works on the queue of one document.
pub struct Runner {
    /// What all documents share.
    pub engine: Arc<Engine>,
    /// Where the document lives.
    pub shard: Arc<Shard>,
    /// The document.
    pub open: Arc<OpenDocument>,
}

/// Where a piece of work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Worker,
}

impl Runner {
    /// Works until the queue is empty.
    pub async fn run(self: Arc<Runner>) {
        let runner = self;
        let stopping = &runner.engine.stopping;
        let (mut ended, mut is_slow) = (Instant::now(), false);
        loop {
            let work = runner.open.queue.take();
            if work.is_empty() {
                return;
            }
            if stopping.is_cancelled() {
                let stopping = "the node is stopping".to_owned();
                runner.refuse(work, &unavailable(runner.shard.id, stopping));
                continue;
            }
            let Some(reign) = runner.shard.present_reign() else {
                runner.refuse(work, &runner.shard.not_led());
                continue;
            };
            let since_last = ended.elapsed();
            let worked = runner.batch(&reign, work).await.unwrap_or_else(|lost| {
                // Whoever waited hears it from the dropped sender: nobody can say what became of their edits.
                tracing::error!(document = %runner.open.doc.id, error = %lost, "work on a document was lost");
                runner.give_up_live();
                Duration::ZERO
            });
            ended = Instant::now();
            let rest = runner.open.pace.lock().worked(worked, since_last);
            if !rest.is_zero() {
                metrics::counter!("documents_rests_total").increment(1);
                if !std::mem::replace(&mut is_slow, true) {
                    let id = runner.open.doc.id;
                    tracing::warn!(document = %id, ?rest, "a document takes more computing than its share, and has to rest");
                }
                stopping.run_until_cancelled(tokio::time::sleep(rest)).await;
            }
        }
    }

    fn refuse(&self, work: Work, refusal: &Refusal) {
        work.edits.into_iter().for_each(|pending| tell(pending, Err(refusal.clone())));
        work.uploads.iter().for_each(|upload| upload.session.end(refusal.clone()));
    }

    /// One batch from start to end. Gives the computing that it took on the open document.
    async fn batch(self: &Arc<Runner>, reign: &Arc<Reign>, mut work: Work) -> Result<Duration, WorkLost> {
        // Those of an earlier reign were sent to come again.
        work.uploads.retain(|upload| Arc::ptr_eq(&upload.session.live.reign, reign));
        let live = self.live(reign, &work);
        if let Some(live) = live.as_ref().filter(|live| !work.uploads.is_empty() && self.is_unborn(live)) {
            let uploads = std::mem::take(&mut work.uploads);
            let born = give_birth(&self.engine, &self.shard, live, uploads).await;
            self.open.queue.put_back(Work { uploads: born.others, ..work });
            self.again(Work { uploads: born.tried, ..Work::default() });
            // What came whole, with a history of its own, is put away whole.
            self.compact_if_due(live, Quiet::Now);
            return Ok(Duration::ZERO);
        }
        let place = place(&work, live.as_deref());
        let mut held = match work.edits.is_empty() {
            true => None,
            false => Some(self.open.state.clone().lock_owned().await),
        };
        // Taken out while it is worked on: should the work panic, nothing half done stays behind.
        let state = held.as_mut().and_then(|held| held.take());
        let opens = held.is_some();
        let following = live.clone();
        let make = move |runner: &Runner, state: &mut Option<Loaded>| runner.make(state, following, work);
        let (state, mut batch, making) = self.work("make", place, state, make).await?;
        end_wrong(std::mem::take(&mut batch.wrong));
        let heavy = std::mem::take(&mut batch.heavy);
        self.open.queue.put_back(Work { uploads: heavy, ..Work::default() });
        let settled = std::mem::take(&mut batch.settled);
        let outcome = self.propose(reign, &mut batch).await;
        // Who came while it was on its way may have seen the state before it.
        let live = live.or_else(|| self.engine.live.get(reign, &self.open.doc));
        let place = if live.as_ref().is_some_and(|live| live.is_crowded()) { Place::Worker } else { place };
        let following = live.clone();
        let show = move |runner: &Runner, state: &mut Option<Loaded>| {
            let after = show(runner, state, following.as_deref(), batch, outcome);
            if state.is_some() {
                runner.engine.settle(&runner.shard, &runner.open, state);
            }
            after
        };
        let (state, After { answers, again }, showing) = self.work("show", place, state, show).await?;
        if let Some(mut held) = held {
            *held = state;
        }
        if let Some(live) = live {
            self.engine.live.reweigh(&live);
            self.compact_if_due(&live, Quiet::Awaited);
        }
        let later = tell_now(answers, settled, again);
        for (pending, version) in later.done_at {
            self.answer_done_at(pending, version).await;
        }
        self.again(later.again);
        // Uploads alone open no document: what they take grows with nothing but themselves, and everyone's turn comes round.
        Ok(if opens { making + showing } else { Duration::ZERO })
    }

    /// The live document whose content is to be kept in step: somebody follows it, or somebody who did has left changes.
    fn live(&self, reign: &Arc<Reign>, work: &Work) -> Option<Arc<LiveDocument>> {
        if let Some(upload) = work.uploads.first() {
            return Some(upload.session.live.clone());
        }
        let live = self.engine.live.get(reign, &self.open.doc)?;
        if !live.is_followed() {
            // Nobody looks at it: whoever comes next reads it anew.
            live.forget();
            return None;
        }
        Some(live)
    }

    fn is_unborn(&self, live: &LiveDocument) -> bool {
        live.content().is_none()
            && matches!(stored::head(&self.shard.machine.store().view(), &self.open.doc), Ok(None))
    }

    async fn propose(&self, reign: &Reign, batch: &mut Batch) -> Option<Proposed> {
        let command = batch.command(&self.open.doc, base::now().0)?;
        let _proposing = match reign.proposing() {
            Ok(proposing) => proposing,
            Err(refusal) => return Some(Err(refusal)),
        };
        let proposed = self.shard.proposer.propose(vec![], Command::Edit(command)).await;
        Some(proposed.map_err(|error| unproposed(self.shard.id, &error)))
    }

    /// Does a piece of work on the document, and measures the computing.
    async fn work<T: Send + 'static>(
        self: &Arc<Runner>,
        stage: &'static str,
        place: Place,
        state: Option<Loaded>,
        work: impl FnOnce(&Runner, &mut Option<Loaded>) -> T + Send + 'static,
    ) -> Result<(Option<Loaded>, T, Duration), WorkLost> {
        let runner = self.clone();
        let timed = move || {
            let mut state = state;
            let (started, before) = (Instant::now(), effort::spent());
            let done = work(&runner, &mut state);
            metrics::histogram!("stage_duration_seconds", "stage" => stage).record(started.elapsed());
            (state, done, effort::spent().saturating_sub(before))
        };
        match place {
            Place::Here => Ok(timed()),
            Place::Worker => self.engine.workers.run(timed).await,
        }
    }

    fn make(&self, state: &mut Option<Loaded>, live: Option<Arc<LiveDocument>>, work: Work) -> Batch {
        let view = self.shard.machine.store().view();
        let bench = Bench {
            view: &view,
            keyring: &self.engine.keyring,
            quarantine: &self.engine.quarantine,
            limits: &self.engine.limits,
            now_ms: base::now().0,
        };
        let (doc, mut batch) = (&self.open.doc, Batch::default());
        let Work { mut uploads, edits } = work;
        // What a session sends behind what was wrong is not heard.
        uploads.retain(|upload| !upload.session.is_over());
        let Some(live) = live.filter(|live| !uploads.is_empty() || live.has_sessions()) else {
            make(&bench, doc, state, &mut batch, None, edits);
            return batch;
        };
        if let Err(refusal) = self.step(&live, &view, &mut batch) {
            uploads.iter().for_each(|upload| upload.session.end(refusal.clone()));
            make(&bench, doc, state, &mut batch, None, edits);
            return batch;
        }
        let content = live.content();
        let Some(content) = &*content else {
            // It was deleted. The sessions see that for themselves.
            make(&bench, doc, state, &mut batch, None, edits);
            return batch;
        };
        let mut intake = content.graph.intake();
        let taken = take(&self.shard, doc, content, &mut intake, uploads, &self.engine.limits);
        batch.add_uploads(taken);
        if !edits.is_empty() {
            make(&bench, doc, state, &mut batch, Some(&mut intake), edits);
        }
        batch
    }

    /// Brings the content of the live document in step with the store, and the batch with that.
    fn step(&self, live: &Arc<LiveDocument>, view: &StoreView<'_>, batch: &mut Batch) -> Result<(), Refusal> {
        let Some(head) = stored::head(view, &self.open.doc)? else {
            live.forget();
            return Ok(());
        };
        if live.load_or_step(&self.engine, &self.shard, view, &head)? {
            live.ring();
        }
        batch.version = head.version;
        Ok(())
    }

    /// The answer to a repeated edit: the document as it was after the first.
    async fn answer_done_at(&self, pending: Pending, version: u64) {
        let user = &pending.caller.user;
        let answer = self.engine.read(&self.shard, &self.open.doc, user, At::Version(version)).await;
        tell(pending, answer);
    }

    /// Puts work back that is to be done again.
    fn again(&self, work: Work) {
        let reason = || unavailable(self.shard.id, "the document changes too quickly".to_owned());
        let mut kept = Work::default();
        for mut pending in work.edits {
            pending.attempts += 1;
            match pending.attempts < ATTEMPTS_MAX {
                true => kept.edits.push(pending),
                false => tell(pending, Err(reason())),
            }
        }
        for mut upload in work.uploads {
            upload.attempts += 1;
            match upload.attempts < ATTEMPTS_MAX {
                true => kept.uploads.push(upload),
                false => upload.session.end(reason()),
            }
        }
        self.open.queue.put_back(kept);
    }

    /// After work that was lost nobody knows what of it came to be.
    pub(super) fn give_up_live(&self) {
        let reign = self.shard.present_reign();
        if let Some(live) = reign.and_then(|reign| self.engine.live.get(&reign, &self.open.doc)) {
            live.forget();
            live.start_over();
        }
    }

    /// A document that is synced and never read is opened by nobody else who would have it compacted.
    fn compact_if_due(&self, live: &Arc<LiveDocument>, quiet: Quiet) {
        if !live.is_to_be_compacted(compaction::many) {
            return;
        }
        let (engine, shard, doc) = (self.engine.clone(), self.shard.clone(), self.open.doc.clone());
        let live = live.clone();
        self.engine.tasks.spawn(async move {
            if engine.stopping.run_until_cancelled(quiet.wait(&live)).await.is_none() {
                return;
            }
            live.begin_compaction();
            let (opener, machine, key) = (engine.clone(), shard.machine.clone(), doc.clone());
            let open = move |state: &mut Option<Loaded>| {
                opener.in_step(&machine.store().view(), &key, state).map(|_| ())
            };
            let opened = engine.with_open(&shard, &doc, open).await.map_err(|lost| Fault::from(lost).into());
            if let Err(refusal) = opened.flatten() {
                let refusal: Refusal = refusal;
                tracing::warn!(document = %doc.id, %refusal, "the document was not opened to be compacted");
            }
        });
    }
}

/// Where a batch is worked on.
fn place(work: &Work, live: Option<&LiveDocument>) -> Place {
    let bytes: usize = work.uploads.iter().map(Upload::bytes).sum();
    let loaded = live.is_some_and(|live| live.content().is_some());
    let light = bytes <= INLINE_BYTES && !work.uploads.iter().any(|upload| upload.heavy);
    if work.edits.is_empty() && loaded && light { Place::Here } else { Place::Worker }
}

/// Edits that have no answer yet.
struct Later {
    /// Done before: the document is to be read as it was then.
    done_at: Vec<(Pending, u64)>,
    /// To be done again.
    again: Work,
}

/// Gives the answers that are known.
fn tell_now(answers: Vec<(Pending, Answer)>, settled: Vec<(Pending, Settled)>, again: Work) -> Later {
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
            Answer::Again => later.again.edits.push(pending),
        }
    }
    later
}

fn tell(pending: Pending, answer: Result<rpc::Seen, Refusal>) {
    // The asker may have gone; what was done stays done.
    let _gone = pending.reply.send(answer);
}
