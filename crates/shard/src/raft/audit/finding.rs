//! What an audit has found: pure.

use super::Digest;
use base::Hash;
use std::collections::{BTreeMap, BTreeSet};

/// What an audit has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nobody differs of those who were compared.
    Equal {
        /// Who they are.
        compared: BTreeSet<u64>,
    },
    /// Some differ from a strict majority of the voters. They are taken out.
    Odd {
        /// The hash of the majority.
        expected: Hash,
        /// The others, and theirs.
        odd: BTreeMap<u64, Hash>,
    },
    /// There is a difference, and no majority that could say who is right. Nobody is taken out.
    Undecided {
        /// All hashes.
        hashes: BTreeMap<u64, Hash>,
    },
}

/// What a finding says of those who are taken out, and by which rules.
pub(super) fn find(voters: &[BTreeSet<u64>], digests: &BTreeMap<u64, Digest>) -> (Finding, Option<Digest>) {
    if !differ(digests) {
        return (Finding::Equal { compared: digests.keys().copied().collect() }, None);
    }
    let undecided = || {
        let hashes = digests.iter().map(|(&node, digest)| (node, digest.hash)).collect();
        (Finding::Undecided { hashes }, None)
    };
    let Some(expected) = of_majority(voters, digests) else { return undecided() };
    let differs = |digest: &Digest| digest.rules == expected.rules && digest.hash != expected.hash;
    let odd = digests.iter().filter(|(_, digest)| differs(digest));
    let odd: BTreeMap<_, _> = odd.map(|(&node, digest)| (node, digest.hash)).collect();
    if odd.is_empty() {
        return undecided();
    }
    (Finding::Odd { expected: expected.hash, odd }, Some(expected))
}

/// Whether two were made by the same rules and are not equal.
fn differ(digests: &BTreeMap<u64, Digest>) -> bool {
    let mut by_rules = BTreeMap::new();
    digests.values().any(|digest| *by_rules.entry(digest.rules).or_insert(digest.hash) != digest.hash)
}

/// The digest of a strict majority in every set of voters: those who made it are a quorum without the others.
fn of_majority(voters: &[BTreeSet<u64>], digests: &BTreeMap<u64, Digest>) -> Option<Digest> {
    let made = |set: &BTreeSet<u64>, digest: &Digest| {
        set.iter().filter(|voter| digests.get(voter) == Some(digest)).count()
    };
    let mut all = digests.values();
    all.find(|digest| !voters.is_empty() && voters.iter().all(|set| 2 * made(set, digest) > set.len()))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(nodes: &[u64]) -> BTreeSet<u64> {
        nodes.iter().copied().collect()
    }

    fn hash(byte: u8) -> Hash {
        Hash([byte; 32])
    }

    /// By the nodes' numbers: a hash, made by rules.
    fn digests(made: &[(u64, u8, u32)]) -> BTreeMap<u64, Digest> {
        made.iter().map(|&(node, byte, rules)| (node, Digest { rules, hash: hash(byte) })).collect()
    }

    fn odd(expected: u8, nodes: &[(u64, u8)]) -> Finding {
        let odd = nodes.iter().map(|&(node, byte)| (node, hash(byte))).collect();
        Finding::Odd { expected: hash(expected), odd }
    }

    fn check(voters: &[&[u64]], made: &[(u64, u8, u32)], expected: Option<Finding>) {
        let voters: Vec<_> = voters.iter().map(|nodes| set(nodes)).collect();
        let digests = digests(made);
        let hashes = digests.iter().map(|(&node, digest)| (node, digest.hash)).collect();
        let expected = expected.unwrap_or(Finding::Undecided { hashes });
        assert_eq!(find(&voters, &digests).0, expected, "{voters:?} {made:?}");
    }

    fn equal(nodes: &[u64]) -> Option<Finding> {
        Some(Finding::Equal { compared: set(nodes) })
    }

    #[test]
    fn who_agrees_stays() {
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 7, 1), (3, 7, 1)], equal(&[1, 2, 3]));
        check(&[&[1, 2, 3]], &[(1, 7, 1)], equal(&[1]));
        check(&[&[1, 2, 3]], &[], equal(&[]));
    }

    #[test]
    fn who_differs_from_a_majority_goes() {
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 8, 1), (3, 7, 1)], Some(odd(7, &[(2, 8)])));
        check(&[&[1, 2, 3]], &[(1, 8, 1), (2, 7, 1), (3, 7, 1)], Some(odd(7, &[(1, 8)])));
        let five = [(1, 7, 1), (2, 8, 1), (3, 7, 1), (4, 9, 1), (5, 7, 1)];
        check(&[&[1, 2, 3, 4, 5]], &five, Some(odd(7, &[(2, 8), (4, 9)])));
        check(&[&[1, 2]], &[(1, 7, 1), (2, 7, 1), (9, 8, 1)], Some(odd(7, &[(9, 8)])));
    }

    #[test]
    fn without_a_majority_of_all_voters_nobody_goes() {
        check(&[&[1, 2]], &[(1, 7, 1), (2, 8, 1)], None);
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 8, 1), (3, 9, 1)], None);
        // The third has not answered: who knows which of the two it holds.
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 8, 1)], None);
        check(&[&[1, 2, 3, 4, 5]], &[(1, 7, 1), (2, 7, 1), (3, 8, 1)], None);
        // Learners are no majority.
        check(&[&[1, 2]], &[(1, 7, 1), (2, 8, 1), (8, 7, 1), (9, 7, 1)], None);
        check(&[], &[(1, 7, 1), (2, 8, 1)], None);
    }

    #[test]
    fn while_voters_change_a_majority_of_both_sets_is_needed() {
        let made = [(1, 7, 1), (2, 8, 1), (3, 8, 1), (4, 7, 1), (5, 7, 1)];
        check(&[&[1, 2, 3], &[1, 4, 5]], &made, None);
        let made = [(1, 7, 1), (2, 8, 1), (3, 7, 1), (4, 7, 1)];
        check(&[&[1, 2, 3], &[1, 3, 4]], &made, Some(odd(7, &[(2, 8)])));
    }

    #[test]
    fn what_other_rules_made_is_not_compared() {
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 8, 2), (3, 8, 2)], equal(&[1, 2, 3]));
        check(&[&[1, 2, 3]], &[(1, 7, 1), (2, 7, 1), (3, 8, 2)], equal(&[1, 2, 3]));
        check(&[&[1, 2, 3, 4]], &[(1, 7, 1), (2, 7, 1), (3, 8, 2), (4, 9, 2)], None);
        let made = [(1, 7, 1), (2, 7, 1), (3, 7, 1), (4, 8, 2), (5, 9, 2)];
        check(&[&[1, 2, 3, 4, 5]], &made, None);
    }
}
