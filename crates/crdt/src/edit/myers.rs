//! The shortest difference of two sequences (Myers, "An O(ND) difference algorithm"), with a bound on its cost.

use std::ops::Range;

/// Tokens `old` give way to tokens `new`. Hunks are in order and do not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

/// More differences than this are not searched for: the memory of a search grows with their square.
const MAX_DIFFERENCES: usize = 768;

/// More comparisons than this are not made in one search.
const MAX_STEPS: usize = 1 << 21;

/// The difference of two sequences; the whole of both as one hunk when finding a better one would cost too much.
pub(crate) fn diff<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Hunk> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_mid, new_mid) = (&old_rest[..old_rest.len() - suffix], &new_rest[..new_rest.len() - suffix]);
    if old_mid.is_empty() && new_mid.is_empty() {
        return Vec::new();
    }
    let whole = || vec![Hunk { old: 0..old_mid.len(), new: 0..new_mid.len() }];
    let mut hunks = if old_mid.is_empty() || new_mid.is_empty() {
        whole()
    } else {
        search(old_mid, new_mid).unwrap_or_else(whole)
    };
    for hunk in &mut hunks {
        hunk.old = hunk.old.start + prefix..hunk.old.end + prefix;
        hunk.new = hunk.new.start + prefix..hunk.new.end + prefix;
    }
    hunks
}

/// How far each diagonal reaches with `d` differences: entry `i` is diagonal `2 * i - d`, as a position in `old`.
type Reach = Vec<usize>;

fn search<T: PartialEq>(old: &[T], new: &[T]) -> Option<Vec<Hunk>> {
    let mut rounds: Vec<Reach> = Vec::new();
    let mut steps = 0;
    for d in 0..=MAX_DIFFERENCES {
        let mut reach = Vec::with_capacity(d + 1);
        for i in 0..=d {
            let mut x = start(rounds.last(), d, i);
            let mut y = x + d - 2 * i;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
                steps += 1;
            }
            reach.push(x);
            if x >= old.len() && y >= new.len() {
                rounds.push(reach);
                return Some(walk_back(&rounds, old.len(), new.len()));
            }
        }
        steps += d;
        rounds.push(reach);
        if steps > MAX_STEPS {
            return None;
        }
    }
    None
}

/// Where diagonal `i` of round `d` starts: from the better of its two neighbours in the round before.
fn start(before: Option<&Reach>, d: usize, i: usize) -> usize {
    let Some(before) = before else { return 0 };
    if came_down(before, d, i) { before[i] } else { before[i - 1] + 1 }
}

/// Whether diagonal `i` of round `d` is reached by an insertion (from the diagonal above) and not by a deletion.
fn came_down(before: &Reach, d: usize, i: usize) -> bool {
    i == 0 || (i < d && before[i - 1] < before[i])
}

/// Follows the path from the end to the start and gathers what is not a match.
fn walk_back(rounds: &[Reach], old_len: usize, new_len: usize) -> Vec<Hunk> {
    let (mut x, mut y) = (old_len, new_len);
    let mut hunks: Vec<Hunk> = Vec::new();
    for d in (1..rounds.len()).rev() {
        let before = &rounds[d - 1];
        let i = (x + d - y) / 2;
        let down = came_down(before, d, i);
        let from_x = if down { before[i] } else { before[i - 1] };
        let from_y = if down { from_x + (d - 1) - 2 * i } else { from_x + (d - 1) - 2 * (i - 1) };
        let (to_x, to_y) = if down { (from_x, from_y + 1) } else { (from_x + 1, from_y) };
        match hunks.last_mut() {
            Some(hunk) if hunk.old.start == to_x && hunk.new.start == to_y => {
                (hunk.old.start, hunk.new.start) = (from_x, from_y);
            }
            _ => hunks.push(Hunk { old: from_x..to_x, new: from_y..to_y }),
        }
        (x, y) = (from_x, from_y);
    }
    hunks.reverse();
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patch<T: Clone + PartialEq>(old: &[T], new: &[T], hunks: &[Hunk]) -> Vec<T> {
        let mut out = Vec::new();
        let mut at = 0;
        for hunk in hunks {
            out.extend_from_slice(&old[at..hunk.old.start]);
            out.extend_from_slice(&new[hunk.new.clone()]);
            at = hunk.old.end;
        }
        out.extend_from_slice(&old[at..]);
        out
    }

    fn shortest(old: &[u8], new: &[u8]) -> usize {
        let mut row: Vec<usize> = (0..=new.len()).collect();
        for (i, a) in old.iter().enumerate() {
            let mut next = vec![i + 1];
            for (j, b) in new.iter().enumerate() {
                next.push(if a == b { row[j] } else { 1 + row[j + 1].min(next[j]) });
            }
            row = next;
        }
        row[new.len()]
    }

    proptest! {
        #[test]
        fn hunks_turn_old_into_new_in_the_fewest_steps(
            old in proptest::collection::vec(0u8..4, 0..24),
            new in proptest::collection::vec(0u8..4, 0..24),
        ) {
            let hunks = diff(&old, &new);
            prop_assert_eq!(patch(&old, &new, &hunks), new.clone());
            let cost: usize = hunks.iter().map(|hunk| hunk.old.len() + hunk.new.len()).sum();
            prop_assert_eq!(cost, shortest(&old, &new));
            for pair in hunks.windows(2) {
                prop_assert!(pair[0].old.end < pair[1].old.start || pair[0].new.end < pair[1].new.start);
            }
        }
    }

    #[test]
    fn a_hopeless_difference_is_coarse() {
        let old: Vec<usize> = (0..100_000).collect();
        let new: Vec<usize> = (0..100_000).rev().collect();
        assert_eq!(diff(&old, &new), [Hunk { old: 0..100_000, new: 0..100_000 }]);
    }
}
