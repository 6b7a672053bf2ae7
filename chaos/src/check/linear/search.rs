//! Looks for an order of the operations that explains every answer.
//!
//! The search of Wing and Gong with the memory of Lowe: time is walked through from answer to answer; at each, operations
//! that are under way are let take effect, one after the other, until the one that is answered has. A place in the search
//! is fully told by the next answer, by what has taken effect early, and by the document; one that was visited before is
//! not visited again. The search is depth first, and counts its steps.

use std::collections::HashSet;

use super::limits::{Limits, limits};
use super::model::{Sight, State};
use super::steps::Step;

/// States that are kept of the place where the search got stuck.
const STUCK_STATES_MAX: usize = 4;

/// What came of a search.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is an order.
    Ordered,
    /// There is none.
    Stuck(Stuck),
    /// The budget is used up.
    Exhausted,
}

/// The latest answer that no order explains.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    /// Its place in time.
    turn: u32,
    /// The step that was answered.
    pub step: usize,
    /// What the document can have been when it was the turn of that answer.
    pub states: Vec<State>,
}

impl Stuck {
    /// The search has come to this answer.
    fn note(&mut self, turn: u32, step: u32, state: State) {
        if turn > self.turn || self.states.is_empty() {
            *self = Stuck { turn, step: step as usize, states: vec![] };
        }
        if turn == self.turn && self.states.len() < STUCK_STATES_MAX && !self.states.contains(&state) {
            self.states.push(state);
        }
    }
}

/// A place in the search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    /// The next answer.
    turn: u32,
    /// Steps under way that have done something, in their order.
    begun: Vec<Begun>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Begun {
    step: u32,
    finished: bool,
}

/// An answer, in the order of time.
struct Turn {
    /// Who is answered.
    step: u32,
    /// Who is under way: that one first, then who has to come before the earliest version.
    under_way: Vec<u32>,
}

/// Looks for an order, in at most `budget` steps.
pub fn search(steps: &[Step], budget: u64) -> Outcome {
    let limits = limits(steps);
    let turns = turns(steps, &limits);
    Search { steps, limits, turns }.run(budget)
}

struct Search<'s> {
    steps: &'s [Step],
    limits: Vec<Limits>,
    turns: Vec<Turn>,
}

