//! What waits to be sent on a channel. Lines take turns, a frame each, so that a long message holds up nobody.
//!
//! Whoever puts in is bounded by what it was asked: a line has one answer, and a session as many messages as it has credit
//! for. Those of many sessions are made one after the other as there is room, and long answers hold a permit until they
//! are sent.

use super::message::{FRAME_BODY_BYTES, Frame, Frames, Kind, MESSAGE_BYTES_MAX, fits};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A message of the stream takes frames until it has this many bytes.
const BATCH_BYTES: usize = 128 << 10;
/// What a frame counts beyond its body.
const FRAME_OVERHEAD_BYTES: usize = 16;
/// While more than this waits, sessions are not asked for messages, and no answer is made that can wait.
const FULL_BYTES: usize = 4 << 20;
/// While more messages wait than this, the gateway is not read: one that reads leaves no more than the answers to what it
/// has in hand, and what each session has credit for.
const MESSAGES_MAX: usize = 65_536;
/// Long messages that are begun have no more bytes than this together, as the other end has to keep them: far less than
/// what it takes, and more than the longest.
const BEGUN_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;

/// The sending side of a channel.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// Something is to be sent.
    wake: Notify,
    /// Something was sent.
    sent: Notify,
}

#[derive(Default)]
struct State {
    lines: HashMap<u64, VecDeque<Waiting>>,
    /// What all of them hold.
    bytes: usize,
    messages: usize,
    /// Lines with something to send, each once.
    turns: VecDeque<u64>,
    /// Lines whose next message is long, and has to wait until others are complete. One that is begun has a turn then.
    held: VecDeque<u64>,
    /// The lengths of long messages that are begun.
    begun: usize,
    /// Lines whose bell rang, each once (the bell sees to that).
    rung: VecDeque<u64>,
    closed: bool,
}

struct Waiting {
    kind: Kind,
    body: Bytes,
    /// Its length, if it is long and begun; or 0.
    begun: usize,
    /// Given back when the message has been sent.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Outbox {
    /// Puts a message that fits at the end of its line.
    pub(super) fn push(&self, line: u64, kind: Kind, body: Bytes) {
        self.put(line, Waiting { kind, body, begun: 0, _permit: None });
    }

    /// The same with a permit that is held until the message is sent.
    pub(super) fn push_held(&self, line: u64, kind: Kind, body: Bytes, permit: OwnedSemaphorePermit) {
        self.put(line, Waiting { kind, body, begun: 0, _permit: Some(permit) });
    }

    fn put(&self, line: u64, message: Waiting) {
        debug_assert!(fits(&message.body).is_ok(), "whoever makes a message sees to its length");
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        state.bytes += message.body.len();
        state.messages += 1;
        let waiting = state.lines.entry(line).or_default();
        waiting.push_back(message);
        if waiting.len() == 1 {
            state.turns.push_back(line);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().lines.is_empty()
    }

    /// How many messages of a line wait.
    pub(super) fn waiting(&self, line: u64) -> usize {
        self.state.lock().lines.get(&line).map_or(0, VecDeque::len)
    }

    /// Notes that a session may have something to send.
    pub(super) fn ring(&self, line: u64) {
        self.state.lock().rung.push_back(line);
        self.wake.notify_one();
    }

    /// Drops what waits, and takes nothing more.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        *state = State { closed: true, ..State::default() };
        drop(state);
        self.wake.notify_one();
        self.sent.notify_one();
    }

    /// Waits while too many messages wait. For one task: the one that reads.
    pub(super) async fn room(&self) {
        while self.state.lock().messages > MESSAGES_MAX {
            self.sent.notified().await;
        }
    }

    /// Whether so much waits that what can wait should.
    pub(super) fn is_full(&self) -> bool {
        self.state.lock().bytes >= FULL_BYTES
    }

    /// A line whose bell has rung, if there is room for what it may have.
    pub(super) fn rung(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.bytes >= FULL_BYTES { None } else { state.rung.pop_front() }
    }

    /// Waits until something is to be sent, or a bell has rung. `None` when it is closed.
    pub(super) async fn ready(&self) -> Option<()> {
        loop {
            {
                let state = self.state.lock();
                if state.closed {
                    return None;
                }
                if !state.rung.is_empty() || !state.turns.is_empty() {
                    return Some(());
                }
            }
            self.wake.notified().await;
        }
    }

    /// What is to be sent next, if anything is.
    pub(super) fn batch(&self) -> Option<Frames> {
        let mut state = self.state.lock();
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && let Some(line) = state.turns.pop_front()
        {
            if let Some(frame) = state.cut(line) {
                bytes += frame.body.len() + FRAME_OVERHEAD_BYTES;
                frames.push(frame);
            }
        }
        drop(state);
        self.sent.notify_one();
        (!frames.is_empty()).then_some(Frames { frames })
    }
}

