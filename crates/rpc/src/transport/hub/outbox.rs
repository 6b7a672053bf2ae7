//! What waits to be sent on a channel. Lines take turns, a frame each, so that a long message holds up nobody.
//!
//! There is no bound here: whoever puts in is bounded by what it was asked. A line has one answer; a session has as many
//! messages as it has credit for; requests that are being answered are counted.

use super::message::{FRAME_BODY_BYTES, Frame, Frames, Kind};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use tokio::sync::Notify;

/// A message of the stream takes frames until it has this many bytes.
const BATCH_BYTES: usize = 128 << 10;
/// What a frame counts beyond its body.
const FRAME_OVERHEAD_BYTES: usize = 16;

/// The sending side of a channel.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    lines: HashMap<u64, VecDeque<(Kind, Bytes)>>,
    /// Lines with something to send, each once.
    turns: VecDeque<u64>,
    /// Lines whose bell rang, each once (the bell sees to that).
    rung: Vec<u64>,
    closed: bool,
}

impl Outbox {
    /// Puts a message at the end of its line.
    pub(super) fn push(&self, line: u64, kind: Kind, body: Bytes) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let waiting = state.lines.entry(line).or_default();
        waiting.push_back((kind, body));
        if waiting.len() == 1 {
            state.turns.push_back(line);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// How many messages of a line wait.
    pub(super) fn waiting(&self, line: u64) -> usize {
        self.state.lock().lines.get(&line).map_or(0, VecDeque::len)
    }

    /// Notes that a session may have something to send.
    pub(super) fn ring(&self, line: u64) {
        self.state.lock().rung.push(line);
        self.wake.notify_one();
    }

    /// Drops what waits, and takes nothing more.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        *state = State { closed: true, ..State::default() };
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until something is to be sent, or a bell has rung: the lines whose bells have. `None` when it is closed.
    pub(super) async fn ready(&self) -> Option<Vec<u64>> {
        loop {
            {
                let mut state = self.state.lock();
                if state.closed {
                    return None;
                }
                if !state.rung.is_empty() || !state.turns.is_empty() {
                    return Some(std::mem::take(&mut state.rung));
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
            let frame = state.cut(line);
            bytes += frame.body.len() + FRAME_OVERHEAD_BYTES;
            frames.push(frame);
        }
        (!frames.is_empty()).then_some(Frames { frames })
    }
}

impl State {
    /// The next frame of a line that has one; it goes behind the others if there is more.
    fn cut(&mut self, line: u64) -> Frame {
        let waiting = self.lines.get_mut(&line).expect("a line has its turn while something waits");
        let (kind, body) = waiting.front_mut().expect("a line has its turn while something waits");
        let kind = *kind;
        let part = body.split_to(body.len().min(FRAME_BODY_BYTES));
        let more = !body.is_empty();
        if !more {
            waiting.pop_front();
        }
        if waiting.is_empty() {
            self.lines.remove(&line);
        } else {
            self.turns.push_back(line);
        }
        Frame { line, kind: kind.into(), body: part, more }
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
