//! What happened when, as lanes: what each node was, who led each shard, and how many writes were acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::history::{Condition, History, Leadership, Micros, Operation, ShardId};

/// Columns of the chart of writes, at most.
const COLUMNS_MAX: u64 = 300;

/// Everything on one axis of time, which begins at zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Where it ends.
    pub ends: Micros,
    /// A lane for each node, by name.
    pub nodes: Vec<NodeLane>,
    /// A lane for each shard.
    pub shards: Vec<ShardLane>,
    /// The time that one number of the next row stands for.
    pub column: Micros,
    /// Writes that were acknowledged, column by column.
    pub acknowledged: Vec<u64>,
}

/// What a node was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeLane {
    /// Its name.
    pub node: String,
    /// What it was, without a break.
    pub spans: Vec<Span>,
}

/// What a node was for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// From when.
    pub from: Micros,
    /// Until when.
    pub to: Micros,
    /// What.
    pub condition: Condition,
}

/// Who led a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardLane {
    /// Which.
    pub shard: ShardId,
    /// Who, as far as anyone saw; nobody in between.
    pub leads: Vec<Lead>,
}

/// Somebody who led a shard for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// From when.
    pub from: Micros,
    /// Until another one led, or this one failed.
    pub to: Micros,
    /// Who.
    pub node: String,
    /// In which term.
    pub term: u64,
}

impl Timeline {
    /// The time line of a history.
    pub fn of(history: &History) -> Timeline {
        let ends = history.ends;
        let column = column(ends);
        let mut acknowledged = vec![0; ends.0.div_ceil(column.0) as usize];
        for write in history.operations.iter().filter(|operation| operation.is_acknowledged_write()) {
            let at = (Operation::ended(write).0 / column.0) as usize;
            // What ends with the history belongs to its last column.
            if let Some(at) = at.checked_sub(usize::from(at == acknowledged.len())) {
                acknowledged[at] += 1;
            }
        }
        Timeline { ends, nodes: nodes(history), shards: shards(history), column, acknowledged }
    }

    /// How many shards a node led at each time that this changed: (from, to, shards).
    pub fn led_by(&self, node: &str) -> Vec<(Micros, Micros, usize)> {
        let leads = self.shards.iter().flat_map(|lane| &lane.leads).filter(|lead| lead.node == node);
        let mut steps: BTreeMap<Micros, i64> = BTreeMap::new();
        for lead in leads {
            *steps.entry(lead.from).or_default() += 1;
            *steps.entry(lead.to).or_default() -= 1;
        }
        let ends = steps.keys().skip(1).copied().chain([self.ends]);
        let mut led = 0;
        let mut spans = vec![];
        for ((from, step), to) in steps.iter().zip(ends) {
            led += step;
            if led > 0 && *from < to {
                spans.push((*from, to, led as usize));
            }
        }
        spans
    }
}

/// A round width that gives not too many columns.
fn column(ends: Micros) -> Micros {
    let widths = [50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000];
    let width = widths.into_iter().find(|width| ends.0 / (width * 1_000) < COLUMNS_MAX);
    Micros(width.unwrap_or(86_400_000) * 1_000)
}

fn nodes(history: &History) -> Vec<NodeLane> {
    let named = history.nodes.iter().map(|change| &change.node);
    let leaders = history.leaders.iter().map(|seen| &seen.node);
    let replicas = history.replicas.iter().map(|replica| &replica.node);
    let names: BTreeSet<&String> = named.chain(leaders).chain(replicas).collect();
    names.into_iter().map(|node| lane(node, history)).collect()
}

fn lane(node: &str, history: &History) -> NodeLane {
    let mut spans = vec![];
    let (mut from, mut condition) = (Micros(0), Condition::Alive);
    for change in history.nodes.iter().filter(|change| change.node == node) {
        if change.at > from {
            spans.push(Span { from, to: change.at, condition });
        }
        (from, condition) = (change.at, change.became);
    }
    spans.push(Span { from, to: history.ends.max(from), condition });
    NodeLane { node: node.to_owned(), spans }
}

fn shards(history: &History) -> Vec<ShardLane> {
    let mut shards: BTreeMap<ShardId, Vec<&Leadership>> = BTreeMap::new();
    for seen in &history.leaders {
        let sights = shards.entry(seen.shard).or_default();
        // Who is seen again, and who speaks of a term that is over, says nothing new.
        if sights.last().is_none_or(|last| last.term < seen.term) {
            sights.push(seen);
        }
    }
    let lane = |(shard, sights): (ShardId, Vec<&Leadership>)| {
        let next = sights.iter().skip(1).map(|seen| seen.at).chain([history.ends]);
        let leads = sights.iter().zip(next).map(|(seen, next)| Lead {
            from: seen.at,
            to: failure(history, seen, next),
            node: seen.node.clone(),
            term: seen.term,
        });
        ShardLane { shard, leads: leads.collect() }
    };
    shards.into_iter().map(lane).collect()
}

/// When the leader failed, if it did before `next`.
fn failure(history: &History, seen: &Leadership, next: Micros) -> Micros {
    let mut changes = history.nodes.iter().filter(|change| change.node == seen.node);
    let failed =
        changes.find(|change| change.at >= seen.at && change.at < next && change.became != Condition::Alive);
    failed.map_or(next.max(seen.at), |change| change.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::story::{history, ms, sound};

    #[test]
    fn lanes_have_no_holes_and_leaders_end_with_their_node() {
        let timeline = Timeline::of(&history(&sound()));
        let spans: Vec<_> = timeline.nodes[0].spans.iter().map(|s| (s.from, s.to, s.condition)).collect();
        let (alive, killed) = (Condition::Alive, Condition::Killed);
        let wanted = [(0, 100, alive), (100, 1_600, killed), (1_600, 2_200, alive)];
        assert_eq!(spans, wanted.map(|(from, to, condition)| (ms(from), ms(to), condition)));
        let leads: Vec<_> = timeline.shards[0].leads.iter().map(|l| (l.from, l.to, &l.node[..])).collect();
        assert_eq!(leads, [(ms(0), ms(100), "n1"), (ms(1_000), ms(2_200), "n3")]);
        assert_eq!(timeline.led_by("n3"), [(ms(1_000), ms(2_200), 1)]);
        assert_eq!(timeline.led_by("n1"), [(ms(0), ms(100), 1)]);
    }

    #[test]
    fn every_acknowledged_write_is_in_one_column() {
        let timeline = Timeline::of(&history(&sound()));
        assert_eq!(timeline.acknowledged.iter().sum::<u64>(), 8);
        assert_eq!(timeline.column, ms(50));
        assert_eq!(timeline.acknowledged.len(), 44);
        assert_eq!(timeline.acknowledged[24], 1, "the one that ends at 1.2 s");
        assert!(Timeline::of(&History::default()).acknowledged.is_empty());
    }
}
