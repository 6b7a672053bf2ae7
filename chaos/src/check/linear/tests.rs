//! The search against the promise spelled out, and against histories that are long.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::brute::is_linearizable;
use super::model::{Act, Print, Sight, State};
use super::search::{Outcome, Stuck, search};
use super::steps::Step;
use crate::history::Micros;
use crate::ledger::Mark;

const PLENTY: u64 = 100_000;

/// A part of an operation in the document's own order.
struct Moment {
    at: u64,
    step: usize,
    sees: bool,
}

fn present(version: u64, marks: &[Mark]) -> Sight {
    let mut sorted = marks.to_vec();
    sorted.sort();
    let print = Print::of(&sorted);
    Sight::Present { version: Some(version), marks: Some((Arc::from(sorted), print)), not: None }
}

/// Operations as they happen to a document: each part at a moment of its own, edits that come together at times, and
/// answers that tell more or less. Returns nothing if an operation could not be done.
fn happened(dice: &mut StdRng, operations: usize) -> Option<Vec<Step>> {
    let mut steps = vec![];
    let mut moments = vec![];
    for number in 0..operations {
        let mark = Mark(number as u64);
        let first = number == 0;
        let act = match dice.random_range(0..10) {
            _ if first => Some(Act::Create(mark)),
            0..5 => Some(Act::Edit(mark)),
            5..7 => Some(Act::Swap(mark, Some(dice.random_range(1..4)))),
            7 if dice.random_bool(0.2) => Some(Act::Delete),
            _ => None,
        };
        let acts = if first { dice.random_range(0..3) } else { dice.random_range(0..12) };
        let sees = acts + dice.random_range(0..4);
        moments.push(Moment { at: acts, step: number, sees: false });
        moments.push(Moment { at: sees, step: number, sees: true });
        steps.push(Step {
            operation: number,
            invoked: Micros(10 + acts - dice.random_range(0..=acts.min(3))),
            returned: Some(Micros(10 + sees + dice.random_range(0..3))),
            act,
            must_act: act.is_some(),
            sight: None,
        });
    }
    moments.sort_by_key(|moment| (moment.at, moment.step, moment.sees));
    let (mut state, mut marks) = (State::Unborn, vec![]);
    for moment in moments {
        let step = &mut steps[moment.step];
        if !moment.sees {
            let Some(act) = step.act else { continue };
            let possible: Vec<State> = state.after(act).collect();
            if possible.is_empty() {
                // A swap that fails sees that it does; what else is impossible would never be answered so.
                let (Act::Swap(_, not), State::Live(live)) = (act, state) else { return None };
                (step.act, step.must_act) = (None, false);
                step.sight = Some(Sight::Present { version: Some(live.version), marks: None, not });
                state = state.seen(step.sight.as_ref()?)?;
                continue;
            }
            if dice.random_bool(0.15) {
                (step.returned, step.must_act) = (None, false);
                if dice.random_bool(0.5) {
                    continue;
                }
            }
            state = possible[dice.random_range(0..possible.len())];
            marks.extend(act.mark());
        } else if step.returned.is_some() && step.sight.is_none() && step.act != Some(Act::Delete) {
            let sight = match state {
                State::Live(live) => {
                    let Sight::Present { version, marks, not } = present(live.version, &marks) else {
                        return None;
                    };
                    let marks = marks.filter(|_| dice.random_bool(0.5));
                    Sight::Present { version: version.filter(|_| dice.random_bool(0.8)), marks, not }
                }
                State::Unborn | State::Gone if step.act.is_none() => Sight::Absent,
                State::Unborn | State::Gone => return None,
            };
            state = state.seen(&sight)?;
            step.sight = Some(sight);
        }
    }
    Some(steps)
}

/// Changes one thing that was said, or when.
fn spoil(dice: &mut StdRng, steps: &mut [Step]) {
    let chosen = dice.random_range(0..steps.len());
    let marks = steps.len() as u64;
    let step = &mut steps[chosen];
    match &mut step.sight {
        Some(Sight::Present { version: Some(version), .. }) if dice.random_bool(0.4) => {
            *version = if dice.random_bool(0.5) { *version + 1 } else { version.saturating_sub(1).max(1) };
        }
        Some(Sight::Present { marks: Some((held, print)), .. }) if dice.random_bool(0.6) => {
            let mark = Mark(dice.random_range(0..marks));
            let mut changed: Vec<Mark> = held.iter().copied().filter(|other| *other != mark).collect();
            if changed.len() == held.len() {
                changed.push(mark);
                changed.sort();
            }
            (*held, *print) = (Arc::from(&changed[..]), Print::of(&changed));
        }
        _ => {
            let width = step.returned.map_or(2, |at| at.since(step.invoked).0);
            let invoked = dice.random_range(8..24);
            step.invoked = Micros(invoked);
            step.returned = step.returned.map(|_| Micros(invoked + width));
        }
    }
}

