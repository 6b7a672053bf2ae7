//! Which connection of a node is the newest: what an older one still brings must not come behind it.
//!
//! A node makes a new connection when it holds the old one for broken. Bytes of the old one may still be on their way here;
//! from the moment when the new one is taken in, they are dropped.

use crate::Lane;
use crate::transport::connection::LinkId;
use base::NodeId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tonic::Status;

/// The newest connections, by node and lane.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<(NodeId, Lane), Newest>>);

type Newest = Arc<Mutex<LinkId>>;

/// One connection's turn, which lasts until a newer one is taken in.
pub(super) struct Turn {
    newest: Newest,
    ours: LinkId,
}

impl Turns {
    /// Begins the turn of a connection. Refused if a newer one of the same process was here before.
    pub(super) fn take(&self, from: NodeId, lane: Lane, ours: LinkId) -> Result<Turn, Status> {
        let newest = self.0.lock().entry((from, lane)).or_insert_with(|| Arc::new(Mutex::new(ours))).clone();
        {
            let mut newest = newest.lock();
            if newest.boot == ours.boot && newest.number > ours.number {
                return Err(over());
            }
            *newest = ours;
        }
        Ok(Turn { newest, ours })
    }
}

impl Turn {
    /// Does something unless the turn is over; a newer connection waits until it is done.
    pub(super) fn within<T>(&self, act: impl FnOnce() -> T) -> Result<T, Status> {
        let newest = self.newest.lock();
        if *newest != self.ours {
            return Err(over());
        }
        Ok(act())
    }
}

fn over() -> Status {
    Status::aborted("a newer connection of the same node has taken over")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_connection_ends_the_turn_of_an_older_one() {
        let turns = Turns::default();
        let link = |boot, number| LinkId { boot, number };
        let first = turns.take(NodeId(1), Lane::Appends, link(7, 1)).unwrap();
        assert!(first.within(|| ()).is_ok());
        let second = turns.take(NodeId(1), Lane::Appends, link(7, 2)).unwrap();
        assert!(first.within(|| ()).is_err() && second.within(|| ()).is_ok());
        assert!(turns.take(NodeId(1), Lane::Appends, link(7, 1)).is_err());
        assert!(turns.take(NodeId(2), Lane::Appends, link(7, 1)).is_ok());
        assert!(turns.take(NodeId(1), Lane::Control, link(7, 1)).is_ok());
        let restarted = turns.take(NodeId(1), Lane::Appends, link(8, 1)).unwrap();
        assert!(second.within(|| ()).is_err() && restarted.within(|| ()).is_ok());
    }
}
