//! Taking turns: whoever pours in work waits behind nobody but themselves.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Work in line by who asked for it. Takers serve one after the other, a little of each at a time.
pub struct Turns<K, T> {
    lines: HashMap<K, VecDeque<T>>,
    /// Everyone with a line, in the order of their turns.
    order: VecDeque<K>,
    len: usize,
}

/// How much is taken: of everyone in a turn, and in all. Each at least one piece.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Of everyone who is served.
    pub each: usize,
    /// Of all together.
    pub all: usize,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Turns<K, T> {
        Turns { lines: HashMap::new(), order: VecDeque::new(), len: 0 }
    }
}

impl<K: Hash + Eq + Clone, T> Turns<K, T> {
    /// How many pieces of work there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many have work in line.
    pub fn lines(&self) -> usize {
        self.order.len()
    }

    /// Puts work at the end of somebody's line.
    pub fn push(&mut self, who: K, work: T) {
        self.len += 1;
        if let Some(line) = self.lines.get_mut(&who) {
            line.push_back(work);
            return;
        }
        self.order.push_back(who.clone());
        self.lines.insert(who, VecDeque::from([work]));
    }

    /// Puts work that was taken back to where it was: to the front of its line, which is served first.
    pub fn put_back(&mut self, who: K, work: T) {
        self.len += 1;
        if let Some(line) = self.lines.get_mut(&who) {
            line.push_front(work);
            return;
        }
        self.order.push_front(who.clone());
        self.lines.insert(who, VecDeque::from([work]));
    }

    /// Takes the work of one round: of everyone in turn, as long as there is a share left.
    pub fn take(&mut self, share: Share, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let (mut taken, mut weight) = (Vec::new(), 0);
        for _ in 0..self.order.len() {
            if weight >= share.all {
                break;
            }
            let Some(who) = self.order.pop_front() else { break };
            let Some(line) = self.lines.get_mut(&who) else { continue };
            let mut own = 0;
            while let Some(next) = line.front() {
                let more = weigh(next);
                if own > 0 && (own + more > share.each || weight + more > share.all) {
                    break;
                }
                own += more.max(1);
                weight += more.max(1);
                taken.extend(line.pop_front());
            }
            if line.is_empty() {
                self.lines.remove(&who);
            } else {
                self.order.push_back(who);
            }
        }
        self.len -= taken.len();
        taken
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Turns::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Share = Share { each: 3, all: 8 };

    fn turns(lines: &[(char, usize)]) -> Turns<char, (char, usize)> {
        let mut turns = Turns::default();
        for (who, count) in lines {
            (0..*count).for_each(|number| turns.push(*who, (*who, number)));
        }
        turns
    }

    fn names(taken: &[(char, usize)]) -> String {
        taken.iter().map(|(who, _)| who).collect()
    }

    #[test]
    fn everyone_gets_a_turn_in_each_round() {
        let mut turns = turns(&[('a', 100), ('b', 1), ('c', 5)]);
        assert_eq!(names(&turns.take(SHARE, |_| 1)), "aaabccc");
        assert_eq!(names(&turns.take(SHARE, |_| 1)), "aaacc");
        assert_eq!(turns.len(), 94);
    }

    #[test]
    fn who_did_not_fit_into_a_round_is_first_in_the_next() {
        let mut turns = turns(&[('a', 9), ('b', 9), ('c', 9), ('d', 9)]);
        assert_eq!(names(&turns.take(SHARE, |_| 1)), "aaabbbcc");
        assert_eq!(names(&turns.take(SHARE, |_| 1)), "dddaaabb");
    }

    #[test]
    fn work_keeps_its_order_also_when_it_comes_back() {
        let mut turns = turns(&[('a', 5)]);
        let taken = turns.take(SHARE, |_| 1);
        taken.into_iter().rev().for_each(|work| turns.put_back(work.0, work));
        let all: Vec<_> = std::iter::repeat_with(|| turns.take(SHARE, |_| 1)).take(3).flatten().collect();
        assert_eq!(all.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn what_is_heavier_than_a_share_goes_alone() {
        let mut turns = turns(&[('a', 2), ('b', 1)]);
        assert_eq!(names(&turns.take(SHARE, |_| 100)), "a");
        assert_eq!(names(&turns.take(SHARE, |_| 100)), "b");
        assert_eq!(names(&turns.take(SHARE, |_| 100)), "a");
    }
}