#[test]
fn the_search_says_what_trying_every_order_says() {
    let (mut sound, mut unsound) = (0, 0);
    for seed in 0..6_000 {
        let mut dice = StdRng::seed_from_u64(seed);
        let operations = dice.random_range(2..=5);
        let Some(mut steps) = happened(&mut dice, operations) else { continue };
        let spoiled = dice.random_bool(0.6);
        if spoiled {
            spoil(&mut dice, &mut steps);
        }
        let wanted = is_linearizable(&steps);
        assert!(wanted || spoiled, "seed {seed}: what happened has an order: {steps:#?}");
        let found = match search(&steps, PLENTY) {
            Outcome::Ordered => true,
            Outcome::Stuck(_) => false,
            Outcome::Exhausted => {
                panic!("seed {seed}: {PLENTY} steps are plenty for {operations} operations")
            }
        };
        assert_eq!(found, wanted, "seed {seed}: {steps:#?}");
        *(if wanted { &mut sound } else { &mut unsound }) += 1;
    }
    assert!(sound > 1_000 && unsound > 500, "both have to be common: {sound} and {unsound}");
}

#[test]
fn a_long_busy_history_is_decided() {
    let steps = busy(4_000, 16);
    assert_eq!(search(&steps, PLENTY), Outcome::Ordered);
}

#[test]
fn a_mistake_in_a_long_history_is_found() {
    let mut steps = busy(4_000, 1);
    let number = steps.len();
    // Everyone saw that its version was gone when it was sent.
    let (version, place) = (number as u64 / 4, number / 2 + 40);
    let swap = Act::Swap(Mark(1 << 40), Some(version));
    let (invoked, returned) = (steps[place].invoked, steps[place].returned);
    let sight = None;
    steps.push(Step { operation: number, invoked, returned, act: Some(swap), must_act: true, sight });
    assert!(matches!(search(&steps, PLENTY), Outcome::Stuck(Stuck { step, .. }) if step == number));
}

#[test]
fn a_search_that_runs_out_says_so() {
    let steps = busy(200, 8);
    assert_eq!(search(&steps, 10), Outcome::Exhausted);
}

#[test]
fn outcomes_that_nobody_knows_do_not_keep_the_search_from_its_end() {
    let steps = forgetful(2_000, 16, 0.1);
    assert!(steps.iter().filter(|step| step.returned.is_none()).count() > 100);
    assert_eq!(search(&steps, PLENTY), Outcome::Ordered);
}

/// Clients that edit one document, `wide` at once, whose edits come together; between two rounds somebody reads.
fn busy(operations: usize, wide: usize) -> Vec<Step> {
    forgetful(operations, wide, 0.0)
}

/// The same, where clients give up so often; half of what they asked for then was done.
fn forgetful(operations: usize, wide: usize, often: f64) -> Vec<Step> {
    let mut dice = StdRng::seed_from_u64(1);
    let mut steps: Vec<Step> = vec![];
    let (mut version, mut marks, mut now) = (1, vec![Mark(0)], 100);
    let step = |number, invoked, returned, act: Option<Act>, sight| Step {
        operation: number,
        invoked: Micros(invoked),
        returned: Some(Micros(returned)),
        act,
        must_act: act.is_some(),
        sight: Some(sight),
    };
    steps.push(step(0, 10, 20, Some(Act::Create(Mark(0))), present(1, &marks)));
    while steps.len() < operations {
        let together = dice.random_range(1..=wide);
        version += 1;
        let first = steps.len();
        for number in first..first + together {
            let mark = Mark(number as u64);
            let unknown = number > first && dice.random_bool(often);
            if !unknown || dice.random_bool(0.5) {
                marks.push(mark);
            }
            let (invoked, returned) = (now - dice.random_range(0..30), now + dice.random_range(1..30));
            let sight = Sight::Present { version: Some(version), marks: None, not: None };
            let edit = step(number, invoked, returned, Some(Act::Edit(mark)), sight);
            let lost = Step { returned: None, must_act: false, sight: None, ..edit.clone() };
            steps.push(if unknown { lost } else { edit });
        }
        let (invoked, returned) = (now + 1, now + dice.random_range(2..20));
        let whole = if version % 8 == 0 {
            present(version, &marks)
        } else {
            Sight::Present { version: Some(version), marks: None, not: None }
        };
        steps.push(step(steps.len(), invoked, returned, None, whole));
        now += 20;
    }
    steps
}
