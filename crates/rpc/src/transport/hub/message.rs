//! What travels between a gateway and a node: the messages of `proto/shards.proto`.

use bytes::{Bytes, BytesMut};
use prost::Message;
use std::collections::HashMap;

/// The longest body of a frame: what is longer goes in several, and others go in between.
pub(super) const FRAME_BODY_BYTES: usize = 64 << 10;
/// The longest message of a line, put together.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// All messages of a channel that are not complete yet.
const PARTIAL_BYTES_MAX: usize = 512 << 20;

/// Frames of any lines; those of one line are in order.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Frames {
    #[prost(message, repeated, tag = "1")]
    pub frames: Vec<Frame>,
}

/// A message of a line, or a part of one.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Frame {
    /// Which conversation. Chosen by the gateway, once for each channel; 0 is the channel itself.
    #[prost(uint64, tag = "1")]
    pub line: u64,
    #[prost(enumeration = "Kind", tag = "2")]
    pub kind: i32,
    #[prost(bytes = "bytes", tag = "3")]
    pub body: Bytes,
    /// The message goes on in the next frame of the line.
    #[prost(bool, tag = "4")]
    pub more: bool,
}

/// What a message of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Kind {
    /// Of a newer release; skipped.
    Unknown = 0,
    /// Gateway: a request.
    Ask = 1,
    /// Node: its answer, the end of the line.
    Answer = 2,
    /// Gateway: begins a session of the sync protocol.
    Join = 3,
    /// Gateway: begins a session for a thin client.
    Follow = 4,
    /// Node: whether the session has begun.
    Begun = 5,
    /// Gateway: a sync message of the session's peer.
    Receive = 6,
    /// Node: that message was taken in, or refused. In the order of the messages.
    Received = 7,
    /// Gateway: what the session says to the others.
    Say = 8,
    /// Node: something to send to the session's peer.
    Message = 9,
    /// Gateway: there is room for one more.
    Want = 10,
    /// Gateway: nobody listens on this line any more.
    Leave = 11,
    /// Node: a ticket was taken back.
    Revoked = 12,
}

/// The answer to the question how the shards are: a form of `Health`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HealthAnswer {
    #[prost(bytes = "bytes", tag = "1")]
    pub health: Bytes,
}

/// The question.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct HealthAsk {}

/// A message that no line takes. It concerns its line alone: nothing of it is sent.
#[derive(Debug, thiserror::Error)]
#[error("a message of {0} bytes is above the limit of {MESSAGE_BYTES_MAX}")]
pub(super) struct TooLong(pub usize);

/// Whether a line takes a message. To be asked of all that may be long, before it goes into the outbox.
pub(super) fn fits(body: &Bytes) -> Result<(), TooLong> {
    if body.len() > MESSAGE_BYTES_MAX { Err(TooLong(body.len())) } else { Ok(()) }
}

/// Puts messages together.
#[derive(Default)]
pub(crate) struct Assembler {
    partial: HashMap<u64, BytesMut>,
    bytes: usize,
}

/// A peer sends more than it may.
#[derive(Debug, thiserror::Error)]
#[error("a peer sent more than {0} bytes of unfinished messages")]
pub(crate) struct TooMuch(usize);

impl Assembler {
    /// Takes a frame; gives the message that it completes.
    pub(crate) fn add(&mut self, frame: Frame) -> Result<Option<(u64, Kind, Bytes)>, TooMuch> {
        let kind = Kind::try_from(frame.kind).unwrap_or(Kind::Unknown);
        let body = match self.partial.remove(&frame.line) {
            None if !frame.more => frame.body,
            partial => {
                let mut partial = partial.unwrap_or_default();
                self.bytes += frame.body.len();
                if partial.len() + frame.body.len() > MESSAGE_BYTES_MAX {
                    return Err(TooMuch(MESSAGE_BYTES_MAX));
                }
                if self.bytes > PARTIAL_BYTES_MAX {
                    return Err(TooMuch(PARTIAL_BYTES_MAX));
                }
                partial.extend_from_slice(&frame.body);
                if frame.more {
                    self.partial.insert(frame.line, partial);
                    return Ok(None);
                }
                self.bytes -= partial.len();
                partial.freeze()
            }
        };
        Ok(Some((frame.line, kind, body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not complete is bounded over all lines, too.
    #[test]
    fn a_channel_holds_so_much_of_what_is_not_complete() {
        let frame = |line, more| Frame { line, kind: Kind::Ask.into(), body: vec![0; 1_000].into(), more };
        // As if other lines had brought all but two thousand.
        let mut assembler = Assembler { bytes: PARTIAL_BYTES_MAX - 2_000, ..Assembler::default() };
        assert!(assembler.add(frame(1, true)).unwrap().is_none());
        assert!(assembler.add(frame(2, true)).unwrap().is_none());
        let TooMuch(most) = assembler.add(frame(3, true)).unwrap_err();
        assert_eq!(most, PARTIAL_BYTES_MAX);
    }

    #[test]
    fn a_message_that_is_complete_counts_no_more() {
        let frame = |more| Frame { line: 1, kind: Kind::Ask.into(), body: vec![0; 1_000].into(), more };
        let mut assembler = Assembler::default();
        assembler.add(frame(true)).unwrap();
        let (_, _, body) = assembler.add(frame(false)).unwrap().unwrap();
        assert_eq!((body.len(), assembler.bytes), (2_000, 0));
    }
}
