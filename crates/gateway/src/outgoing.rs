//! Room for answers until they are sent: what a slow reader has asked for stays in memory until it is taken.

use crate::gate::{Gate, Pass};
use crate::problem::{Kind, Problem};
use crate::respond::{Answer, Body, Outcome};
use bytes::Bytes;
use hyper::Method;
use std::time::Duration;

/// Shorter answers are not counted: what a connection itself takes is more.
const COUNTED_FROM: usize = 64 << 10;

/// How soon a client should ask again when there is no room.
const ROOM_RETRY: Duration = Duration::from_secs(1);

/// Lets an answer take room, in bytes of its body, until that is sent or its client has gone. A read is refused where there is
/// none. What was written is answered all the same: it was done.
pub(crate) fn counted(room: &Gate, method: &Method, mut answer: Answer) -> Outcome {
    let Body::Whole(whole) = answer.body_mut() else { return Ok(answer) };
    if whole.len() < COUNTED_FROM {
        return Ok(answer);
    }
    let mut held = room.pass();
    if !method.is_safe() {
        held.grow_beyond(whole.len());
    } else if !held.grow(whole.len()) {
        return Err(no_room());
    }
    *whole = Bytes::from_owner(Counted { bytes: std::mem::take(whole), _held: held });
    Ok(answer)
}

/// Bytes with the room that they take. A connection keeps them, and not the body that they came from, until they are sent.
struct Counted {
    bytes: Bytes,
    _held: Pass,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn no_room() -> Problem {
    let detail = "the answers that other clients have not taken yet take the room that there is for them";
    Problem::new(Kind::NoRoomForBody, detail).retry_after(ROOM_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond;
    use hyper::StatusCode;

    fn answer(bytes: usize) -> Answer {
        respond::text(StatusCode::OK, vec![b'a'; bytes])
    }

    fn sent(mut answer: Answer) -> Bytes {
        answer.body_mut().take_whole().unwrap()
    }

    #[test]
    fn what_is_sent_makes_room() {
        let room = Gate::new(COUNTED_FROM);
        let first = counted(&room, &Method::GET, answer(COUNTED_FROM)).unwrap();
        let refused = counted(&room, &Method::GET, answer(COUNTED_FROM)).unwrap_err();
        assert_eq!(refused.kind, Kind::NoRoomForBody);
        let bytes = sent(first);
        assert_eq!((bytes.len(), room.taken()), (COUNTED_FROM, COUNTED_FROM), "the connection has it still");
        let rest = bytes.slice(10..);
        drop(bytes);
        assert_eq!(room.taken(), COUNTED_FROM, "and a part of it");
        drop(rest);
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn what_was_written_is_answered_and_small_answers_are_free() {
        let room = Gate::new(0);
        let written = counted(&room, &Method::PUT, answer(COUNTED_FROM)).unwrap();
        assert_eq!(room.taken(), COUNTED_FROM);
        drop(written);
        assert_eq!(room.taken(), 0);
        assert!(counted(&room, &Method::GET, answer(COUNTED_FROM - 1)).is_ok());
    }
}
