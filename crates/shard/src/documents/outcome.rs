//! What became of a batch in the log, and who is told what.

use super::fault::Fault;
use super::making::{Asker, Batch};
use super::open::Loaded;
use super::queue::{Pending, Work};
use super::runner::Runner;
use super::stored;
use super::views::Cached;
use crate::live::{LiveDocument, relay, settle, settle_empty};
use crate::machine::{Done, Outcome, Rejection};
use crate::shard::Shard;
use base::{Level, Limits};
use rpc::{LimitKind, Refusal, Seen};
use std::sync::Arc;

/// What a proposal leads to.
pub type Proposed = Result<Outcome, Refusal>;

/// The answer to one edit.
pub enum Answer {
    /// It is done, and this is the document now.
    Seen(Seen),
    /// No.
    Refused(Refusal),
    /// It had been done before: the document as it was at that version.
    DoneAt(u64),
    /// The state that it was made on did not last: it is made again.
    Again,
}

/// What is left to do after a batch.
#[derive(Default)]
pub struct After {
    /// What to tell whose edits were in it.
    pub answers: Vec<(Pending, Answer)>,
    /// What is to be done again.
    pub again: Work,
}

/// Shows what became of a batch: to those who follow the document, and in the open document. Finds the answers.
pub fn show(
    runner: &Runner,
    state: &mut Option<Loaded>,
    live: Option<&LiveDocument>,
    batch: Batch,
    outcome: Option<Proposed>,
) -> After {
    let Batch { askers, empty, again, heads, .. } = batch;
    settle_empty(empty);
    let outcomes = match outcome {
        None => return After { again, ..After::default() },
        Some(Ok(Outcome::Edits(outcomes))) => outcomes,
        Some(Ok(Outcome::One(outcome))) => vec![outcome],
        Some(Ok(Outcome::Ticket(_))) => vec![],
        Some(Err(refusal)) => return unknown(runner, state, askers, again, &refusal),
    };
    if let Some(live) = live {
        relay(&runner.engine, &runner.shard, live, &askers, &heads, &outcomes);
    }
    let as_made = outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|done| !done.repeated));
    let mut after = After { again, ..After::default() };
    let mut edits = Vec::new();
    for (asker, outcome) in askers.into_iter().zip(outcomes) {
        match asker {
            Asker::Upload(arrived) => after.again.uploads.extend(settle(arrived, &outcome)),
            Asker::Edit(pending, _) => edits.push((*pending, outcome)),
        }
    }
    if !edits.is_empty() {
        after.answers = sort_out(runner, state, as_made, edits);
    }
    after
}

/// The batch has no outcome, or none that is known here, because this node leads no more: its reign is over, or about to
/// be. Edits are answered as they turned out. Sessions go to who leads now and are asked there for what they have: changes
/// are known by their hashes, so that what came to be is passed over.
fn unknown(
    runner: &Runner,
    state: &mut Option<Loaded>,
    askers: Vec<Asker>,
    again: Work,
    refusal: &Refusal,
) -> After {
    *state = None;
    runner.give_up_live();
    let elsewhere = match refusal {
        Refusal::Elsewhere { .. } => refusal.clone(),
        _ => runner.shard.not_led(),
    };
    let mut answers = Vec::new();
    for asker in askers {
        match asker {
            Asker::Edit(pending, _) => {
                answers.push((*pending, Answer::Refused(refusal.clone())));
            }
            Asker::Upload(arrived) => arrived.upload.session.end(elsewhere.clone()),
        }
    }
    After { answers, again }
}

/// Finds the answers to edits. The document stays open if everything in the batch came to pass.
fn sort_out(
    runner: &Runner,
    state: &mut Option<Loaded>,
    as_made: bool,
    edits: Vec<(Pending, Result<Done, Rejection>)>,
) -> Vec<(Pending, Answer)> {
    let shown = match state.as_mut().filter(|_| as_made) {
        Some(loaded) => show_newest(runner, loaded),
        None => Ok(Shown::OutOfStep),
    };
    let shown = match shown {
        Ok(Shown::OutOfStep) => reload(runner, state),
        shown => shown,
    };
    let shown = match shown {
        Ok(Shown::View(cached)) => Ok(Ok(cached)),
        Ok(Shown::Gone) => Ok(Err(Refusal::NotFound)),
        Ok(Shown::OutOfStep) => {
            Err(Fault::damaged("the stored changes lead to other heads than the head record"))
        }
        Err(fault) => Err(fault),
    };
    let shown = shown.unwrap_or_else(|fault| {
        *state = None;
        Err(fault.into())
    });
    let answer = |(pending, outcome)| answer(runner, pending, outcome, &shown);
    edits.into_iter().map(answer).collect()
}

