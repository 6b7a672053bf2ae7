//! Answering a request: to the seam and back.

use super::ask::Ask;
use super::channel::shown;
use super::server::Hub;
use crate::transport::form::{Form, encode};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The form of the answer, which is made when there is room for it.
pub(super) async fn answer(hub: &Hub, ask: Ask, room: &Arc<Semaphore>) -> (Bytes, OwnedSemaphorePermit) {
    let Hub { shards, tickets, .. } = hub;
    match ask {
        Ask::Create(caller, create) => made(shards.create(caller, create), room).await,
        Ask::Read(caller, read, have) => {
            made(async { shards.read(caller, read).await.map(|seen| shown(seen, have)) }, room).await
        }
        Ask::Write(caller, write) => made(shards.write(caller, write), room).await,
        Ask::Delete(caller, delete) => made(shards.delete(caller, delete), room).await,
        Ask::Share(caller, share) => made(shards.share(caller, share), room).await,
        Ask::Access(caller, id) => made(shards.access(caller, id), room).await,
        Ask::List(caller, list) => made(shards.list(caller, list), room).await,
        Ask::Changes(caller, changes) => made(shards.changes(caller, changes), room).await,
        Ask::Redeem(caller, redeem) => made(tickets.redeem(caller, redeem), room).await,
        Ask::Revoke(caller, id, until) => made(tickets.revoke(caller, id, until), room).await,
    }
}

async fn made<T: Form>(
    answering: impl Future<Output = T>,
    room: &Arc<Semaphore>,
) -> (Bytes, OwnedSemaphorePermit) {
    let answer = answering.await;
    let permit = room.clone().acquire_owned().await.expect("the room of a channel is never closed");
    (encode(&answer), permit)
}