impl State {
    /// The next frame of a line that has one; it goes behind the others if there is more. `None` if the line is held.
    fn cut(&mut self, line: u64) -> Option<Frame> {
        let waiting = self.lines.get_mut(&line).expect("a line has its turn while something waits");
        let Waiting { kind, body, begun, .. } =
            waiting.front_mut().expect("a line has its turn while something waits");
        if *begun == 0 && body.len() > FRAME_BODY_BYTES {
            if !self.held.is_empty() || self.begun + body.len() > BEGUN_BYTES_MAX {
                self.held.push_back(line);
                return None;
            }
            *begun = body.len();
            self.begun += *begun;
        }
        let (kind, begun) = (*kind, *begun);
        let part = body.split_to(body.len().min(FRAME_BODY_BYTES));
        let more = !body.is_empty();
        self.bytes -= part.len();
        if !more {
            waiting.pop_front();
            self.messages -= 1;
        }
        if !more && begun > 0 {
            self.begun -= begun;
            // Before those that came later.
            while let Some(held) = self.held.pop_back() {
                self.turns.push_front(held);
            }
        }
        if waiting.is_empty() {
            self.lines.remove(&line);
        } else {
            self.turns.push_back(line);
        }
        Some(Frame { line, kind: kind.into(), body: part, more })
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Assembler;
    use super::*;

    #[test]
    fn a_long_message_does_not_hold_up_short_ones() {
        let outbox = Outbox::default();
        let long = Bytes::from(vec![1; 10 << 20]);
        outbox.push(1, Kind::Answer, long.clone());
        outbox.batch().unwrap();
        for line in 2..10 {
            outbox.push(line, Kind::Answer, Bytes::from_static(b"short"));
        }
        let mut frames = Vec::new();
        let mut assembler = Assembler::default();
        let mut complete = Vec::new();
        while let Some(batch) = outbox.batch() {
            for frame in batch.frames {
                frames.push(frame.line);
                complete.extend(assembler.add(frame).unwrap().map(|(line, _, body)| (line, body.len())));
            }
        }
        // The first two frames of the long one went before; then it has one turn in each round.
        let before_last_short = frames.iter().rposition(|line| *line == 9).unwrap();
        assert!(frames[..before_last_short].iter().filter(|line| **line == 1).count() <= 1, "{frames:?}");
        assert_eq!(complete.len(), 9);
        assert_eq!(frames.iter().filter(|line| **line == 1).count(), 158);
    }

    /// The other end keeps what is begun: it is never so much that it would refuse it.
    #[test]
    fn long_messages_wait_for_others_to_be_complete() {
        let outbox = Outbox::default();
        let long = Bytes::from(vec![1; MESSAGE_BYTES_MAX - 1]);
        for line in 0..20 {
            outbox.push(line, Kind::Answer, long.clone());
        }
        outbox.push(20, Kind::Answer, Bytes::from_static(b"short"));
        let (mut begun, mut complete) = (std::collections::HashSet::new(), Vec::new());
        while let Some(batch) = outbox.batch() {
            for frame in batch.frames {
                begun.insert(frame.line);
                if !frame.more {
                    begun.remove(&frame.line);
                    complete.push(frame.line);
                }
            }
            assert!(begun.len() <= 2, "{begun:?}");
        }
        let order: Vec<u64> = std::iter::once(20).chain(0..20).collect();
        assert_eq!(complete, order);
        assert!(outbox.is_empty());
    }

    #[test]
    fn bells_wait_while_much_waits_to_be_sent() {
        let outbox = Outbox::default();
        outbox.ring(5);
        outbox.push(1, Kind::Message, vec![0; FULL_BYTES].into());
        assert!(outbox.is_full() && outbox.rung().is_none());
        outbox.batch().unwrap();
        assert_eq!((outbox.is_full(), outbox.rung(), outbox.rung()), (false, Some(5), None));
    }

    /// Whoever asks and does not read what it is told is not read either.
    #[tokio::test]
    async fn there_is_room_for_so_many_messages() {
        let outbox = Outbox::default();
        (0..=MESSAGES_MAX as u64).for_each(|line| outbox.push(line, Kind::Answer, Bytes::new()));
        let room = outbox.room();
        tokio::pin!(room);
        assert!(futures::poll!(&mut room).is_pending());
        outbox.batch().unwrap();
        assert!(futures::poll!(&mut room).is_ready());
    }

    #[test]
    fn messages_of_a_line_keep_their_order() {
        let outbox = Outbox::default();
        let bodies: Vec<Bytes> =
            [3 << 16, 0, 1, 70_000].map(|length| Bytes::from(vec![length as u8; length])).to_vec();
        for body in &bodies {
            outbox.push(7, Kind::Say, body.clone());
        }
        assert_eq!(outbox.waiting(7), 4);
        let mut assembler = Assembler::default();
        let mut came = Vec::new();
        while let Some(batch) = outbox.batch() {
            for frame in batch.frames {
                came.extend(assembler.add(frame).unwrap().map(|(_, _, body)| body));
            }
        }
        assert_eq!(came, bodies);
        outbox.close();
        outbox.push(7, Kind::Say, Bytes::new());
        assert!(outbox.batch().is_none());
    }

    #[test]
    fn an_endless_message_is_refused() {
        let mut assembler = Assembler::default();
        let frame = Frame { line: 1, kind: Kind::Ask.into(), body: vec![0; 1 << 20].into(), more: true };
        let refused = (0..100).any(|_| assembler.add(frame.clone()).is_err());
        assert!(refused);
    }
}
