//! All sessions of a gateway, looked at when others lead.

use crate::reach::map::Map;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Weak;

/// A session that can move.
pub(super) trait Moves: Send + Sync {
    /// Leaves a node that another one has replaced. Such a node may be silent for long: frozen, or cut off.
    fn look(&self, map: &Map);
}

/// All of them.
#[derive(Default)]
pub(in crate::reach) struct Sessions {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    seats: HashMap<u64, Weak<dyn Moves>>,
}

impl Sessions {
    /// Adds one; gives its number.
    pub(super) fn enter(&self, seat: Weak<dyn Moves>) -> u64 {
        let mut open = self.open.lock();
        open.last += 1;
        let number = open.last;
        open.seats.insert(number, seat);
        number
    }

    pub(super) fn leave(&self, number: u64) {
        let mut open = self.open.lock();
        open.seats.remove(&number);
        if open.seats.capacity() > 4 * open.seats.len().max(16) {
            open.seats.shrink_to_fit();
        }
    }

    /// Shows everyone the map.
    pub fn look(&self, map: &Map) {
        // Without the lock: whoever moves may be gone a moment later, and leaves.
        let seats: Vec<_> = self.open.lock().seats.values().cloned().collect();
        for seat in seats.iter().filter_map(Weak::upgrade) {
            seat.look(map);
        }
    }
}
