//! Room for answers until they are sent: what a slow reader has asked for stays in memory until it is taken.

use crate::problem::{Kind, Problem};
use crate::respond::{Answer, Body, Outcome};
use bytes::Bytes;
use parking_lot::Mutex;
use rpc::Caller;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Shorter answers are not counted: what a connection itself takes is more.
const COUNTED_FROM: usize = 64 << 10;

/// The part of the room that one caller may take.
const SHARE_OF_A_CALLER: usize = 4;

/// How soon a client should ask again when there is no room.
const ROOM_RETRY: Duration = Duration::from_secs(1);

/// The answers of a gateway that are not sent yet, in bytes of their bodies.
#[derive(Debug)]
pub(crate) struct Outgoing {
    limit: usize,
    held: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    all: usize,
    /// Callers with an answer that is not sent.
    callers: HashMap<Caller, usize>,
}

impl Outgoing {
    /// Room for so many bytes. A single answer is let in whatever its length.
    pub fn new(limit: usize) -> Arc<Outgoing> {
        Arc::new(Outgoing { limit, held: Mutex::default() })
    }

    /// Lets an answer take room until it is sent, or its client has gone. One that `must_go` takes it whether there is any
    /// or not: what it tells of was done.
    pub fn count(self: &Arc<Self>, caller: &Caller, must_go: bool, mut answer: Answer) -> Outcome {
        let Body::Whole(whole) = answer.body_mut() else { return Ok(answer) };
        if whole.len() < COUNTED_FROM {
            return Ok(answer);
        }
        let room = self.take(caller, whole.len(), must_go).ok_or_else(no_room)?;
        *whole = Bytes::from_owner(Counted { bytes: std::mem::take(whole), _room: room });
        Ok(answer)
    }

    /// Whether so much went beyond the room that nothing is to be begun whose answer must go.
    pub fn is_over(&self, caller: &Caller) -> bool {
        let held = self.held.lock();
        let own = held.callers.get(caller).copied().unwrap_or_default();
        held.all > self.limit || own > self.limit / SHARE_OF_A_CALLER
    }

    fn take(self: &Arc<Self>, caller: &Caller, bytes: usize, must_go: bool) -> Option<Room> {
        let mut held = self.held.lock();
        let own = held.callers.get(caller).copied().unwrap_or_default();
        let fits = |held: usize, limit: usize| held == 0 || held + bytes <= limit;
        let may_go = fits(held.all, self.limit) && fits(own, self.limit / SHARE_OF_A_CALLER);
        if !may_go && !must_go {
            return None;
        }
        held.all += bytes;
        held.callers.insert(caller.clone(), own + bytes);
        Some(Room { of: self.clone(), caller: caller.clone(), bytes })
    }
}

/// Room that is taken; given back when it is dropped.
#[derive(Debug)]
struct Room {
    of: Arc<Outgoing>,
    caller: Caller,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut held = self.of.held.lock();
        held.all -= self.bytes;
        if let Some(own) = held.callers.get_mut(&self.caller) {
            *own -= self.bytes;
            if *own == 0 {
                held.callers.remove(&self.caller);
            }
        }
    }
}

/// Bytes with the room that they take. A connection keeps them, and not the body that they came from, until they are sent.
struct Counted {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// There is no room for an answer that may be long.
pub(crate) fn no_room() -> Problem {
    let detail =
        "answers that were asked for and not taken yet take the room that there is for them: read them first";
    Problem::new(Kind::NoRoomForBody, detail).retry_after(ROOM_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond;
    use base::{TenantId, UserId};
    use hyper::StatusCode;

    const SHARE: usize = COUNTED_FROM * 2;
    const LIMIT: usize = SHARE * SHARE_OF_A_CALLER;

    fn caller(user: &str) -> Caller {
        Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
    }

    fn answer(room: &Arc<Outgoing>, user: &str, must_go: bool, bytes: usize) -> Option<Bytes> {
        let answer = respond::text(StatusCode::OK, vec![b'a'; bytes]);
        let counted = room.count(&caller(user), must_go, answer);
        match counted {
            Ok(mut answer) => answer.body_mut().take_whole(),
            Err(problem) => {
                assert_eq!(problem.kind, Kind::NoRoomForBody);
                None
            }
        }
    }

    #[test]
    fn what_is_sent_makes_room() {
        let room = Outgoing::new(LIMIT);
        let first = answer(&room, "ada", false, SHARE).unwrap();
        assert!(answer(&room, "ada", false, COUNTED_FROM).is_none(), "her share is taken");
        let rest = first.slice(10..);
        drop(first);
        assert!(answer(&room, "ada", false, COUNTED_FROM).is_none(), "the connection has a part of it still");
        drop(rest);
        assert!(answer(&room, "ada", false, COUNTED_FROM).is_some());
        assert!(room.held.lock().callers.is_empty(), "nothing is kept of who has taken everything");
    }

    #[test]
    fn one_caller_leaves_room_for_others_and_all_together_have_an_end() {
        let room = Outgoing::new(LIMIT);
        let users = ["a", "b", "c", "d"];
        let held: Vec<_> = users.iter().map(|user| answer(&room, user, false, SHARE).unwrap()).collect();
        assert!(answer(&room, "e", false, COUNTED_FROM).is_none());
        drop(held);
        assert!(answer(&room, "e", false, COUNTED_FROM).is_some());
    }

    #[test]
    fn what_was_written_is_answered_and_the_next_write_waits() {
        let room = Outgoing::new(LIMIT);
        let first = answer(&room, "ada", true, SHARE).unwrap();
        assert!(!room.is_over(&caller("ada")));
        let second = answer(&room, "ada", true, SHARE).unwrap();
        assert!(room.is_over(&caller("ada")) && !room.is_over(&caller("bob")));
        drop((first, second));
        assert!(!room.is_over(&caller("ada")));
    }

    #[test]
    fn a_single_answer_goes_whatever_its_length_and_small_ones_are_free() {
        let room = Outgoing::new(0);
        let large = answer(&room, "ada", false, LIMIT).unwrap();
        assert!(answer(&room, "bob", false, COUNTED_FROM).is_none());
        assert!(answer(&room, "bob", false, COUNTED_FROM - 1).is_some());
        drop(large);
        assert!(answer(&room, "bob", false, COUNTED_FROM).is_some());
    }
}
