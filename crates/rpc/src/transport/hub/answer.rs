//! Answering a request: to the seam and back.

use super::ask::Ask;
use super::channel::shown;
use super::server::Hub;
use crate::transport::form::encode;
use bytes::Bytes;

/// The form of the answer.
pub(super) async fn answer(hub: &Hub, ask: Ask) -> Bytes {
    let Hub { shards, tickets, .. } = hub;
    match ask {
        Ask::Create(caller, create) => encode(&shards.create(caller, create).await),
        Ask::Read(caller, read, have) => {
            encode(&shards.read(caller, read).await.map(|seen| shown(seen, have)))
        }
        Ask::Write(caller, write) => encode(&shards.write(caller, write).await),
        Ask::Delete(caller, delete) => encode(&shards.delete(caller, delete).await),
        Ask::Share(caller, share) => encode(&shards.share(caller, share).await),
        Ask::Access(caller, id) => encode(&shards.access(caller, id).await),
        Ask::List(caller, list) => encode(&shards.list(caller, list).await),
        Ask::Changes(caller, changes) => encode(&shards.changes(caller, changes).await),
        Ask::Redeem(caller, redeem) => encode(&tickets.redeem(caller, redeem).await),
        Ask::Revoke(caller, id, until) => encode(&tickets.revoke(caller, id, until).await),
    }
}
