//! Whether Automerge will apply a change, save the document and load it again. It trusts what it is given;
//! these are the things that it trusts without looking, each found to make it panic or to save a document
//! that does not load.

use std::collections::HashMap;

use base::Hash;

use super::change::Change;
use super::footer;
use super::limits::{Budget, MAX_OP};
use super::op::is_moderate;
use super::refused::Refused;
use super::rules::Rules;
use crate::graph::run::Id;
use crate::graph::{Actor, Scope, Summary, View};

/// Checks a change all of whose dependencies are in the view.
pub(crate) fn check(
    view: &View<'_>,
    hash: Hash,
    change: &Change<'_>,
    budget: &mut Budget,
) -> Result<Summary, Refused> {
    check_form(hash, change)?;
    let deps = dependencies(view, hash, change)?;
    let name = Actor::from(change.actor);
    let actor = view.actor_index(&name).unwrap_or_else(|| view.actor_count());
    let seq = check_seq(view, hash, change, actor)?;
    let clock = view.clock_of(&deps);
    if let Some(previous) = view.hash_of(actor, seq - 1).filter(|_| !clock.covers(actor, seq - 1)) {
        return Err(Refused::PreviousChangeNotAncestor { change: hash, previous });
    }
    let start_op = check_start(hash, change, view.max_op(&deps))?;
    let actors = resolve_actors(view, hash, change, actor)?;

    let scope = Scope::new(view, clock, actor, name.clone(), start_op);
    let runs = Rules::new(hash, scope, &actors, budget).check(&change.ops)?;
    let places: HashMap<u32, u32> = actors.iter().copied().zip(0..).collect();
    let runs = runs.try_map(|id| {
        let actor = *places.get(&id.actor).ok_or(Refused::UnknownActor { change: hash })?;
        Ok::<_, Refused>(Id { actor, ..id })
    })?;
    let others = change.others.iter().map(|actor| Actor::from(*actor)).collect();
    Ok(Summary { hash, actor: name, seq, start_op, deps: change.deps.clone(), others, runs })
}

/// What a saved document does not keep, so that the change would come back with another hash: Automerge then
/// refuses to load the document.
fn check_form(hash: Hash, change: &Change<'_>) -> Result<(), Refused> {
    if !change.names_its_actors() {
        return Err(Refused::NotCanonical { change: hash });
    }
    if !is_moderate(change.time) {
        return Err(Refused::BadTime { change: hash });
    }
    // A second author for one actor makes Automerge refuse the change, and libraries name one in the first
    // change only.
    match change.footer.is_empty() || (change.seq == 1 && footer::is_author(change.footer)) {
        true => Ok(()),
        false => Err(Refused::BadFooter { change: hash }),
    }
}

fn dependencies(view: &View<'_>, hash: Hash, change: &Change<'_>) -> Result<Vec<u32>, Refused> {
    let mut sorted = change.deps.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refused::DuplicateDependency { change: hash });
    }
    Ok(change.deps.iter().filter_map(|dep| view.index(dep)).collect())
}

fn check_seq(view: &View<'_>, hash: Hash, change: &Change<'_>, actor: u32) -> Result<u32, Refused> {
    let next = view.seq_of(actor) + 1;
    let seq = u32::try_from(change.seq).unwrap_or(u32::MAX);
    if seq == next {
        return Ok(seq);
    }
    Err(match view.hash_of(actor, seq) {
        Some(other) => Refused::DuplicateSeq { change: hash, seq: change.seq, other },
        None => Refused::SeqGap { change: hash, seq: change.seq, next: next.into() },
    })
}

fn check_start(hash: Hash, change: &Change<'_>, max_op: u32) -> Result<u32, Refused> {
    if change.start_op <= u64::from(max_op) {
        return Err(Refused::StartOpTooLow {
            change: hash,
            start_op: change.start_op,
            max_op: max_op.into(),
        });
    }
    let next = u64::from(max_op) + 1;
    if change.ops.is_empty() && change.start_op != next {
        return Err(Refused::GapBeforeNothing { change: hash, start_op: change.start_op, next });
    }
    match u32::try_from(change.start_op) {
        Ok(start_op) if change.start_op <= MAX_OP && change.max_op() <= MAX_OP => Ok(start_op),
        _ => Err(Refused::StartOpTooHigh { change: hash, max_op: change.max_op() }),
    }
}

/// The graph's index of each actor that the change lists. Automerge looks each one up and panics if it is not
/// there.
fn resolve_actors(view: &View<'_>, hash: Hash, change: &Change<'_>, own: u32) -> Result<Vec<u32>, Refused> {
    let find =
        |actor: &&[u8]| view.actor_index(&Actor::from(*actor)).ok_or(Refused::UnknownActor { change: hash });
    std::iter::once(Ok(own)).chain(change.others.iter().map(find)).collect()
}