impl Search<'_> {
    fn run(&self, budget: u64) -> Outcome {
        let mut places = vec![Place { turn: 0, begun: vec![], state: State::Unborn }];
        let mut visited = HashSet::new();
        let mut stuck = Stuck::default();
        let mut taken = 0;
        while let Some(place) = places.pop() {
            let Some(place) = self.walk(place) else { return Outcome::Ordered };
            if visited.contains(&place) {
                continue;
            }
            if taken == budget {
                return Outcome::Exhausted;
            }
            taken += 1;
            let turn = &self.turns[place.turn as usize];
            stuck.note(place.turn, turn.step, place.state);
            self.branch(&place, turn, &mut places);
            visited.insert(place);
        }
        Outcome::Stuck(stuck)
    }

    /// Goes past the answers of steps that are finished; `None` past the last one.
    fn walk(&self, mut place: Place) -> Option<Place> {
        loop {
            let turn = self.turns.get(place.turn as usize)?;
            let finished = Begun { step: turn.step, finished: true };
            let Ok(at) = place.begun.binary_search(&finished) else { return Some(place) };
            place.begun.remove(at);
            place.turn += 1;
        }
    }

    /// Where one step more can lead. The last is looked at first: that is what the step does whose turn it is; mostly that
    /// can be now, or once those have come that were seen together with it.
    fn branch(&self, place: &Place, turn: &Turn, places: &mut Vec<Place>) {
        let mut likely = vec![];
        for &step in turn.under_way.iter().rev() {
            self.advance(place, step, places, &mut likely);
        }
        places.append(&mut likely);
    }

    fn advance(&self, place: &Place, number: u32, unlikely: &mut Vec<Place>, likely: &mut Vec<Place>) {
        let step = &self.steps[number as usize];
        let begun = place.begun.iter().find(|begun| begun.step == number);
        if begun.is_some_and(|begun| begun.finished) {
            return;
        }
        if let Some(sight) = &step.sight
            && (begun.is_some() || !step.must_act)
            && let Some(state) = place.state.seen(sight)
        {
            likely.extend(self.next(place, number, true, state));
        }
        let (Some(act), None) = (step.act, begun) else { return };
        let by = self.limits[number as usize].by;
        for state in place.state.after(act).filter(|state| self.is_in_time(number, *state)) {
            // Who joins a version earlier than has to be takes a place that may have to be somebody else's.
            let is_early =
                state.version() == place.state.version() && state.version().is_some_and(|now| now < by);
            let places = if is_early { &mut *unlikely } else { &mut *likely };
            places.extend(self.next(place, number, step.sight.is_none(), state));
        }
    }

    /// Whether a write may come where it is now.
    fn is_in_time(&self, number: u32, state: State) -> bool {
        match state {
            State::Live(live) => {
                let limits = self.limits[number as usize];
                limits == Limits::NONE || limits.allow(live.version)
            }
            State::Unborn | State::Gone => true,
        }
    }

    /// The place after a step has begun or is finished, unless that makes another one impossible.
    fn next(&self, place: &Place, number: u32, finished: bool, state: State) -> Option<Place> {
        let mut begun: Vec<Begun> =
            place.begun.iter().copied().filter(|begun| begun.step != number).collect();
        begun.push(Begun { step: number, finished });
        begun.sort_unstable();
        let place = Place { turn: place.turn, begun, state };
        (!self.is_too_late(&place)).then_some(place)
    }

    /// Whether the document has left a version behind that somebody who is under way has to be in, or has to see.
    fn is_too_late(&self, place: &Place) -> bool {
        let State::Live(live) = place.state else { return false };
        let closed = if live.sealed { live.version } else { live.version.saturating_sub(1) };
        let is_missing = |number: &u32| {
            let step = &self.steps[*number as usize];
            let begun = place.begun.iter().find(|begun| begun.step == *number);
            let must_see = matches!(&step.sight, Some(Sight::Present { version: Some(version), .. })
                if *version < live.version);
            // Also if its client never heard of it: there is a limit only if it was seen.
            let must_act = self.limits[*number as usize].by <= closed;
            match begun {
                None => must_act || must_see,
                Some(begun) => !begun.finished && must_see,
            }
        };
        self.turns[place.turn as usize].under_way.iter().any(is_missing)
    }
}

/// Every answer, and who is under way when it comes. What happens at one microsecond counts as at once.
fn turns(steps: &[Step], limits: &[Limits]) -> Vec<Turn> {
    let mut answered: Vec<u32> =
        (0..).zip(steps).filter(|(_, step)| step.returned.is_some()).map(|(number, _)| number).collect();
    answered.sort_by_key(|number| (steps[*number as usize].returned, *number));
    let mut invoked: Vec<u32> = (0..).zip(steps).map(|(number, _)| number).collect();
    invoked.sort_by_key(|number| (steps[*number as usize].invoked, *number));
    let mut invoked = invoked.into_iter().peekable();
    // What was never seen comes last, and of that what was never answered.
    let order = |number: &u32| {
        let returned = steps[*number as usize].returned;
        (limits[*number as usize].by, returned.is_none(), returned, *number)
    };
    let mut under_way: Vec<u32> = vec![];
    let mut turns = vec![];
    for step in answered {
        let now = steps[step as usize].returned;
        while let Some(number) = invoked.next_if(|number| Some(steps[*number as usize].invoked) <= now) {
            under_way.push(number);
        }
        under_way.sort_by_key(order);
        under_way.retain(|other| *other != step);
        turns.push(Turn { step, under_way: [&[step], &under_way[..]].concat() });
    }
    turns
}
