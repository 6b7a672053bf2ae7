//! The hash of a state.

use crate::raft::{Meaning, Record};
use base::Hash;
use sha2::{Digest as _, Sha256};
use std::io;
use std::time::{Duration, Instant};

/// The hash of a state, and the rules by which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::raft) struct Digest {
    /// Those of [`Meaning::rules`].
    pub(in crate::raft) rules: u32,
    pub(in crate::raft) hash: Hash,
}

impl Meaning {
    /// SHA-256 over all of it, read on the calling thread. `go_on` is asked after each record; none if it says no.
    pub fn hash(self, mut go_on: impl FnMut() -> bool) -> io::Result<Option<Hash>> {
        let mut digest = Sha256::new();
        for record in self.records {
            let Record { space, key, value } = record?;
            digest.update([space]);
            for field in [key, value] {
                digest.update((field.len() as u64).to_be_bytes());
                digest.update(&field);
            }
            if !go_on() {
                return Ok(None);
            }
        }
        Ok(Some(Hash(digest.finalize().into())))
    }
}

/// So long is worked without a pause.
const WORK: Duration = Duration::from_millis(5);
/// And then rested, in proportion to the work: it takes a quarter of a core at most.
const REST: u32 = 3;
/// The longest rest, so that whoever waits for the end does not wait for long.
const REST_MAX: Duration = Duration::from_millis(250);

/// Keeps work in the background from taking more than its share.
pub(super) struct Pace {
    since: Instant,
}

impl Pace {
    pub(super) fn begin() -> Pace {
        Pace { since: Instant::now() }
    }

    /// Rests if it is time. Blocks the thread.
    pub(super) fn rest(&mut self) {
        if let Some(rest) = rest_after(self.since.elapsed()) {
            std::thread::sleep(rest);
            self.since = Instant::now();
        }
    }
}

fn rest_after(worked: Duration) -> Option<Duration> {
    (worked >= WORK).then(|| (worked * REST).min(REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use bytes::Bytes;

    fn meaning(records: &[(u8, &'static str, &'static str)]) -> Meaning {
        let record = |&(space, key, value): &(u8, &'static str, &'static str)| {
            Ok(Record {
                space,
                key: Bytes::from_static(key.as_bytes()),
                value: Bytes::from_static(value.as_bytes()),
            })
        };
        let records: Vec<_> = records.iter().map(record).collect();
        let position = Position { term: 1, node: 1, index: 1 };
        Meaning { position, rules: 1, records: Box::new(records.into_iter()) }
    }

    #[test]
    fn a_hash_tells_where_one_field_ends() {
        let hash = |records: &[_]| meaning(records).hash(|| true).unwrap().unwrap();
        let one = hash(&[(0, "ab", "c")]);
        assert_eq!(one, hash(&[(0, "ab", "c")]));
        for other in [&[(0, "a", "bc")][..], &[(1, "ab", "c")], &[(0, "ab", ""), (0, "c", "")], &[]] {
            assert_ne!(one, hash(other), "{other:?}");
        }
    }

    #[test]
    fn hashing_ends_when_it_is_told_to() {
        let mut left = 2;
        let hashed = meaning(&[(0, "a", ""), (0, "b", ""), (0, "c", "")]).hash(|| {
            left -= 1;
            left > 0
        });
        assert_eq!((hashed.unwrap(), left), (None, 0));
    }

    #[test]
    fn three_quarters_of_the_time_are_rest() {
        assert_eq!(rest_after(WORK / 2), None);
        assert_eq!(rest_after(WORK), Some(WORK * 3));
        assert_eq!(rest_after(Duration::from_secs(9)), Some(REST_MAX));
    }
}
