//! A WebSocket, as lean as the connection of HTTP/1.1 beside it.
//!
//! One that measures needs binary messages in whole frames, answers to pings, and the reason of a close; servers measured
//! here send nothing else. Frames are masked with zeros, which costs this side nothing and a server what any mask does.
//!
//! Sending never waits: what the kernel does not take at once goes out while the next message is awaited. So neither
//! side can stop the other by not reading. What is queued is bounded by whoever sends: each waits for an answer.

use bytes::{Buf, Bytes, BytesMut};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// Room that is made for what comes next.
const READ_BYTES: usize = 4 << 10;
/// A head longer than this is no answer to an upgrade.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// The first byte of a frame: the last of its message, binary.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// In the second byte: masked, and the two lengths that say that the real one follows.
const MASKED: u8 = 0x80;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// Why there is no message.
#[derive(Debug, Error)]
pub enum SocketError {
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    /// The server does not speak WebSocket here.
    #[error("the upgrade to a WebSocket was answered with: {0}")]
    Refused(String),
    /// The server closed the socket.
    #[error("the server closed the socket with {code}: {reason}")]
    Closed {
        /// The close code; 1006 if the connection just ended.
        code: u16,
        /// What the server says about it.
        reason: String,
    },
    /// A frame that this client does not understand.
    #[error("a frame begins with {0:#04x}: this client reads whole binary messages alone")]
    Frame(u8),
}

/// A client's end of a WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    inbox: BytesMut,
    outbox: BytesMut,
}

