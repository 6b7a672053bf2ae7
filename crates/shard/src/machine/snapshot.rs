//! Snapshots of a shard: every record of its spaces.

use crate::raft::{Record, SnapshotData};
use crate::store::{Pair, Space, Store, StoreError, StoreView, key};
use bytes::Bytes;
use rpc::{Caller, TicketId};
use std::io;

use super::nothing_applied;
use super::step::position_from_bytes;
use super::ticket::{is_known, revoked_in};

/// Why a snapshot was not installed. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The snapshot could not be read to its end.
    #[error("the snapshot cannot be read")]
    Read(#[source] io::Error),
    /// A record of a space that this release does not know.
    #[error("the snapshot holds records of space {0}, which is of a newer release")]
    Space(u8),
    /// Its records are not those of the position that it names.
    #[error("the snapshot names another position than its records")]
    Position,
}

/// A snapshot of what a view shows.
pub fn take(view: &StoreView<'_>) -> Result<SnapshotData, StoreError> {
    let applied = view.get(Space::State, key::state::APPLIED)?;
    let position = position_from_bytes(&applied.ok_or_else(nothing_applied)?)?;
    let membership = view.get(Space::State, key::state::MEMBERSHIP)?;
    let spaces: Vec<_> = Space::ALL.into_iter().map(|space| (space, view.all(space))).collect();
    let records = spaces.into_iter().flat_map(|(space, pairs)| {
        let pairs = pairs.filter(move |pair| !is_of_this_replica(space, pair));
        pairs.map(move |pair| {
            let (key, value) = pair.map_err(io::Error::other)?;
            let (key, value) = (Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value));
            Ok(Record { space: space as u8, key, value })
        })
    });
    let membership = membership.map(|bytes| Bytes::copy_from_slice(&bytes));
    Ok(SnapshotData { position, membership, records: Box::new(records) })
}

/// Whether a record says something of the replica itself, and not of the log.
fn is_of_this_replica(space: Space, pair: &Result<Pair, StoreError>) -> bool {
    space == Space::State && pair.as_ref().is_ok_and(|(key, _)| **key == *key::state::QUARANTINED)
}

/// Puts a snapshot in the place of everything that is there, in one atomic write. Gives the tickets that were taken back in
/// the part of the log that it stands for.
pub fn install(store: &Store, snapshot: SnapshotData) -> io::Result<Vec<(Caller, TicketId)>> {
    replace(store, snapshot).map_err(io::Error::other)
}

fn replace(store: &Store, snapshot: SnapshotData) -> Result<Vec<(Caller, TicketId)>, InstallError> {
    let (mut txn, mut revoked) = (store.begin(), Vec::new());
    for space in Space::ALL {
        for pair in store.prefix(space, &[]) {
            txn.remove(space, pair?.0.to_vec());
        }
    }
    for record in snapshot.records {
        let Record { space, key, value } = record.map_err(InstallError::Read)?;
        let space = Space::from_number(space).ok_or(InstallError::Space(space))?;
        if space == Space::Documents
            && let Some(ticket) = revoked_in(&key, &value)?
            && !is_known(store, &key)?
        {
            revoked.push(ticket);
        }
        txn.put(space, key.to_vec(), value.to_vec());
    }
    let applied = txn.get(Space::State, key::state::APPLIED)?;
    let position = applied.map(|bytes| position_from_bytes(&bytes)).transpose().map_err(StoreError::from)?;
    if position != Some(snapshot.position) {
        return Err(InstallError::Position);
    }
    txn.commit()?;
    Ok(revoked)
}
