//! Bytes as they come, to messages. Pure.
//!
//! Between messages an inbox holds no memory, so that an idle socket has no buffer. While a message arrives it holds
//! what has come of it, at most twice; what a head merely announces is not reserved.

use super::frame::{FrameError, Head, Opcode, unmask};
use bytes::{Buf, Bytes, BytesMut};

/// Room that is made for a read when nothing is known of what comes.
pub(super) const READ_BYTES: usize = 4 << 10;

/// A payload up to this is copied out of what was read, so that it does not keep what arrived beside it.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// Something whole that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// Bytes that are UTF-8.
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// The client ends; with a code, if it says one.
    Close(Option<u16>),
}

/// What has come and is not a message yet.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The longest message.
    pub limit: usize,
    buffer: BytesMut,
    /// The head of the frame whose payload is arriving.
    head: Option<Head>,
    partial: Option<Partial>,
}

/// The beginning of a message in fragments.
#[derive(Debug)]
struct Partial {
    text: bool,
    bytes: BytesMut,
}

impl Inbox {
    /// Takes messages up to `limit` bytes.
    pub fn new(limit: usize) -> Inbox {
        Inbox { limit, buffer: BytesMut::new(), head: None, partial: None }
    }

    /// Whether nothing has come that is not a message yet.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.head.is_none()
    }

    /// Takes in what was read elsewhere. It takes as much memory as it is long.
    pub fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where to read to. Grows with what has come.
    pub fn room(&mut self) -> &mut BytesMut {
        let missing = self.head.map_or(0, |head| head.length as usize).saturating_sub(self.buffer.len());
        let room = missing.min(self.buffer.len()).max(READ_BYTES);
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// Bytes that it holds.
    pub fn weight(&self) -> usize {
        self.buffer.capacity() + self.partial.as_ref().map_or(0, |partial| partial.bytes.capacity())
    }

    /// The next message, if it is whole.
    pub fn next(&mut self) -> Result<Option<Event>, FrameError> {
        while let Some(head) = self.next_head()? {
            if (self.buffer.len() as u64) < head.length {
                return Ok(None);
            }
            self.head = None;
            let payload = self.payload(&head);
            if let Some(event) = self.frame(head, payload)? {
                return Ok(Some(event));
            }
        }
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Ok(None)
    }

    /// The head of the frame at hand.
    fn next_head(&mut self) -> Result<Option<Head>, FrameError> {
        if self.head.is_none() {
            let Some((head, size)) = Head::parse(&self.buffer)? else { return Ok(None) };
            let before = self.partial.as_ref().map_or(0, |partial| partial.bytes.len() as u64);
            if !head.opcode.is_control() && head.length.saturating_add(before) > self.limit as u64 {
                return Err(FrameError::TooLong { limit: self.limit });
            }
            self.buffer.advance(size);
            self.head = Some(head);
        }
        Ok(self.head)
    }

    /// The payload of a frame that is whole.
    fn payload(&mut self, head: &Head) -> Bytes {
        let length = head.length as usize;
        unmask(&mut self.buffer[..length], head.mask);
        let alone = self.buffer.capacity() == length;
        if alone || length > COPIED_BYTES_MAX {
            return self.buffer.split_to(length).freeze();
        }
        let copy = Bytes::copy_from_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        copy
    }

    fn frame(&mut self, head: Head, payload: Bytes) -> Result<Option<Event>, FrameError> {
        match (head.opcode, self.partial.take()) {
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => Err(FrameError::Order),
            (Opcode::Text, None) if head.last => text(payload).map(Some),
            (Opcode::Binary, None) if head.last => Ok(Some(Event::Binary(payload))),
            (Opcode::Text | Opcode::Binary, None) => {
                self.partial = Some(Partial { text: head.opcode == Opcode::Text, bytes: payload.into() });
                Ok(None)
            }
            (Opcode::Continuation, Some(mut partial)) => {
                partial.bytes.extend_from_slice(&payload);
                if !head.last {
                    self.partial = Some(partial);
                    return Ok(None);
                }
                let whole = partial.bytes.freeze();
                if partial.text { text(whole).map(Some) } else { Ok(Some(Event::Binary(whole))) }
            }
            (control, partial) => {
                self.partial = partial;
                Ok(Some(match control {
                    Opcode::Ping => Event::Ping(payload),
                    Opcode::Pong => Event::Pong,
                    _ => Event::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
                }))
            }
        }
    }
}