fn answer(
    runner: &Runner,
    pending: Pending,
    outcome: Result<Done, Rejection>,
    shown: &Result<Arc<Cached>, Refusal>,
) -> (Pending, Answer) {
    let answer = match outcome {
        Ok(done) if done.repeated => Answer::DoneAt(done.version),
        Ok(_) => match shown {
            Ok(cached) => Answer::Seen(seen_by_writer(cached, &pending, &runner.shard)),
            Err(refusal) => Answer::Refused(refusal.clone()),
        },
        Err(Rejection::Stale) => Answer::Again,
        Err(rejection) => Answer::Refused(refusal(rejection, &runner.engine.limits)),
    };
    (pending, answer)
}

/// Who has just written could read at that moment, even if access was taken away since.
fn seen_by_writer(cached: &Cached, pending: &Pending, shard: &Shard) -> Seen {
    let level = cached.level_of(&pending.caller.user).unwrap_or(Level::Write);
    Seen { view: cached.view().clone(), level, revision: shard.revision() }
}

/// What there is to show after a batch.
enum Shown {
    /// The newest version.
    View(Arc<Cached>),
    /// The document was deleted.
    Gone,
    /// The open document is not the stored one.
    OutOfStep,
}

/// Brings the open document in step with its head record, and shows it.
fn show_newest(runner: &Runner, loaded: &mut Loaded) -> Result<Shown, Fault> {
    let doc = &runner.open.doc;
    let generation = runner.engine.views.generation(doc);
    let store = &runner.shard.machine.store().view();
    let Some(head) = stored::head(store, doc)? else { return Ok(Shown::Gone) };
    let words = stored::words(&head)?;
    if words.heads != loaded.document.heads() {
        // Somebody else has written meanwhile.
        return Ok(Shown::OutOfStep);
    }
    let content = loaded.document.content_json(loaded.shape);
    let content = content.map_err(|poisoned| Fault::damaged(poisoned.to_string()))?;
    loaded.heads = words.heads;
    loaded.head = head;
    Ok(Shown::View(runner.engine.keep(store, generation, doc, &loaded.head, content)?))
}

/// Some edits did not come to pass, and the open document has them: only the store is right.
fn reload(runner: &Runner, state: &mut Option<Loaded>) -> Result<Shown, Fault> {
    let (store, doc) = (&runner.shard.machine.store().view(), &runner.open.doc);
    *state = None;
    let Some(head) = stored::head(store, doc)? else { return Ok(Shown::Gone) };
    let (engine, version) = (&runner.engine, head.version);
    let loaded = engine.quarantine.open(doc, version, || Loaded::load(&engine.keyring, store, doc, head))?;
    let loaded = state.insert(loaded);
    show_newest(runner, loaded)
}

/// What a rejection by the log means to the one who asked. Stale commands are made again before it comes to this.
pub fn refusal(rejection: Rejection, limits: &Limits) -> Refusal {
    match rejection {
        Rejection::NotFound | Rejection::Exists => Refusal::NotFound,
        Rejection::Forbidden { needed, held } => Refusal::Forbidden { needed, held },
        Rejection::KeyReused => Refusal::KeyReused,
        Rejection::AccessFull => {
            Refusal::TooLarge { what: LimitKind::AccessEntries, limit: limits.access_entries, actual: None }
        }
        Rejection::LabelsFull => {
            Refusal::TooLarge { what: LimitKind::Labels, limit: limits.labels, actual: None }
        }
        Rejection::Stale => Refusal::Internal { reason: "a stale command was not made again".to_owned() },
    }
}
