//! Coalescing: many commands become one log entry.
//!
//! Commands that arrive while entries are on their way are gathered, and go together when one comes back. When nothing
//! is on its way a command goes at once, so that batching never makes an idle shard slower.

use crate::command::{Claim, Command, Entry, Part};
use crate::machine::{Machine, Outcome};
use crate::raft::{Changed, GroupHandle, ProposeError};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The most bytes of commands in one entry: what replication sends within one heartbeat.
const ENTRY_BYTES_MAX: usize = 256 << 10;

/// The bytes of one part of a command that is too long for an entry.
const PART_BYTES: usize = 192 << 10;

/// Commands that wait for their turn. Whoever comes after them waits outside.
const QUEUE_COMMANDS: usize = 1_024;

/// Batches on their way to the log at once: one is written while the next is agreed upon.
const BATCHES_IN_FLIGHT: usize = 2;

/// A leader without a lease for so long is cut off: what it proposed may be agreed upon, and it will not hear of it soon.
const CUT_OFF_AFTER: Duration = Duration::from_secs(3);

/// How often it is looked whether this node still leads.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A command on its way into the log of a shard.
struct Proposal {
    keys: Vec<Command>,
    command: Command,
    outcome: oneshot::Sender<Result<Outcome, ProposeError>>,
}

/// The way into the log of a shard. The task behind it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Proposer {
    queue: mpsc::Sender<Proposal>,
}

impl Proposer {
    /// Starts the task. Its owner joins it after dropping the proposer.
    pub fn start(group: GroupHandle<Machine>) -> (Proposer, JoinHandle<()>) {
        let (queue, proposals) = mpsc::channel(QUEUE_COMMANDS);
        (Proposer { queue }, tokio::spawn(run(group, proposals)))
    }

    /// How many commands wait for their turn in the queue.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Puts a command into the log, its key records before it, and gives the outcome once it is applied.
    ///
    /// Dropping the future withdraws the interest in the outcome, not the command.
    pub async fn propose(&self, keys: Vec<Command>, command: Command) -> Result<Outcome, ProposeError> {
        let (outcome, answer) = oneshot::channel();
        let sent = self.queue.send(Proposal { keys, command, outcome }).await;
        sent.map_err(|_| ProposeError::Stopped)?;
        answer.await.map_err(|_| ProposeError::Unknown)?
    }
}

async fn run(group: GroupHandle<Machine>, mut proposals: mpsc::Receiver<Proposal>) {
    let mut in_flight: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    let mut gathered = Vec::new();
    loop {
        let room = in_flight.len() < BATCHES_IN_FLIGHT;
        tokio::select! {
            biased;
            Some(()) = in_flight.next() => {}
            received = proposals.recv_many(&mut gathered, QUEUE_COMMANDS), if room => {
                if received == 0 {
                    break;
                }
                // Whoever is about to send gets the chance to come along. When nobody is, this takes no time.
                tokio::task::yield_now().await;
                while gathered.len() < QUEUE_COMMANDS && let Ok(proposal) = proposals.try_recv() {
                    gathered.push(proposal);
                }
                in_flight.push(Box::pin(submit(&group, std::mem::take(&mut gathered))));
            }
        }
    }
    while in_flight.next().await.is_some() {}
}

/// Proposes a batch, and hands each command its outcome.
async fn submit(group: &GroupHandle<Machine>, proposals: Vec<Proposal>) {
    let mut batch = Batch::default();
    let mut waiting = Vec::with_capacity(proposals.len());
    for Proposal { keys, command, outcome } in proposals {
        batch.add(&keys, &command);
        waiting.push(outcome);
    }
    let started = Instant::now();
    let proposed = tokio::select! {
        biased;
        proposed = group.propose(batch.into_entries()) => proposed,
        () = deposed(group) => Err(ProposeError::Unknown),
    };
    metrics::histogram!("stage_duration_seconds", "stage" => "propose").record(started.elapsed());
    match proposed {
        Ok(outcomes) => {
            // Key records and parts have no outcomes; those of commands come in the order of the commands.
            let mut outcomes = outcomes.into_iter().flatten();
            for waiter in waiting {
                let outcome = outcomes.next().ok_or(ProposeError::Unknown);
                let _gone = waiter.send(outcome);
            }
        }
        Err(error) => waiting.into_iter().for_each(|waiter| {
            let _gone = waiter.send(Err(error.clone()));
        }),
    }
}