fn text(payload: Bytes) -> Result<Event, FrameError> {
    std::str::from_utf8(&payload).map_err(|_| FrameError::NotUtf8)?;
    Ok(Event::Text(payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::frame::write_head;
    use proptest::prelude::*;

    const LIMIT: usize = 100_000;

    /// A frame as a client sends it.
    fn frame(opcode: Opcode, last: bool, payload: &[u8]) -> Vec<u8> {
        let (mut head, size) = write_head(opcode, payload.len());
        if !last {
            head[0] &= 0x7f;
        }
        head[1] |= 0x80;
        let mask = [7, 0, 255, 3];
        let mut masked = payload.to_vec();
        unmask(&mut masked, mask);
        [&head[..size], &mask, &masked].concat()
    }

    /// What an inbox makes of bytes that come in pieces of this size.
    fn read(bytes: &[u8], piece: usize) -> Result<Vec<Event>, FrameError> {
        let (mut inbox, mut events) = (Inbox::new(LIMIT), Vec::new());
        for piece in bytes.chunks(piece) {
            inbox.room().extend_from_slice(piece);
            while let Some(event) = inbox.next()? {
                events.push(event);
            }
        }
        assert_eq!((inbox.weight(), inbox.head), (0, None), "an idle inbox holds nothing");
        Ok(events)
    }

    #[test]
    fn fragments_become_one_message_and_control_frames_stand_between() {
        let bytes = [
            frame(Opcode::Text, false, b"ab"),
            frame(Opcode::Ping, true, b"!"),
            frame(Opcode::Continuation, false, b""),
            frame(Opcode::Continuation, true, b"c"),
            frame(Opcode::Close, true, &[0x03, 0xe8, b'x']),
        ]
        .concat();
        let expected = vec![
            Event::Ping(b"!".as_slice().into()),
            Event::Text(b"abc".as_slice().into()),
            Event::Close(Some(1000)),
        ];
        assert_eq!(read(&bytes, 1), Ok(expected));
    }

    #[test]
    fn messages_out_of_order_are_refused() {
        assert_eq!(read(&frame(Opcode::Continuation, true, b"x"), 9), Err(FrameError::Order));
        let twice = [frame(Opcode::Binary, false, b"x"), frame(Opcode::Binary, true, b"y")].concat();
        assert_eq!(read(&twice, 99), Err(FrameError::Order));
        assert_eq!(read(&frame(Opcode::Text, true, &[0xff]), 9), Err(FrameError::NotUtf8));
    }

    #[test]
    fn a_message_beyond_the_limit_is_refused_at_its_head() {
        let too_long = FrameError::TooLong { limit: LIMIT };
        let (mut head, size) = write_head(Opcode::Binary, LIMIT + 1);
        head[1] |= 0x80;
        assert_eq!(read(&[&head[..size], &[0; 4]].concat(), 99), Err(too_long));
        let parts =
            [frame(Opcode::Binary, false, &[0; 60_000]), frame(Opcode::Continuation, true, &[0; 60_000])];
        assert_eq!(read(&parts.concat(), 4_096), Err(too_long));
    }

    #[test]
    fn what_a_head_announces_is_not_reserved() {
        let mut inbox = Inbox::new(1 << 30);
        inbox.room().extend_from_slice(&frame(Opcode::Binary, true, &[0; 1 << 16])[..100]);
        assert_eq!(inbox.next(), Ok(None));
        inbox.room();
        assert!(inbox.weight() < 3 * READ_BYTES);
    }

    proptest! {
        #[test]
        fn messages_come_back_in_any_pieces(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9_000), 1..5),
            piece in 1..10_000usize,
        ) {
            let bytes: Vec<u8> = payloads.iter().flat_map(|payload| frame(Opcode::Binary, true, payload)).collect();
            let expected = payloads.into_iter().map(|payload| Event::Binary(payload.into())).collect();
            prop_assert_eq!(read(&bytes, piece), Ok(expected));
        }

        #[test]
        fn any_bytes_are_messages_or_an_error(bytes: Vec<u8>) {
            let mut inbox = Inbox::new(64);
            inbox.room().extend_from_slice(&bytes);
            while let Ok(Some(_)) = inbox.next() {}
        }
    }
}
