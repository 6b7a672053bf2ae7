//! Who writes: creates of documents through REST, puts into etcd. 200 bytes of content on either side.

use super::prose::prose;
use crate::client::{Connection, EtcdChannel, Request, put_message};
use crate::measure::Worker;
use anyhow::{Result, bail};
use rand::Rng;
use serde_json::json;
use std::net::SocketAddr;
use std::rc::Rc;

/// Content of a document, value of a put.
const CONTENT_BYTES: usize = 200;
/// Puts in flight on a connection to etcd.
const PUTS_EACH: usize = 8;

/// Creates a document a step.
pub struct Creator {
    connection: Connection,
    token: Rc<str>,
}

impl Creator {
    /// One for each connection, with the tokens in turns: owners choose the shard.
    pub async fn many(addr: SocketAddr, tokens: &[Rc<str>], connections: usize) -> Result<Vec<Creator>> {
        let mut creators = Vec::with_capacity(connections);
        for token in tokens.iter().cycle().take(connections) {
            creators.push(Creator { connection: Connection::open(addr).await?, token: token.clone() });
        }
        Ok(creators)
    }
}

impl Worker for Creator {
    async fn step(&mut self) -> Result<()> {
        let body = json!({ "name": "note", "doc_type": "Text", "content": prose(CONTENT_BYTES) }).to_string();
        let token = Some(&*self.token);
        let request = Request { method: "POST", path: "/documents", token, body: Some(body.as_bytes()) };
        let answer = self.connection.call(&request.encode()).await?;
        if answer.status != 201 {
            bail!("a create was answered with {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(())
    }
}

/// Puts a value under a new key a step.
pub struct Putter(Rc<EtcdChannel>);

impl Putter {
    /// So many puts in flight, eight on a connection.
    pub async fn many(etcd: SocketAddr, in_flight: usize) -> Result<Vec<Putter>> {
        let mut putters = Vec::with_capacity(in_flight);
        while putters.len() < in_flight {
            let channel = Rc::new(EtcdChannel::open(etcd).await?);
            let more = PUTS_EACH.min(in_flight - putters.len());
            putters.extend((0..more).map(|_| Putter(channel.clone())));
        }
        Ok(putters)
    }
}

impl Worker for Putter {
    async fn step(&mut self) -> Result<()> {
        let key: [u8; 16] = rand::rng().random();
        self.0.put(put_message(&key, prose(CONTENT_BYTES).as_bytes())).await
    }
}
