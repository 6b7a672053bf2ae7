//! Each mistake breaks the one promise that it is about, and no other.

use super::story::*;
use crate::check::{Bounds, Property, Verdict, check, gaps};
use crate::history::line::Line;
use crate::history::{Answer, Kind, Leadership, ShardId, Side, StateId};

fn bounds() -> Bounds {
    Bounds { gaps: Some(gaps::Limits { median: ms(2_000), worst: ms(4_000) }), ..Bounds::default() }
}

/// The promises that are not kept, and the first violation in words.
fn broken(lines: &[Line]) -> (Vec<Property>, String) {
    let found = check(&history(lines), &bounds());
    let broken = found.iter().filter(|(_, findings)| findings.verdict() != Verdict::Kept);
    let properties = broken.clone().map(|(property, _)| *property).collect();
    let words = broken.flat_map(|(_, findings)| &findings.violations).map(|violation| violation.what.clone());
    (properties, words.collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn breaks(property: Property, words: &str, mistake: impl FnOnce(&mut Vec<Line>)) {
    let mut lines = sound();
    mistake(&mut lines);
    let (broken, said) = broken(&lines);
    assert_eq!(broken, [property], "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_sound_history_keeps_every_promise() {
    let found = check(&history(&sound()), &bounds());
    for (property, findings) in &found {
        assert_eq!(findings.verdict(), Verdict::Kept, "{property:?}: {findings:?}");
    }
    assert_eq!(found.len(), 8);
}

#[test]
fn an_empty_history_proves_nothing() {
    let lines = [sound().remove(0), sound().pop().unwrap()];
    for (property, findings) in check(&history(&lines), &bounds()) {
        assert_eq!(findings.verdict(), Verdict::NotExamined, "{property:?}");
    }
}

#[test]
fn a_write_that_is_gone_at_the_end_is_lost() {
    breaks(Property::NothingLost, "<0000000000000002> was acknowledged and is not there", |lines| {
        end(lines, &[1, 3, 4, 5, 6]);
    });
    breaks(Property::NothingLost, "which nobody deleted", |lines| {
        for line in lines {
            if let Line::Final(last) = line
                && *last.document == *"d"
            {
                last.state = None;
            }
        }
    });
}

#[test]
fn a_document_that_nobody_looked_at_is_undecided() {
    let mut lines = sound();
    lines.retain(|line| !matches!(line, Line::Final(_)));
    let found = check(&history(&lines), &bounds());
    assert_eq!(found[0].0, Property::NothingLost);
    assert_eq!(found[0].1.verdict(), Verdict::Undecided);
}

#[test]
fn a_write_that_is_there_twice_is_caught() {
    breaks(Property::NothingTwice, "<0000000000000002> is there more than once", |lines| {
        end(lines, &[1, 2, 2, 3, 4, 5, 6]);
    });
    breaks(Property::NothingTwice, "<0000000000000063> was written by nobody", |lines| {
        end(lines, &[1, 2, 3, 4, 5, 6, 99]);
    });
    breaks(Property::NothingTwice, "<0000000000000009> was refused and is there", |lines| {
        end(lines, &[1, 2, 3, 4, 5, 6, 9]);
    });
    breaks(Property::NothingTwice, "<0000000000000007> was written into another document", |lines| {
        end(lines, &[1, 2, 3, 4, 5, 6, 7]);
    });
}

#[test]
fn a_mark_that_is_there_twice_for_a_moment_is_caught() {
    breaks(Property::NothingTwice, "<0000000000000003> is there more than once", |lines| {
        for line in lines {
            if let Line::State(state) = line
                && state.state == StateId(3)
            {
                state.new.insert(3, state.new[2]);
            }
        }
    });
}

#[test]
fn replicas_with_other_heads_are_caught() {
    breaks(Property::Converged, "n1, n2 at h6; n3 at h7", |lines| {
        replica(lines, "d", "n3", Some("h7"));
    });
    breaks(Property::Converged, "n1, n3 without it; n2 at h9", |lines| {
        replica(lines, "e", "n2", Some("h9"));
    });
}

#[test]
fn a_read_that_goes_back_is_caught() {
    breaks(Property::RevisionsAdvance, "asks for at least 0:5 is answered with 0:4", |lines| {
        answer(lines, 7, |answer| answer.revision = Some(revision(0, 4)));
    });
    breaks(Property::RevisionsAdvance, "sees version 3, and version 4 was shown before", |lines| {
        answer(lines, 7, |answer| *answer = shows(3, 2, revision(0, 5)));
    });
    breaks(Property::RevisionsAdvance, "does not see <0000000000000005>", |lines| {
        answer(lines, 7, |answer| *answer = shows(4, 2, revision(0, 5)));
    });
    breaks(Property::RevisionsAdvance, "client 1 was told 0:6, and then 0:5", |lines| {
        answer(lines, 11, |answer| answer.revision = Some(revision(0, 5)));
    });
}

#[test]
fn a_replica_that_shows_a_version_its_own_way_is_caught() {
    breaks(Property::RevisionsAdvance, "version 3 looks different on a replica", |lines| {
        answer(lines, 6, |answer| answer.tag = Some("x".into()));
    });
}

#[test]
fn a_document_that_a_revision_read_does_not_find_is_caught() {
    breaks(Property::RevisionsAdvance, "does not find it", |lines| {
        answer(lines, 7, |answer| {
            *answer = Answer { absent: true, ..Default::default() };
        });
    });
}

#[test]
fn a_stale_strong_read_is_caught() {
    breaks(Property::Linearizable, "it lacks <0000000000000005>, acknowledged at 1.200 s", |lines| {
        // The lease trap: a leader that was replaced still answers.
        let stale = [
            invoke(30, 3, 1_400, "d", Kind::Read),
            ok(30, 1_405, Answer { revision: None, ..shows(3, 2, revision(0, 3)) }),
        ];
        insert(lines, stale);
    });
}

#[test]
fn a_conditional_write_on_an_old_tag_is_caught() {
    breaks(Property::Linearizable, "no order of the operations explains", |lines| {
        let tag = |line: &mut Line| {
            if let Line::Invoke(invoke) = line
                && let Kind::Swap { tag, .. } = &mut invoke.kind
                && tag == "t2"
                && invoke.op.0 == 3
            {
                *tag = "t1".into();
            }
        };
        lines.iter_mut().for_each(tag);
    });
}

#[test]
fn a_version_with_two_faces_is_caught() {
    breaks(Property::Linearizable, "version 2 was shown with the tag t2 and with x", |lines| {
        answer(lines, 2, |answer| answer.tag = Some("x".into()));
    });
}

/// What the checker of the order of operations says.
fn order(lines: &[Line], steps: u64) -> (Verdict, String) {
    let found = check(&history(lines), &Bounds { steps, ..bounds() });
    let (_, findings) = found.iter().find(|(property, _)| *property == Property::Linearizable).unwrap();
    (findings.verdict(), findings.undecided.join("\n"))
}

#[test]
fn a_search_without_an_end_is_no_success() {
    let (verdict, why) = order(&sound(), 2);
    assert_eq!(verdict, Verdict::Undecided);
    assert!(why.contains("d: no order of 10 operations was found in 2 steps"), "{why}");
}

#[test]
fn a_document_without_a_beginning_is_undecided() {
    let mut lines = sound();
    lines.retain(|line| match line {
        Line::Invoke(invoke) => invoke.op.0 != 0,
        Line::Ok { op, .. } => op.0 != 0,
        _ => true,
    });
    let (verdict, why) = order(&lines, 1_000);
    assert_eq!(verdict, Verdict::Undecided);
    assert!(why.contains("nobody created d"), "{why}");
}

#[test]
fn an_answer_after_a_deletion_is_caught() {
    breaks(Property::Linearizable, "at that point it was deleted", |lines| {
        let shown = Answer { revision: None, ..shows(2, 7, revision(1, 2)) };
        answer(lines, 23, |answer| *answer = shown.clone());
    });
}

#[test]
fn two_leaders_in_a_term_are_caught() {
    breaks(Property::OneLeader, "shard 0 was led in term 2 by n3 at 1.000 s, and n2 at 1.001 s", |lines| {
        let shard = ShardId(0);
        insert(lines, [Line::Leader(Leadership { at: ms(1_001), shard, term: 2, node: "n2".into() })]);
    });
}

#[test]
fn a_closed_socket_is_caught() {
    breaks(Property::SocketsKept, "the socket of client 2 was closed", |lines| {
        let close = |line: &mut Line| match line {
            Line::Closed(closing) if closing.client.0 == 2 => closing.by = Side::Hub,
            _ => {}
        };
        lines.iter_mut().for_each(close);
    });
}

#[test]
fn a_long_gap_is_caught() {
    let history = history(&sound());
    let limits = gaps::Limits { median: ms(1_000), worst: ms(4_000) };
    let found = gaps::measure(&history).judge(limits);
    assert!(found.violations[0].what.contains("the median gap is 1.120 s"), "{found:?}");
    let limits = gaps::Limits { median: ms(4_000), worst: ms(1_119) };
    let found = gaps::measure(&history).judge(limits);
    assert!(found.violations[0].what.contains("shard 0 took no write for 1.120 s"), "{found:?}");
}
