//! The same in the protocol of Hocuspocus: Yjs updates in frames that name the document.
//!
//! There are no acknowledgements by readers, and no hashes: a client has what the clocks say. Updates are written by
//! hand, one inserted character each, in the form that Yjs gives to typing at the end of a text; the server applies
//! them with Yjs, and in the end tells the text that came of it.

use super::{Seat, TEXT, Typing};
use crate::client::Socket;
use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use std::rc::Rc;

/// The one who types, as Yjs names clients.
const AUTHOR: u64 = 1;
/// Kinds of messages.
const SYNC: u64 = 0;
const AUTH: u64 = 2;
const SYNC_REPLY: u64 = 4;
const SYNC_STATUS: u64 = 8;
/// Steps of [`SYNC`] and [`SYNC_REPLY`].
const STATE_VECTOR: u64 = 0;
const UPDATE: u64 = 2;
/// The kind of an inserted string, and the bit that says that it names what it follows.
const STRING: u8 = 4;
const HAS_ORIGIN: u8 = 0x80;

/// A client at a document.
pub struct YjsPeer {
    socket: Socket,
    document: Rc<str>,
    typing: Rc<Typing>,
    /// Changes of the typing that it has; the first one, which makes the text, is none for Yjs.
    has: usize,
    /// Changes that the server has confirmed to the one who types.
    server_has: usize,
}

impl YjsPeer {
    /// Joins with nothing and waits until it has the first `changes`; with none it does not wait.
    pub async fn open(
        addr: SocketAddr,
        document: Rc<str>,
        typing: &Rc<Typing>,
        changes: usize,
    ) -> Result<YjsPeer> {
        let socket = Socket::open(addr, "/", None).await?;
        let mut peer = YjsPeer { socket, document, typing: typing.clone(), has: 1, server_has: 1 };
        peer.send(AUTH, |out| {
            number(out, 0);
            string(out, "");
        })?;
        peer.send(SYNC, |out| {
            number(out, STATE_VECTOR);
            string_bytes(out, &[0]);
        })?;
        while peer.has < changes {
            peer.next().await?;
        }
        Ok(peer)
    }

    /// Types everything up to `changes` at once and waits until the server has confirmed it.
    pub async fn bring(&mut self, changes: usize) -> Result<()> {
        self.type_up_to(changes)?;
        self.reach(changes).await
    }

    /// Waits for a message and tells how many changes this client has now. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Result<usize> {
        let message = self.socket.next().await?;
        let mut rest = Rest(&message);
        rest.bytes()?;
        match rest.number()? {
            SYNC | SYNC_REPLY if rest.number()? != STATE_VECTOR => {
                self.has = self.has.max(1 + last_clock(rest.bytes()?)?);
                self.server_has = self.server_has.max(self.has);
            }
            SYNC_STATUS => {
                ensure!(rest.number()? == 1, "the server did not take an update");
                self.server_has = self.has;
            }
            _ => {}
        }
        Ok(self.has)
    }

    fn type_up_to(&mut self, changes: usize) -> Result<()> {
        let update = update(self.has - 1, &self.typing.text_at(changes)[self.has - 1..]);
        self.send(SYNC, |out| {
            number(out, UPDATE);
            string_bytes(out, &update);
        })?;
        self.has = changes;
        Ok(())
    }

    fn send(&mut self, kind: u64, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let mut message = Vec::with_capacity(64);
        string(&mut message, &self.document);
        number(&mut message, kind);
        write(&mut message);
        Ok(self.socket.send(&message)?)
    }
}

impl Seat for YjsPeer {
    fn type_next(&mut self) -> Result<()> {
        self.typing.stroke(self.has)?;
        self.type_up_to(self.has + 1)
    }

    async fn reach(&mut self, changes: usize) -> Result<()> {
        while self.has.min(self.server_has) < changes {
            self.next().await?;
        }
        Ok(())
    }
}

/// An update that appends `text` to the first `before` characters.
fn update(before: usize, text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + text.len());
    // One client with one piece, that begins at its clock.
    for value in [1, 1, AUTHOR, before as u64] {
        number(&mut out, value);
    }
    match before.checked_sub(1) {
        Some(last) => {
            out.push(STRING | HAS_ORIGIN);
            number(&mut out, AUTHOR);
            number(&mut out, last as u64);
        }
        None => {
            out.push(STRING);
            // The parent is a type of the document, by name.
            number(&mut out, 1);
            string(&mut out, TEXT);
        }
    }
    string(&mut out, text);
    // Nothing is deleted.
    number(&mut out, 0);
    out
}

/// How many characters there are after an update of the kind that [`update`] makes.
fn last_clock(update: &[u8]) -> Result<usize> {
    let mut rest = Rest(update);
    if rest.number()? == 0 {
        return Ok(0);
    }
    let (pieces, _author) = (rest.number()?, rest.number()?);
    let mut clock = rest.number()? as usize;
    for _ in 0..pieces {
        match rest.byte()? {
            STRING => {
                rest.number()?;
                rest.bytes()?;
            }
            kind if kind == STRING | HAS_ORIGIN => {
                rest.number()?;
                rest.number()?;
            }
            kind => bail!("an update holds a piece of kind {kind:#04x}: nobody typed that"),
        }
        clock += rest.bytes()?.len();
    }
    Ok(clock)
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn string(out: &mut Vec<u8>, text: &str) {
    string_bytes(out, text.as_bytes());
}

fn string_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What of a message was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.0.split_first().context("a Yjs message ends in the middle")?;
        self.0 = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        bail!("a number of a Yjs message has no end")
    }

    fn bytes(&mut self) -> Result<&'a [u8]> {
        let bytes = self.number()? as usize;
        let (taken, rest) = self.0.split_at_checked(bytes).context("a Yjs message ends in the middle")?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_say_how_far_they_lead() {
        assert_eq!(last_clock(&update(0, "hello")).unwrap(), 5);
        assert_eq!(last_clock(&update(300, "x")).unwrap(), 301);
        assert_eq!(last_clock(&[0, 0]).unwrap(), 0, "an update without anything");
    }

    #[test]
    fn what_is_cut_is_refused() {
        let whole = update(300, "hello");
        for cut in 1..whole.len() - 1 {
            assert!(last_clock(&whole[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn pieces_that_nobody_typed_are_refused() {
        let mut deleted = update(0, "a");
        deleted[4] = 1;
        assert!(last_clock(&deleted).unwrap_err().to_string().contains("0x01"));
    }
}
