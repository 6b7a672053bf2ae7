//! Answering a request: to the seam and back.

use super::ask::Ask;
use super::channel::shown;
use super::message::{MESSAGE_BYTES_MAX, fits};
use super::server::Hub;
use crate::Refusal;
use crate::transport::form::{Form, encode};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of answers of a channel that are made and not sent.
const MADE_BYTES: usize = 2 * MESSAGE_BYTES_MAX;
/// What an answer counts beyond its bytes. Bounds how many there can be.
const OVERHEAD_BYTES: usize = 512;
/// Answers of a channel that are being made: so many are not counted yet.
const MAKING: usize = 4;

/// Room for the answers of a channel. What they are made of is shared, they are not: each is made when there is room.
pub(super) struct Room {
    turns: Semaphore,
    bytes: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Room {
        Room { turns: Semaphore::new(MAKING), bytes: Arc::new(Semaphore::new(MADE_BYTES)) }
    }

    async fn made(&self, answer: &impl Form) -> (Bytes, OwnedSemaphorePermit) {
        const OPEN: &str = "the room of a channel is never closed";
        let _turn = self.turns.acquire().await.expect(OPEN);
        let body = encode(answer);
        let weight = (body.len() + OVERHEAD_BYTES).min(MADE_BYTES);
        let weight = u32::try_from(weight).expect("all the room is below four gigabytes");
        (body, self.bytes.clone().acquire_many_owned(weight).await.expect(OPEN))
    }
}

/// The form of the answer, which is made when there is room for it.
pub(super) async fn answer(hub: &Hub, ask: Ask, room: &Room) -> (Bytes, OwnedSemaphorePermit) {
    let Hub { shards, tickets, .. } = hub;
    let writes = ask.writes();
    let (body, permit) = match ask {
        Ask::Create(caller, create) => room.made(&shards.create(caller, create).await).await,
        Ask::Read(caller, read, have) => {
            let seen = shards.read(caller, read).await;
            room.made(&seen.map(|seen| shown(seen, have))).await
        }
        Ask::Write(caller, write) => room.made(&shards.write(caller, write).await).await,
        Ask::Delete(caller, delete) => room.made(&shards.delete(caller, delete).await).await,
        Ask::Share(caller, share) => room.made(&shards.share(caller, share).await).await,
        Ask::Access(caller, id) => room.made(&shards.access(caller, id).await).await,
        Ask::List(caller, list) => room.made(&shards.list(caller, list).await).await,
        Ask::SetMetadata(caller, set) => room.made(&shards.set_metadata(caller, set).await).await,
        Ask::Select(caller, select) => room.made(&shards.select(caller, select).await).await,
        Ask::Changes(caller, changes) => room.made(&shards.changes(caller, changes).await).await,
        Ask::History(caller, history) => room.made(&shards.history(caller, history).await).await,
        Ask::Compare(caller, compare) => room.made(&shards.compare(caller, compare).await).await,
        Ask::Export(caller, export) => room.made(&shards.export(caller, export).await).await,
        Ask::Import(caller, import) => room.made(&shards.import(caller, import).await).await,
        Ask::Redeem(caller, redeem) => room.made(&tickets.redeem(caller, redeem).await).await,
        Ask::Revoke(caller, id, until) => room.made(&tickets.revoke(caller, id, until).await).await,
    };
    (sendable(body, writes), permit)
}

/// An answer that fits, or what stands for it.
pub(super) fn sendable(body: Bytes, writes: bool) -> Bytes {
    match fits(&body) {
        Ok(()) => body,
        Err(error) => failed(writes, error.to_string()),
    }
}

/// What stands for an answer that cannot be sent. It refuses a read. A write may be done: nothing is said of that one, and
/// nothing is no answer to the gateway.
pub(super) fn failed(writes: bool, reason: String) -> Bytes {
    if writes { Bytes::new() } else { encode::<Result<(), Refusal>>(&Err(Refusal::Internal { reason })) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::form::decode;

    #[test]
    fn an_answer_that_is_too_long_is_a_refusal_of_its_own_line() {
        let long = Bytes::from(vec![0; MESSAGE_BYTES_MAX + 1]);
        assert!(sendable(long.clone(), true).is_empty());
        let refused: Result<(), Refusal> = decode(&sendable(long.clone(), false)).unwrap();
        assert!(matches!(refused, Err(Refusal::Internal { reason }) if reason.contains("67108865 bytes")));
        assert_eq!(sendable(long.slice(1..), false), long.slice(1..));
    }

    /// Many long answers are made one after the other, as they are sent.
    #[tokio::test]
    async fn answers_are_made_as_there_is_room_for_them() {
        let (room, long) = (Room::new(), Bytes::from(vec![0; MADE_BYTES / 2]));
        let (_, first) = room.made(&long).await;
        let second = room.made(&long);
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures::poll!(&mut second).is_ready());
    }
}
