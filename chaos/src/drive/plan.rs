//! What a driver is asked to do.

use std::sync::Arc;
use std::time::Duration;

use crate::history::ShardId;

/// The clients of a drill, and what they work on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// URLs of the gateways, such as `http://127.0.0.1:8080`. Clients begin at different ones and go on to the next
    /// when one does not answer.
    pub gateways: Vec<String>,
    /// Access tokens, of a user each. Documents of one user are in one shard, so documents on every shard take tokens of
    /// many users: about six for each shard find all of them with a good chance.
    pub tokens: Vec<Arc<str>>,
    /// Chooses what the clients do.
    pub seed: u64,
    /// The shards that are to have documents. If there are none, nobody asks where the documents are.
    pub shards: Vec<ShardId>,
    /// Documents on each of these shards at any time; or in all.
    pub documents: usize,
    /// Who writes over REST.
    pub writers: Writers,
    /// The time from one operation of a client to its next one, unless the answer takes longer.
    pub pace: Duration,
    /// Clients that read the newest state.
    pub readers: u32,
    /// Clients that read at a revision, on any replica.
    pub revision_readers: u32,
    /// Clients of the JSON socket, which follow a document and write into it.
    pub followers: u32,
    /// Clients of the automerge-repo protocol, which hold documents and write into them.
    pub peers: u32,
    /// Marks that a document holds before another one takes its place. The search for an order of its operations grows
    /// faster than their number.
    pub marks: u64,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How long an operation may take, with all its attempts, before its outcome counts as unknown.
    pub budget: Duration,
    /// How long the hub may take at the end until it shows every document, and all replicas agree.
    pub patience: Duration,
}

/// Clients that write over REST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// So many, each of which edits any document in any way.
    Roaming(u32),
    /// One for each document, which does nothing but edit that: to measure how long a shard takes no writes.
    OneEach,
}

impl Plan {
    /// A mixed load of a few clients.
    pub fn new(gateways: Vec<String>, tokens: Vec<Arc<str>>, seed: u64) -> Plan {
        Plan {
            gateways,
            tokens,
            seed,
            shards: vec![],
            documents: 4,
            writers: Writers::Roaming(6),
            pace: Duration::from_millis(50),
            readers: 3,
            revision_readers: 2,
            followers: 2,
            peers: 2,
            marks: 200,
            attempt: Duration::from_secs(3),
            budget: Duration::from_secs(15),
            patience: Duration::from_secs(60),
        }
    }

    /// One writer on every shard, with 20 writes a second, and nobody else: what the length of a failover is measured by.
    pub fn failover(gateways: Vec<String>, tokens: Vec<Arc<str>>, seed: u64, shards: Vec<ShardId>) -> Plan {
        Plan {
            shards,
            documents: 1,
            writers: Writers::OneEach,
            readers: 0,
            revision_readers: 0,
            followers: 0,
            peers: 0,
            ..Plan::new(gateways, tokens, seed)
        }
    }
}
