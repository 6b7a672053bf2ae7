//! Revision reads never go back.
//!
//! Every answer names a revision of its shard that covers what it shows. So a read that asks for at least a revision
//!
//! 1. is answered with that one or a later one,
//! 2. sees each write to its document that was acknowledged at that revision or an earlier one,
//! 3. sees no older version of its document than any answer at that revision or an earlier one showed.
//!
//! Whatever version a read on a replica shows, it shows it as everybody else saw it.
//!
//! And what one client does after it was told a revision is answered with no older one of the same shard, unless it reads
//! on a replica without asking for so much.

use std::collections::BTreeMap;

use super::{Findings, Violation};
use crate::history::{
    Answer, ClientId, Document, History, Kind, Marks, Operation, Revision, ShardId, StateId,
};

/// Looks at every read that names a revision, and at every client.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings::default();
    let mut documents: BTreeMap<&Document, Vec<&Operation>> = BTreeMap::new();
    let mut clients: BTreeMap<(ClientId, ShardId), Vec<(Revision, &Operation)>> = BTreeMap::new();
    for operation in &history.operations {
        if let Some(document) = operation.subject() {
            documents.entry(document).or_default().push(operation);
        }
        if let Some(revision) = operation.answer().and_then(|answer| answer.revision) {
            clients.entry((operation.client, revision.shard)).or_default().push((revision, operation));
        }
    }
    for (document, operations) in documents {
        let states = history.states.of(document).into_iter().collect();
        Told::new(document, &operations, states).check(&operations, &mut findings);
    }
    clients.into_values().for_each(|told| go_on(told, &mut findings));
    findings
}

/// What was said about one document, and at which revision.
struct Told<'h> {
    document: &'h Document,
    states: BTreeMap<StateId, Marks>,
    answers: Vec<(Revision, &'h Operation)>,
    deletions: Vec<&'h Operation>,
}

impl<'h> Told<'h> {
    fn new(document: &'h Document, all: &[&'h Operation], states: BTreeMap<StateId, Marks>) -> Told<'h> {
        let told = |operation: &&'h Operation| {
            let revision = operation.ok().filter(|answer| !answer.absent)?.revision?;
            Some((revision, *operation))
        };
        Told {
            document,
            states,
            answers: all.iter().filter_map(told).collect(),
            deletions: all.iter().copied().filter(|operation| operation.kind == Kind::Delete).collect(),
        }
    }

    fn check(&self, operations: &[&'h Operation], findings: &mut Findings) {
        for read in operations {
            let (Kind::ReadAt { at_least }, Some(answer)) = (&read.kind, read.ok()) else { continue };
            findings.examined += 1;
            if let Some(asked) = at_least {
                self.judge(read, *asked, answer, findings);
            }
            if let Some(other) = self.answers.iter().find(|(_, other)| self.differs(answer, other)) {
                let version = answer.version.unwrap_or_default();
                let what = format!("version {version} looks different on a replica");
                findings.violated(Violation::on(self.document, what, [*read, other.1]));
            }
        }
    }

    /// Whether another answer shows the same version with another tag or other marks.
    fn differs(&self, answer: &Answer, other: &Operation) -> bool {
        let Some(other) =
            other.ok().filter(|other| answer.version.is_some() && other.version == answer.version)
        else {
            return false;
        };
        let tags = answer.tag.as_ref().zip(other.tag.as_ref());
        let seen = answer.seen.zip(other.seen);
        let marks = |state: StateId| self.states.get(&state);
        tags.is_some_and(|(tag, other)| tag != other)
            || seen.is_some_and(|(seen, other)| seen != other && marks(seen) != marks(other))
    }

    fn judge(&self, read: &Operation, asked: Revision, answer: &Answer, findings: &mut Findings) {
        let mut violated = |what: String, other: Option<&Operation>| {
            findings.violated(Violation::on(self.document, what, [read].into_iter().chain(other)));
        };
        match answer.revision {
            Some(told) if told.shard == asked.shard && told.index < asked.index => {
                violated(format!("a read that asks for at least {asked} is answered with {told}"), None);
            }
            _ => {}
        }
        let covered = self
            .answers
            .iter()
            .filter(|(revision, _)| revision.shard == asked.shard && revision.index <= asked.index)
            .map(|(_, operation)| *operation);
        let deletable = self.deletions.iter().any(|deletion| deletion.invoked <= read.ended());
        if answer.absent {
            if let Some(other) = covered.clone().next().filter(|_| !deletable) {
                violated(format!("a read that asks for at least {asked} does not find it"), Some(other));
            }
            return;
        }
        let version = |operation: &Operation| operation.ok().and_then(|answer| answer.version);
        let newest = covered.clone().max_by_key(|operation| version(operation));
        if let (Some(seen), Some(newest)) = (answer.version, newest)
            && let Some(known) = version(newest).filter(|known| *known > seen)
        {
            let what = format!(
                "a read that asks for at least {asked} sees version {seen}, and version {known} was shown before that"
            );
            violated(what, Some(newest));
        }
        let Some(seen) = answer.seen.and_then(|seen| self.states.get(&seen)) else { return };
        for write in covered {
            if let Some(mark) = write.kind.mark().filter(|mark| seen.binary_search(mark).is_err()) {
                let what =
                    format!("a read that asks for at least {asked} does not see {mark}, which that covers");
                violated(what, Some(write));
            }
        }
    }
}

/// Holds what one client was told of one shard against what it was told before.
fn go_on(told: Vec<(Revision, &Operation)>, findings: &mut Findings) {
    let mut ended = told.clone();
    ended.sort_by_key(|(_, operation)| operation.ended());
    let mut ended = ended.into_iter().peekable();
    let mut newest: Option<(Revision, &Operation)> = None;
    for (revision, operation) in told {
        while let Some(before) = ended.next_if(|(_, before)| before.ended() < operation.invoked) {
            if newest.is_none_or(|(newest, _)| newest.index < before.0.index) {
                newest = Some(before);
            }
        }
        let Some((before, earlier)) = newest.filter(|_| !may_lag(operation)) else { continue };
        findings.examined += 1;
        if revision.index < before.index {
            let what = format!("{} was told {before}, and then {revision}", operation.client);
            findings.violated(Violation::of(what, [earlier, operation]));
        }
    }
}

/// Whether it may be answered from a replica, which then owes only what it asks for.
fn may_lag(operation: &Operation) -> bool {
    matches!(operation.kind, Kind::ReadAt { .. })
}
