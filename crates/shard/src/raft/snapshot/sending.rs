//! Which snapshots are on their way to whom: their receivers will need the log from there on.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Group and receiver, and the last entry in the snapshot that travels.
type Travelling = BTreeMap<(u32, u64), u64>;

/// The snapshots that this node is sending.
#[derive(Clone, Default)]
pub(in crate::raft) struct Sending(Arc<Mutex<Travelling>>);

/// A snapshot that travels as long as this lives.
pub(in crate::raft) struct Travel {
    sending: Sending,
    to: (u32, u64),
}

impl Sending {
    /// Notes that a snapshot up to `index` travels. A group sends one at a time to a node.
    pub(super) fn begin(&self, group: u32, to: u64, index: u64) -> Travel {
        self.0.lock().insert((group, to), index);
        Travel { sending: self.clone(), to: (group, to) }
    }

    /// The last entry that is in all travelling snapshots of a group: what comes after it must stay in the log.
    pub(in crate::raft) fn oldest(&self, group: u32) -> Option<u64> {
        self.0.lock().range((group, 0)..=(group, u64::MAX)).map(|(_, &index)| index).min()
    }
}

impl Drop for Travel {
    fn drop(&mut self) {
        self.sending.0.lock().remove(&self.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_travels_counts() {
        let sending = Sending::default();
        assert_eq!(sending.oldest(1), None);
        let (first, other) = (sending.begin(1, 7, 500), sending.begin(2, 7, 5));
        let second = sending.begin(1, 8, 300);
        assert_eq!(sending.oldest(1), Some(300));
        drop(second);
        assert_eq!(sending.oldest(1), Some(500));
        drop((first, other));
        assert_eq!((sending.oldest(1), sending.oldest(2)), (None, None));
    }
}
