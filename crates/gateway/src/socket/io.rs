//! The two halves of a socket: what reads and what writes. Each waits without losing anything when its waiting is cut
//! short, so that both can stand in one `select`.

use super::close::{Close, Code};
use super::frame::{FrameError, Opcode};
use super::inbox::{Event, Inbox, READ_BYTES};
use super::outbox::Outbox;
use crate::gate::{Gate, Pass};
use bytes::{Bytes, BytesMut};
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// What a socket may hold of an arriving message before it needs a share of the room for all bodies.
const FREE_BYTES: usize = 64 << 10;

/// Pieces that one write takes.
const PIECES_MAX: usize = 16;

/// How long the end of a socket may take: its last messages, its close frame, and the client's answer to that.
const GOODBYE: Duration = Duration::from_secs(2);

/// Reads messages.
pub(crate) struct Receiver {
    half: OwnedReadHalf,
    inbox: Inbox,
    /// What the arriving message takes of the room for all bodies.
    room: Pass,
}

/// Writes messages.
pub(crate) struct Sender {
    half: OwnedWriteHalf,
    pub outbox: Outbox,
}

/// Why a socket cannot be read from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// The connection broke, or the client went away without a word.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// What came is not WebSocket, or is more than the hub takes.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Too much is in hand.
    #[error("no room for the message")]
    NoRoom,
}

impl Lost {
    /// What to tell the client, if there is one to tell.
    pub fn close(&self) -> Option<Close> {
        let code = match self {
            Lost::Broken(_) => return None,
            Lost::Frame(FrameError::TooLong { .. }) => Code::TooLarge,
            Lost::Frame(FrameError::NotUtf8) => Code::NotUtf8,
            Lost::Frame(_) => Code::Broken,
            Lost::NoRoom => Code::Full,
        };
        Some(Close::new(code, self.to_string()))
    }
}

/// The halves of a connection that has become a socket.
pub(crate) fn halves(stream: TcpStream, limit: usize, bodies: &Gate) -> (Receiver, Sender) {
    let (reading, writing) = stream.into_split();
    let receiver = Receiver { half: reading, inbox: Inbox::new(limit), room: bodies.pass() };
    (receiver, Sender { half: writing, outbox: Outbox::default() })
}

impl Receiver {
    /// From now on takes messages up to `limit` bytes.
    pub fn take_at_most(&mut self, limit: usize) {
        self.inbox.limit = limit;
    }

    /// The next message, with the room that it takes.
    pub async fn receive(&mut self) -> Result<(Event, Pass), Lost> {
        loop {
            if let Some(event) = self.inbox.next()? {
                return Ok((event, self.room.take()));
            }
            poll_fn(|context| self.half.as_ref().poll_read_ready(context)).await.map_err(Lost::Broken)?;
            match self.try_read() {
                Ok(0) => return Err(Lost::Broken(ErrorKind::UnexpectedEof.into())),
                Ok(_) => self.take_room()?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(Lost::Broken(error)),
            }
        }
    }

    /// Reads what is there. Messages are short, as a rule: what comes first is read into the stack, so that it takes no more
    /// memory than it is long.
    fn try_read(&mut self) -> io::Result<usize> {
        let stream = self.half.as_ref();
        if self.inbox.is_empty() {
            let mut piece = [0; READ_BYTES];
            let read = read_all(stream, READ_BYTES, || stream.try_read(&mut piece))?;
            self.inbox.put(&piece[..read]);
            return Ok(read);
        }
        let buffer = self.inbox.room();
        let room = buffer.spare_capacity_mut().len();
        read_all(stream, room, || stream.try_read_buf(buffer))
    }

    fn take_room(&mut self) -> Result<(), Lost> {
        let missing = self.inbox.weight().saturating_sub(FREE_BYTES).saturating_sub(self.room.held());
        if missing > 0 && !self.room.grow(missing) {
            return Err(Lost::NoRoom);
        }
        Ok(())
    }

    /// Reads to the end, and forgets what comes.
    async fn ignore(&mut self) -> io::Result<()> {
        let mut forgotten = BytesMut::new();
        loop {
            self.half.readable().await?;
            forgotten.clear();
            forgotten.reserve(16 << 10);
            match self.half.try_read_buf(&mut forgotten) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Reads once, with room for so many bytes. After fewer the socket counts as empty until the system tells of more: that saves
/// the second read of each message, the one that finds nothing.
fn read_all(stream: &TcpStream, room: usize, read: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
    let mut emptied_with = 0;
    // What comes after the look that `try_io` begins with is an event of its own and is not forgotten.
    let full = stream.try_io(Interest::READABLE, || match read() {
        Ok(bytes) if (1..room).contains(&bytes) => {
            emptied_with = bytes;
            Err(ErrorKind::WouldBlock.into())
        }
        other => other,
    });
    if emptied_with > 0 { Ok(emptied_with) } else { full }
}

impl Sender {
    /// Puts a message behind the others.
    pub fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        self.outbox.push(opcode, payload);
    }

    /// Puts a binary message behind the others: what `write` writes, and then what it gives.
    pub fn push_binary(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Bytes) {
        self.outbox.push_with(Opcode::Binary, write);
    }

    /// The same with a text message.
    pub fn push_text(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Bytes) {
        self.outbox.push_with(Opcode::Text, write);
    }

    /// Writes some of what waits; once nothing waits, it never ends.
    pub async fn write_some(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return std::future::pending().await;
        }
        while !self.write_now()? {
            poll_fn(|context| self.half.as_ref().poll_write_ready(context)).await?;
        }
        Ok(())
    }

    /// Writes what the system takes at once. Whether that was anything.
    pub fn write_now(&mut self) -> io::Result<bool> {
        match self.outbox.is_empty() {
            true => Ok(false),
            false => match self.try_write() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
                written => written.map(|bytes| bytes > 0),
            },
        }
    }

    fn try_write(&mut self) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); PIECES_MAX];
        let mut pieces = 0;
        for (place, piece) in slices.iter_mut().zip(self.outbox.slices()) {
            *place = piece;
            pieces += 1;
        }
        let written = match &slices[..pieces] {
            // The usual case: one small message, for which the system has a shorter way.
            [piece] => self.half.try_write(piece)?,
            pieces => self.half.try_write_vectored(pieces)?,
        };
        self.outbox.advance(written);
        Ok(written)
    }

    async fn flush(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            self.write_some().await?;
        }
        Ok(())
    }
}

/// Ends a socket: what waits goes out, then the reason, then the client has a moment to take it.
pub(crate) async fn close(mut receiver: Receiver, mut sender: Sender, reason: &Close) {
    sender.push(Opcode::Close, &reason.payload());
    let goodbye = async {
        // The client may still be sending: unread bytes would reset the connection before it has read the reason.
        let write = async {
            sender.flush().await?;
            sender.half.shutdown().await
        };
        tokio::try_join!(write, receiver.ignore())
    };
    if let Ok(Err(error)) = timeout(GOODBYE, goodbye).await {
        tracing::debug!(%error, "a socket broke while it was closed");
    }
}
