//! Reading a group's log: to apply it, and to send it to other nodes.
//!
//! What was appended lately is in memory and costs no more than a copy of pointers. Everything else may come from the
//! disk, and is read on a thread that may block, in pieces: nobody asks for a whole log at once.

use super::codec::decode_entry;
use super::log_store::LogStore;
use super::types::{Entry, LeaderId, TypeConfig, Vote};
use futures::stream::{self, Stream};
use openraft::RaftLogReader;
use openraft::errors::LeaderChanged;
use openraft::storage::{LeaderBoundedStreamError, LeaderBoundedStreamResult};
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::vec;

/// How much of the log a stream holds in memory.
const PIECE_BYTES: usize = 1 << 20;

impl LogStore {
    /// The entries of a range that are there, from its start on: all, or as many as fit into `max_bytes`, but one at least.
    async fn read(&self, range: Range<u64>, max_bytes: usize) -> io::Result<Vec<Entry>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let recent = self.tail.lock().read(&range, max_bytes);
        if let Some(entries) = recent {
            return Ok(entries);
        }
        let stored = self.read_stored(range, max_bytes).await?;
        Ok(stored.iter().map(decode_entry).collect::<Result<_, _>>()?)
    }

    /// The same from the shared log, as it is stored.
    pub(super) async fn read_stored(
        &self,
        range: Range<u64>,
        max_bytes: usize,
    ) -> io::Result<Vec<wal::Entry>> {
        let (wal, group) = (self.wal.clone(), self.group);
        let read = move || wal.read(group, range, max_bytes).map_err(io::Error::other);
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    }
}

impl<O: Send + Sync + 'static> RaftLogReader<TypeConfig<O>> for LogStore {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        self.read(half_open(&range), usize::MAX).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.read(start..end, PIECE_BYTES).await
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        self.vote()
    }

    async fn entries_stream<R>(&mut self, range: R) -> impl Stream<Item = io::Result<Entry>> + Send
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        Box::pin(stream::try_unfold(Cursor::new(self.clone(), &range), async |mut cursor| {
            Ok(cursor.next().await?.map(|entry| (entry, cursor)))
        }))
    }

    async fn leader_bounded_stream<R>(
        &mut self,
        leader: LeaderId,
        range: R,
    ) -> impl Stream<Item = LeaderBoundedStreamResult<TypeConfig<O>>> + Send
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        let cursor = Cursor::new(self.clone(), &range);
        Box::pin(stream::try_unfold((cursor, leader), async |(mut cursor, leader)| {
            let Some(entry) = cursor.next().await? else { return Ok(None) };
            cursor.still_led_by::<O>(leader)?;
            Ok(Some((entry, (cursor, leader))))
        }))
    }
}

/// A place in the log from which a stream reads on.
struct Cursor {
    log: LogStore,
    rest: Range<u64>,
    piece: vec::IntoIter<Entry>,
}

impl Cursor {
    fn new(log: LogStore, range: &impl RangeBounds<u64>) -> Cursor {
        Cursor { log, rest: half_open(range), piece: Vec::new().into_iter() }
    }

    async fn next(&mut self) -> io::Result<Option<Entry>> {
        if self.piece.as_slice().is_empty() {
            let piece = self.log.read(self.rest.clone(), PIECE_BYTES).await?;
            let (Some(first), Some(last)) = (piece.first(), piece.last()) else { return Ok(None) };
            // Whoever applies what follows a hole has another state than the others, and does not know.
            if first.log_id.index != self.rest.start {
                let (start, first) = (self.rest.start, first.log_id.index);
                return Err(io::Error::other(format!(
                    "entry {start} is gone from the log, which begins at {first}"
                )));
            }
            self.rest.start = last.log_id.index + 1;
            self.piece = piece.into_iter();
        }
        Ok(self.piece.next())
    }

    /// Entries may only be sent in the name of the leader that this node still follows: another may have cut the log.
    fn still_led_by<O: Send + Sync + 'static>(
        &self,
        leader: LeaderId,
    ) -> Result<(), LeaderBoundedStreamError<TypeConfig<O>>> {
        let vote = self.log.vote()?;
        if vote.is_some_and(|vote| vote.committed && vote.leader_id == leader) {
            return Ok(());
        }
        Err(LeaderChanged::new(leader, vote).into())
    }
}

fn half_open(range: &impl RangeBounds<u64>) -> Range<u64> {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => u64::MAX,
    };
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Position;
    use crate::raft::codec::{encode_entry, encode_position};
    use futures::StreamExt;
    use openraft::EntryPayload;
    use wal::{GroupId, Options, Wal};

    const GROUP: GroupId = GroupId(1);

    fn entry(index: u64) -> Entry {
        let log_id = Position { term: 1, node: 1, index }.into();
        Entry { log_id, payload: EntryPayload::Blank }
    }

    #[tokio::test]
    async fn a_stream_does_not_begin_later_than_it_was_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let (wal, _) =
            Wal::open(folder.path(), Options { segment_bytes: 256 << 10, ..Options::default() }).unwrap();
        wal.append(GROUP, (0..5).map(|index| encode_entry(&entry(index))).collect(), Box::new(drop)).unwrap();
        wal.purge_to(GROUP, 1, encode_position(entry(1).log_id.into())).unwrap();
        let mut log = LogStore::new(wal.clone(), GROUP, None);
        let mut read = async |range: Range<u64>| {
            let stream = RaftLogReader::<TypeConfig<()>>::entries_stream(&mut log, range).await;
            stream.map(|entry| entry.map(|entry| entry.log_id.index).ok()).collect::<Vec<_>>().await
        };
        assert_eq!(read(2..9).await, [Some(2), Some(3), Some(4)]);
        assert_eq!(read(5..9).await, []);
        assert_eq!(read(1..9).await, [None]);
        wal.close();
    }
}