/// Waits until what is proposed now is nothing to wait for any more: the term in which this node led is over, or it has had
/// no lease for a while. openraft holds such proposals until it knows, which may take as long as the node is cut off; whoever
/// waits for one holds a document meanwhile, and can ask again elsewhere with the same key.
async fn deposed(group: &GroupHandle<Machine>) {
    let term = group.term();
    let mut changes = group.changes();
    let mut held = Instant::now();
    loop {
        // Another leader is heard of at once: whoever waits here is to ask it.
        let changed = changes.wait(LOOK_AGAIN).await;
        if group.leads_with_lease() {
            held = Instant::now();
        }
        if changed == Changed::Stopped || group.term() != term || held.elapsed() >= CUT_OFF_AFTER {
            return;
        }
    }
}

/// Entries in the making: all key records first, then the commands in their order.
#[derive(Default)]
struct Batch {
    keys: Vec<Vec<u8>>,
    entries: Vec<Bytes>,
    open: Vec<Vec<u8>>,
    open_bytes: usize,
}

impl Batch {
    fn add(&mut self, keys: &[Command], command: &Command) {
        self.keys.extend(keys.iter().map(Command::encode));
        let encoded = command.encode();
        if encoded.len() > ENTRY_BYTES_MAX {
            self.close();
            self.entries.extend(in_parts(&encoded, rand::random(), base::now().0));
            return;
        }
        if self.open_bytes + encoded.len() > ENTRY_BYTES_MAX {
            self.close();
        }
        self.open_bytes += encoded.len();
        self.open.push(encoded);
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.entries.push(Entry::encode_commands(self.open.iter().map(Vec::as_slice)));
            self.open.clear();
            self.open_bytes = 0;
        }
    }

    fn into_entries(mut self) -> Vec<Bytes> {
        self.close();
        let mut entries = Vec::with_capacity(self.entries.len() + 1);
        let mut start = 0;
        while start < self.keys.len() {
            let mut bytes = 0;
            let fits = self.keys[start..].iter().take_while(|key| {
                bytes += key.len();
                bytes <= ENTRY_BYTES_MAX
            });
            // A key record is far smaller than an entry, so that at least one fits.
            let end = start + fits.count().max(1);
            entries.push(Entry::encode_keys(self.keys[start..end].iter().map(Vec::as_slice)));
            start = end;
        }
        entries.extend(self.entries);
        entries
    }
}

/// A long command as parts and the claim that ends them.
fn in_parts(command: &[u8], transfer: [u8; 16], time_ms: u64) -> Vec<Bytes> {
    let parts = command.chunks(PART_BYTES).zip(0..).map(|(bytes, number)| {
        let bytes = bytes.to_vec();
        Entry::Part(Part { transfer, number, bytes, time_ms }).encode()
    });
    let mut entries: Vec<_> = parts.collect();
    let parts = u32::try_from(entries.len()).expect("commands are far below 2^32 parts");
    let hash = Sha256::digest(command).into();
    entries.push(Entry::Claim(Claim { transfer, parts, hash }).encode());
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{EditId, Origin, Share};

    fn share(principal: String) -> Command {
        let origin = Origin { tenant: "t".into(), principals: vec!["u".into()], time_ms: 1 };
        let edit = EditId { key: [1; 16], request: [2; 16] };
        Command::Share(Share { origin, edit, document: [3; 16], principal, level: None, entries_max: 1 })
    }

    #[test]
    fn a_batch_becomes_entries_that_are_not_too_long_and_keep_the_order() {
        let lengths = [10, 100_000, 200_000, 300_000, 5, 6];
        let commands: Vec<_> = lengths.iter().map(|length| share("x".repeat(*length))).collect();
        let mut batch = Batch::default();
        commands.iter().for_each(|command| batch.add(&[], command));
        let entries = batch.into_entries();
        assert!(entries.iter().all(|entry| entry.len() < ENTRY_BYTES_MAX + 1_024));

        let (mut found, mut parts) = (Vec::new(), Vec::new());
        for entry in &entries {
            match Entry::decode(entry).unwrap() {
                Entry::Commands(commands) => found.extend(commands),
                Entry::Part(part) => parts.extend(part.bytes),
                Entry::Claim(_) => found.push(Command::decode(&std::mem::take(&mut parts)).unwrap()),
                Entry::Keys(_) => panic!("there were no keys"),
            }
        }
        assert_eq!(found, commands);
    }
}
