//! Puts into etcd: gRPC over HTTP/2, of which a put needs one path and two fields.
//!
//! gRPC frames a message as a flag byte (0: not compressed), its length as four bytes big-endian, and the message; the
//! outcome is the trailer `grpc-status`. A `PutRequest` is field 1, the key, and field 2, the value, both of wire type 2
//! (length-delimited).

use anyhow::{Context, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{HeaderMap, Request, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Field 1, length-delimited.
const KEY: u8 = 0x0a;
/// Field 2, length-delimited.
const VALUE: u8 = 0x12;

/// One HTTP/2 connection. Callers take turns on it by cloning its sender.
#[derive(Debug)]
pub struct EtcdChannel {
    sender: SendRequest<Full<Bytes>>,
    uri: String,
    connection: JoinHandle<()>,
}

impl EtcdChannel {
    /// Connects.
    pub async fn open(addr: SocketAddr) -> Result<EtcdChannel> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        // A connection that breaks fails the calls on it, which say so.
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(EtcdChannel { sender, uri: format!("http://{addr}/etcdserverpb.KV/Put"), connection })
    }

    /// Puts a message made by [`put_message`], to its durable acknowledgement.
    pub async fn put(&self, message: Bytes) -> Result<()> {
        let mut sender = self.sender.clone();
        let request = Request::post(&self.uri)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(Full::new(message))?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        // An early refusal has its status in the headers.
        if let Some(status) = response.headers().get("grpc-status") {
            bail!("etcd refused a put: grpc-status {status:?}");
        }
        let body = response.into_body().collect().await?;
        succeeded(body.trailers().context("etcd's answer has no trailers")?)
    }
}

impl Drop for EtcdChannel {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn succeeded(trailers: &HeaderMap) -> Result<()> {
    match trailers.get("grpc-status").map(|status| status.as_bytes()) {
        Some(b"0") => Ok(()),
        _ => bail!("etcd refused a put: {trailers:?}"),
    }
}

/// A framed `PutRequest`.
pub fn put_message(key: &[u8], value: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(key.len() + value.len() + 16);
    for (tag, field) in [(KEY, key), (VALUE, value)] {
        message.put_u8(tag);
        put_varint(&mut message, field.len());
        message.put_slice(field);
    }
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a benchmark's values are far below 4 GiB"));
    framed.put(message);
    framed.freeze()
}

fn put_varint(out: &mut BytesMut, mut number: usize) {
    while number >= 0x80 {
        out.put_u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_framed_as_grpc_wants_it() {
        assert_eq!(&put_message(b"k", b"vw")[..], b"\0\0\0\0\x07\x0a\x01k\x12\x02vw");
        let long = put_message(b"k", &[7; 200]);
        assert_eq!(&long[..11], b"\0\0\0\0\xce\x0a\x01k\x12\xc8\x01");
        assert_eq!(long.len(), 5 + 3 + 3 + 200);
    }

    #[test]
    fn only_status_zero_is_success() {
        let mut trailers = HeaderMap::new();
        assert!(succeeded(&trailers).is_err());
        trailers.insert("grpc-status", "8".parse().unwrap());
        assert!(succeeded(&trailers).is_err());
        trailers.insert("grpc-status", "0".parse().unwrap());
        assert!(succeeded(&trailers).is_ok());
    }
}
