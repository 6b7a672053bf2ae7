//! What counts as a gap, one drawing each: time goes to the right, `x` is an acknowledgement, `!` a fault of the leader.

use super::story::{ms, node};
use crate::check::Verdict;
use crate::check::gaps::{Gaps, Limits, measure};
use crate::history::{
    Answer, ClientId, Condition, End, History, Kind, Leadership, Operation, OperationId, ShardId,
};
use crate::ledger::Mark;

/// A history of one shard that `n1` leads, a column being 100 ms: `x` acknowledged, `?` given up, `!` killed, `+` back, and
/// `o` a fault of a node that does not lead.
fn drawn(picture: &str) -> History {
    let mut history = History { ends: ms(100 * picture.len() as u64), ..History::default() };
    history.leaders.push(Leadership { at: ms(0), shard: ShardId(0), term: 1, node: "n1".into() });
    for (column, sign) in (0..).zip(picture.chars()) {
        let at = ms(100 * column);
        let mut write = |end| {
            history.operations.push(Operation {
                id: OperationId(column),
                client: ClientId(1),
                shard: Some(ShardId(0)),
                document: Some("d".into()),
                kind: Kind::Edit { mark: Mark(column), base: 1 },
                invoked: at,
                end,
            });
        };
        match sign {
            'x' => write(End::Ok { at, answer: Answer::default() }),
            '?' => write(End::Unknown { at }),
            '!' => history.nodes.push(node(100 * column, "n1", Condition::Killed)),
            '+' => history.nodes.push(node(100 * column, "n1", Condition::Alive)),
            'o' => history.nodes.push(node(100 * column, "n2", Condition::Frozen)),
            _ => {}
        }
    }
    history
}

/// Each gap as (from, to) in columns.
fn gaps(picture: &str) -> Vec<(u64, u64)> {
    let measured = measure(&drawn(picture));
    measured.all.iter().map(|gap| (gap.from.0 / 100_000, gap.to.0 / 100_000)).collect()
}

fn measured(picture: &str) -> Gaps {
    measure(&drawn(picture))
}

#[test]
fn the_longest_pause_after_a_fault_is_its_gap() {
    assert_eq!(
        gaps("xxx!....xxx"),
        [(2, 8)],
        "it is measured from the last acknowledgement before the fault"
    );
    assert_eq!(gaps("xxx!x.....xx"), [(4, 10)], "it may begin later");
    assert_eq!(gaps("x.....x!xx"), [(6, 8)], "what was before the fault is not its doing");
}

#[test]
fn a_gap_belongs_to_the_fault_that_it_follows() {
    assert_eq!(gaps("xx!..x+xxx!....xx"), [(1, 5), (9, 15)]);
    assert_eq!(gaps("xx!..+..!..x"), [(1, 11), (1, 11)], "one that two faults meet in belongs to both");
    assert_eq!(gaps("xxxx"), [], "without a fault there is none");
}

#[test]
fn nodes_that_fail_at_once_are_one_fault() {
    let measured = measured("xx!o...xx");
    assert_eq!((measured.all.len(), measured.faults.len()), (1, 1));
    assert_eq!(measured.faults[0].what, "n1 was killed and n2 was frozen");
}

#[test]
fn only_shards_that_the_victim_led_count() {
    let measured = measured("xxo........xx");
    assert!(!measured.all[0].led);
    assert_eq!((measured.median, measured.worst), (None, None));
}

#[test]
fn the_figures_are_the_median_and_the_worst() {
    let measured = measured("x!.x+x!..x+x!......x");
    assert_eq!((measured.median, measured.worst), (Some(ms(400)), Some(ms(800))));
}

#[test]
fn a_shard_that_never_comes_back_breaks_every_limit() {
    let measured = measured("xxx!...?");
    assert!(measured.all[0].open);
    assert_eq!(measured.worst, Some(ms(500)));
    let found = measured.judge(Limits { median: ms(90_000), worst: ms(90_000) });
    assert_eq!(found.verdict(), Verdict::Broken);
    assert_eq!(found.violations[0].what, "shard 0 took no write after n1 was killed at 0.300 s");
}

#[test]
fn writers_that_stop_leave_no_gap() {
    assert_eq!(gaps("xxx!.x......."), [(2, 5)]);
}
