//! One HTTP/1.1 connection, kept alive, with one request in flight.
//!
//! A general client costs about as much CPU for a small answer as the server that makes it; one that only measures
//! needs less: requests are written once and sent as they are, and of an answer's head only the status and the length
//! are read. Answers must have a `Content-Length` (or no body), as those of both sides do.

use std::io;
use std::net::SocketAddr;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room for one answer at first; it grows with what comes.
const BUFFER_BYTES: usize = 16 << 10;
/// A head longer than this is no answer of a server that is measured here.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Bearer token, if any.
    pub token: Option<&'a str>,
    /// A JSON body, if any.
    pub body: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Its bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let Request { method, path, token, body } = self;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        if let Some(token) = token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }
}

/// What is answered.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// Status line and headers, with the empty line that ends them.
    pub head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// Why a call had no answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    /// The server hung up with an answer outstanding.
    #[error("the server closed the connection before it had answered")]
    Closed,
    /// What came is no answer that this client understands.
    #[error("an answer that is not HTTP/1.1 with a Content-Length begins: {0}")]
    Malformed(String),
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(addr: SocketAddr) -> Result<Connection, CallError> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(BUFFER_BYTES) })
    }

    /// Sends an encoded request and waits for its answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Response<'_>, CallError> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            self.read_more().await?;
            match Head::parse(&self.buffer) {
                Parsed::Whole(head) => break head,
                Parsed::Partial => {}
                Parsed::Malformed => return Err(CallError::Malformed(beginning(&self.buffer))),
            }
        };
        while self.buffer.len() < head.bytes + head.body_bytes {
            self.read_more().await?;
        }
        let (start, rest) = self.buffer.split_at(head.bytes);
        Ok(Response { status: head.status, head: start, body: &rest[..head.body_bytes] })
    }

    async fn read_more(&mut self) -> Result<(), CallError> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(CallError::Closed),
            _ => Ok(()),
        }
    }
}

/// What matters of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Whole(Head),
    Partial,
    Malformed,
}

impl Head {
    fn parse(buffer: &[u8]) -> Parsed {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if buffer.len() > HEAD_BYTES_MAX { Parsed::Malformed } else { Parsed::Partial };
        };
        let mut lines = buffer[..end].split(|byte| *byte == b'\n');
        let status = lines.next().and_then(status_of);
        let length = lines.find_map(content_length);
        match (status, length) {
            (Some(status @ (204 | 304)), _) => Parsed::Whole(Head { status, bytes: end + 4, body_bytes: 0 }),
            (Some(status), Some(body_bytes)) => Parsed::Whole(Head { status, bytes: end + 4, body_bytes }),
            _ => Parsed::Malformed,
        }
    }
}

fn status_of(line: &[u8]) -> Option<u16> {
    let code = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    str::from_utf8(code).ok()?.parse().ok()
}

fn content_length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    str::from_utf8(value).ok()?.trim().parse().ok()
}

fn beginning(buffer: &[u8]) -> String {
    String::from_utf8_lossy(&buffer[..buffer.len().min(200)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expect: Parsed) {
        assert_eq!(Head::parse(bytes.as_bytes()), expect, "{bytes:?}");
    }

    #[test]
    fn a_head_gives_status_and_lengths() {
        let whole = |status, bytes, body_bytes| Parsed::Whole(Head { status, bytes, body_bytes });
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", whole(200, 38, 5));
        check("HTTP/1.1 503 Busy\r\nx: y\r\ncontent-length:12 \r\n\r\n", whole(503, 47, 12));
        check("HTTP/1.1 204 No Content\r\n\r\n", whole(204, 27, 0));
    }

    #[test]
    fn a_part_of_a_head_waits_for_more() {
        check("", Parsed::Partial);
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Parsed::Partial);
    }

    #[test]
    fn what_is_no_such_head_is_refused() {
        check("HTTP/1.1 200 OK\r\n\r\n", Parsed::Malformed);
        check("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", Parsed::Malformed);
        check("SSH-2.0-OpenSSH\r\n\r\n", Parsed::Malformed);
        check("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Parsed::Malformed);
        check(&"x".repeat(HEAD_BYTES_MAX + 1), Parsed::Malformed);
    }

    #[test]
    fn a_request_has_what_it_needs_and_no_more() {
        let get = Request { method: "GET", path: "/a?b=c", token: None, body: None };
        assert_eq!(get.encode(), b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let post = Request { method: "POST", path: "/", token: Some("t"), body: Some(b"{}") };
        assert_eq!(
            String::from_utf8(post.encode()).unwrap(),
            "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }

    #[tokio::test]
    async fn answers_may_come_in_pieces() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            for answer in ["one", "two"] {
                stream.read_exact(&mut request).await.unwrap();
                for byte in format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{answer}").bytes() {
                    stream.write_all(&[byte]).await.unwrap();
                }
            }
        });
        let mut connection = Connection::open(addr).await.unwrap();
        assert_eq!(connection.call(b"ask1").await.unwrap().body, b"one");
        assert_eq!(connection.call(b"ask2").await.unwrap().body, b"two");
        assert!(matches!(connection.call(b"ask3").await, Err(CallError::Closed | CallError::Connection(_))));
        server.await.unwrap();
    }
}