impl Socket {
    /// Connects and upgrades.
    pub async fn open(addr: SocketAddr, path: &str, token: Option<&str>) -> Result<Socket, SocketError> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&upgrade(path, token)).await?;
        let mut inbox = BytesMut::with_capacity(READ_BYTES);
        let head = loop {
            if stream.read_buf(&mut inbox).await? == 0 || inbox.len() > HEAD_BYTES_MAX {
                return Err(refused(&inbox));
            }
            if let Some(end) = inbox.windows(4).position(|window| window == b"\r\n\r\n") {
                break inbox.split_to(end + 4);
            }
        };
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(refused(&head));
        }
        Ok(Socket { stream, inbox, outbox: BytesMut::new() })
    }

    /// Sends a binary message, now or with the next call of [`Socket::next`].
    pub fn send(&mut self, payload: &[u8]) -> Result<(), SocketError> {
        frame(&mut self.outbox, BINARY, payload);
        self.write_some()
    }

    /// The next binary message. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Result<Bytes, SocketError> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(message);
            }
            self.write_some()?;
            let readable = Interest::READABLE;
            let interest = if self.outbox.is_empty() { readable } else { readable | Interest::WRITABLE };
            self.stream.ready(interest).await?;
            self.read_some()?;
        }
    }

    /// A message that has come whole, if there is one; answers pings on the way.
    fn take(&mut self) -> Result<Option<Bytes>, SocketError> {
        while let Some((kind, head, length)) = header(&self.inbox) {
            if self.inbox.len() < head + length {
                self.inbox.reserve(head + length - self.inbox.len());
                return Ok(None);
            }
            self.inbox.advance(head);
            let payload = self.inbox.split_to(length);
            match kind {
                BINARY => return Ok(Some(payload.freeze())),
                PING => frame(&mut self.outbox, PONG, &payload),
                PONG => {}
                CLOSE => return Err(closed(&payload)),
                other => return Err(SocketError::Frame(other)),
            }
        }
        Ok(None)
    }

    fn read_some(&mut self) -> Result<(), SocketError> {
        self.inbox.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.inbox) {
            Ok(0) => Err(closed(&[])),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn write_some(&mut self) -> Result<(), SocketError> {
        while !self.outbox.is_empty() {
            match self.stream.try_write(&self.outbox) {
                Ok(written) => self.outbox.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The key is the one of the RFC's example: its answer proves that the server is none but a WebSocket's, which the
/// messages that follow do better.
fn upgrade(path: &str, token: Option<&str>) -> Vec<u8> {
    let mut head = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    if let Some(token) = token {
        head.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn refused(answer: &[u8]) -> SocketError {
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    SocketError::Refused(String::from_utf8_lossy(line).into_owned())
}

/// What a close frame holds: two bytes of code, then the reason.
fn closed(payload: &[u8]) -> SocketError {
    let (code, reason) = match payload {
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        _ => (1006, [].as_slice()),
    };
    SocketError::Closed { code, reason: String::from_utf8_lossy(reason).into_owned() }
}

/// Kind, bytes of the header and bytes of the payload of the frame that `inbox` begins with.
fn header(inbox: &[u8]) -> Option<(u8, usize, usize)> {
    let (kind, length) = (*inbox.first()?, *inbox.get(1)?);
    match length {
        LENGTH_16 => Some((kind, 4, usize::from(u16::from_be_bytes(*inbox.get(2..4)?.as_array()?)))),
        LENGTH_64 => Some((kind, 10, u64::from_be_bytes(*inbox.get(2..10)?.as_array()?) as usize)),
        length => Some((kind, 2, usize::from(length))),
    }
}

/// Appends a frame.
fn frame(outbox: &mut BytesMut, kind: u8, payload: &[u8]) {
    outbox.reserve(14 + payload.len());
    outbox.extend_from_slice(&[kind]);
    match payload.len() {
        length @ 0..126 => outbox.extend_from_slice(&[MASKED | length as u8]),
        length @ 126..0x1_0000 => {
            outbox.extend_from_slice(&[MASKED | LENGTH_16]);
            outbox.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            outbox.extend_from_slice(&[MASKED | LENGTH_64]);
            outbox.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    outbox.extend_from_slice(&[0; 4]);
    outbox.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A socket whose server is a plain stream.
    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(request.contains("Authorization: Bearer secret\r\n"), "{request}");
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
            stream
        };
        let (socket, stream) = tokio::join!(Socket::open(addr, "/sync", Some("secret")), server);
        (socket.unwrap(), stream)
    }

    /// What a server would read of `payload`, or write with the mask bit off.
    fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        frame(&mut bytes, kind, payload);
        bytes.to_vec()
    }

    fn from_server(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = framed(kind, payload);
        bytes[1] &= !MASKED;
        let mask = bytes.len() - payload.len() - 4;
        bytes.drain(mask..mask + 4);
        bytes
    }

    #[tokio::test]
    async fn messages_of_every_length_come_whole() {
        let (mut socket, mut server) = pair().await;
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20] {
            let payload = vec![7; length];
            let write = async { server.write_all(&from_server(BINARY, &payload)).await.unwrap() };
            let (message, ()) = tokio::join!(socket.next(), write);
            assert_eq!(message.unwrap(), payload);
        }
    }

    #[tokio::test]
    async fn pings_are_answered_on_the_way() {
        let (mut socket, mut server) = pair().await;
        server.write_all(&[from_server(PING, b"hi"), from_server(BINARY, b"x")].concat()).await.unwrap();
        assert_eq!(socket.next().await.unwrap(), "x".as_bytes());
        socket.send(b"y").unwrap();
        let expected = [framed(PONG, b"hi"), framed(BINARY, b"y")].concat();
        let mut sent = vec![0; expected.len()];
        server.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn a_close_tells_why() {
        let (mut socket, mut server) = pair().await;
        server.write_all(&from_server(CLOSE, b"\x11\x31expired")).await.unwrap();
        let error = socket.next().await.unwrap_err().to_string();
        assert_eq!(error, "the server closed the socket with 4401: expired");
    }

    #[tokio::test]
    async fn more_than_the_kernel_takes_goes_out_while_waiting() {
        let (mut socket, mut server) = pair().await;
        let payload = vec![3; 32 << 20];
        socket.send(&payload).unwrap();
        assert!(!socket.outbox.is_empty(), "the kernel took all: the test needs a larger message");
        let serve = async {
            let mut sent = vec![0; framed(BINARY, &payload).len()];
            server.read_exact(&mut sent).await.unwrap();
            server.write_all(&from_server(BINARY, b"got it")).await.unwrap();
        };
        let (message, ()) = tokio::join!(socket.next(), serve);
        assert_eq!(message.unwrap(), "got it".as_bytes());
    }
}
