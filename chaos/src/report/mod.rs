//! What came of a drill, for programs and for people.
//!
//! A [`Report`] is made of a history and what the checkers found in it. As JSON it is what other programs read; as a page
//! it needs nothing but a browser. The page is made of the report alone, so one that was stored can be looked at later.

mod drawing;
mod escape;
mod figures;
mod page;
mod scale;
mod tables;
mod timeline;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use timeline::{Lead, NodeLane, ShardLane, Span, Timeline};

use crate::check::gaps::{self, Gaps};
use crate::check::{Bounds, Findings, Property, Verdict, check};
use crate::history::{End, History};

/// The format of the JSON: it grows when a reader of an older one would be misled.
pub const FORMAT: u32 = 1;

/// What came of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The drill.
    pub drill: String,
    /// What chose its accidents.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// The worst of all verdicts.
    pub verdict: Verdict,
    /// How much there was.
    pub counts: Counts,
    /// Each property with its verdict.
    pub properties: Vec<Judged>,
    /// How long shards took no writes after faults.
    pub gaps: Gaps,
    /// What happened when.
    pub timeline: Timeline,
    /// What a reader should know although no promise was broken.
    pub notes: Vec<String>,
}

/// One property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub property: Property,
    /// What is promised, in words.
    pub promise: String,
    /// Whether it was kept.
    pub verdict: Verdict,
    /// Why.
    #[serde(flatten)]
    pub findings: Findings,
}

impl Judged {
    fn new(property: Property, findings: Findings) -> Judged {
        let promise = property.promise().to_owned();
        Judged { property, promise, verdict: findings.verdict(), findings }
    }
}

/// How much there was of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Operations of all kinds.
    pub operations: u64,
    /// Writes that were acknowledged.
    pub acknowledged_writes: u64,
    /// Reads that were answered.
    pub reads: u64,
    /// Operations that were refused.
    pub refused: u64,
    /// Operations whose outcome nobody knows.
    pub unknown: u64,
    /// Clients.
    pub clients: u64,
    /// Documents.
    pub documents: u64,
    /// Faults: what fails at once is one.
    pub faults: u64,
    /// Times that a shard got another leader.
    pub leader_changes: u64,
}

impl Report {
    /// Judges a history.
    pub fn of(history: &History, bounds: &Bounds) -> Report {
        let judged = |(property, findings)| Judged::new(property, findings);
        let properties: Vec<Judged> = check(history, bounds).into_iter().map(judged).collect();
        let timeline = Timeline::of(history);
        let gaps = gaps::measure(history);
        Report {
            format: FORMAT,
            drill: history.drill.clone(),
            seed: history.seed,
            seconds: history.ends.seconds(),
            verdict: worst(&properties),
            counts: Counts::of(history, &timeline, &gaps),
            properties,
            gaps,
            timeline,
            notes: vec![],
        }
    }

    /// Adds what was found out about a property without the history.
    pub fn add(&mut self, property: Property, findings: Findings) {
        self.properties.push(Judged::new(property, findings));
        self.verdict = worst(&self.properties);
    }

    /// The report as one self-contained page of HTML.
    pub fn to_html(&self) -> String {
        page::Page(self).to_string()
    }
}

/// The verdict on everything: one broken promise breaks it, and success needs every promise.
fn worst(properties: &[Judged]) -> Verdict {
    let has = |verdict| properties.iter().any(|judged| judged.verdict == verdict);
    let order = [Verdict::Broken, Verdict::Undecided, Verdict::NotExamined];
    let found = order.into_iter().find(|verdict| has(*verdict));
    found.unwrap_or(if properties.is_empty() { Verdict::NotExamined } else { Verdict::Kept })
}

impl Counts {
    fn of(history: &History, timeline: &Timeline, gaps: &Gaps) -> Counts {
        let mut counts = Counts {
            operations: history.operations.len() as u64,
            faults: gaps.faults.len() as u64,
            ..Counts::default()
        };
        let (mut clients, mut documents) = (BTreeSet::new(), BTreeSet::new());
        for operation in &history.operations {
            clients.insert(operation.client);
            documents.extend(operation.subject());
            *match operation.end {
                End::Ok { .. } if operation.kind.is_write() => &mut counts.acknowledged_writes,
                End::Ok { .. } => &mut counts.reads,
                End::Failed { .. } => &mut counts.refused,
                End::Unknown { .. } => &mut counts.unknown,
            } += 1;
        }
        counts.clients = clients.len() as u64;
        counts.documents = documents.len() as u64;
        let changes = timeline.shards.iter().map(|lane| lane.leads.len().saturating_sub(1));
        counts.leader_changes = changes.sum::<usize>() as u64;
        counts
    }
}
