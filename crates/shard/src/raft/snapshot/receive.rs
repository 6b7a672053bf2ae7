//! Taking a snapshot in, up to the point where openraft may have it.

use super::staged::{self, Content, Staged};
use crate::raft::SnapshotData;
use crate::raft::codec::SnapshotMessage;
use crate::raft::network::Shared;
use crate::raft::types::{LogId, SnapshotHead, StoredMembership, TakenSnapshot};
use futures::StreamExt;
use rpc::{Pieces, SNAPSHOT_PIECE_BYTES};
use sha2::{Digest, Sha256};
use std::io;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

/// A snapshot that is whole, in a file of this node.
pub(in crate::raft) struct Arrived {
    staged: Staged,
    content: Content,
}

/// Writes the pieces into a file and holds them against the head. Errors: the sender's stream broke, the disk refused, or
/// what came is not what the head says.
pub(in crate::raft) async fn arrive(
    network: &Shared,
    head: &SnapshotMessage,
    mut pieces: Pieces,
) -> io::Result<Arrived> {
    let staged = Staged::new(&network.staging, head.envelope.group, "in");
    let mut file = BufWriter::new(File::create_new(&staged.path).await?);
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes = bytes.saturating_add(piece.len() as u64);
        if piece.len() > SNAPSHOT_PIECE_BYTES || bytes > head.bytes {
            return Err(io::Error::other("more comes than the head of the snapshot says"));
        }
        hash.update(&piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    let content = Content { records: head.records, bytes, hash: hash.finalize().into() };
    if content != (Content { records: head.records, bytes: head.bytes, hash: head.hash }) {
        return Err(io::Error::other("what came is not what the head of the snapshot says"));
    }
    Ok(Arrived { staged, content })
}

impl Arrived {
    /// The snapshot as openraft installs it.
    pub(in crate::raft) async fn into_snapshot(
        self,
        head: &SnapshotMessage,
        membership: StoredMembership,
    ) -> io::Result<TakenSnapshot> {
        let Arrived { staged, content } = self;
        let opening = tokio::task::spawn_blocking(move || staged::read(staged, content));
        let records = opening.await.map_err(io::Error::other)??;
        let (position, written) = (head.position, head.membership.clone());
        let snapshot = Some(SnapshotData { position, membership: written, records });
        let last_log_id = Some(LogId::from(position));
        Ok(TakenSnapshot { meta: SnapshotHead { last_log_id, last_membership: membership }, snapshot })
    }
}
