//! What became of a batch, for those who follow the document.

use super::document::{Commit, LiveDocument};
use super::upload::{Arrived, Upload};
use crate::documents::{Asker, Engine, head};
use crate::machine::{Done, Rejection};
use crate::shard::Shard;
use crate::store::split_heads;
use base::{Timestamp, UserId};

/// Takes what was committed of a batch into the content, and tells everyone who follows. `heads` are those after each
/// part, joined.
pub fn relay(
    engine: &Engine,
    shard: &Shard,
    live: &LiveDocument,
    askers: &[Asker],
    heads: &[Vec<u8>],
    outcomes: &[Result<Done, Rejection>],
) {
    // After a part that did not come to be, none did.
    let done = outcomes.iter().map_while(|outcome| outcome.as_ref().ok().filter(|done| !done.repeated));
    let (count, newest) = done.fold((0, None), |(count, _), done| (count + 1, Some(done)));
    let Some(newest) = newest else { return };
    let askers = &askers[..count];
    let Some(Ok(heads)) = heads.get(count - 1).map(|heads| split_heads(heads)) else { return };
    let in_step = live.committed(newest.version, &heads, askers.iter().flat_map(Asker::changes));
    if !matches!(in_step, Ok(true)) {
        read_anew(engine, shard, live);
    }
    let authors = authors(askers.iter().map(Asker::user));
    live.show(Commit { version: newest.version, heads, authors, at: Timestamp(newest.time_ms) });
}

/// Reads from the store what the content lacks; forgets it if that does not help.
fn read_anew(engine: &Engine, shard: &Shard, live: &LiveDocument) {
    let view = shard.machine.store().view();
    let stepped = match head(&view, &live.doc) {
        Ok(Some(head)) => live.step(engine, &view, &head).map(|_| ()),
        Ok(None) => {
            live.forget();
            Ok(())
        }
        Err(fault) => Err(fault),
    };
    if let Err(fault) = stepped {
        tracing::error!(document = %live.doc.id, %fault, "the content of a live document is not in step");
        live.forget();
    }
}

/// Tells a session what became of its upload. `Some`: it is to be taken again.
pub fn settle(arrived: Arrived, outcome: &Result<Done, Rejection>) -> Option<Upload> {
    match outcome {
        Ok(_) => settle_with(arrived, true),
        Err(Rejection::Stale) => return Some(arrived.upload),
        // Access was taken away before the log had it. The session sees that for itself.
        Err(_) => settle_with(arrived, false),
    }
    None
}

/// Tells sessions whose uploads had nothing new.
pub fn settle_empty(empty: Vec<Arrived>) {
    empty.into_iter().for_each(|arrived| settle_with(arrived, true));
}

fn settle_with(arrived: Arrived, taken: bool) {
    let hashes = if taken { arrived.hashes() } else { vec![] };
    let Arrived { upload, orphans, .. } = arrived;
    let orphans = if taken { orphans } else { vec![] };
    upload.session.settle(hashes, orphans, upload.last);
}

/// Each once, in order.
pub(super) fn authors<'a>(users: impl Iterator<Item = &'a UserId>) -> Vec<UserId> {
    let mut authors: Vec<UserId> = Vec::new();
    for user in users {
        if !authors.contains(user) {
            authors.push(user.clone());
        }
    }
    authors
}
