//! openraft's log and vote on one group of the node's shared log.
//!
//! All of a group's writes go through the shared log's queue in the order in which openraft makes them, votes among
//! entries, so that none reaches the disk before an earlier one. Only a vote is waited for here; an append reports back
//! from the log's writer thread, and notes of what is committed, cut or purged ride along with the next commit.

use super::ballots::Ballots;
use super::codec::{
    decode_position, decode_vote, encode_entry, encode_position, encode_vote, position_of_entry,
};
use super::durable::Durable;
use super::pace::Pace;
use super::tail::Tail;
use super::types::{Entry, LogId, TypeConfig, Vote};
use openraft::LogState;
use openraft::storage::{IOFlushed, RaftLogStorage};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use wal::{Done, GroupId, TryAppendError, Wal};

/// Enough for what is between append and apply; what lags further behind reads the log.
const TAIL_BYTES: usize = 4 << 20;

/// The log of one group. Clones share it, and read it.
#[derive(Clone)]
pub(super) struct LogStore {
    pub(super) wal: Wal,
    pub(super) group: GroupId,
    pub(super) tail: Arc<Mutex<Tail>>,
    appended_bytes: Arc<AtomicU64>,
    pace: Arc<Mutex<Pace>>,
    ballots: Arc<Mutex<Ballots>>,
    durable: Arc<Mutex<Durable>>,
    /// The end of a log of the same group that this node had before.
    pub(super) promised: Option<LogId>,
}

impl LogStore {
    /// The log as it is; what was appended before is on the disk.
    pub(super) fn new(wal: Wal, group: GroupId, promised: Option<LogId>) -> LogStore {
        let state = wal.state(group);
        let last = state.last.map(|(index, _)| index).or(state.purged.map(|(index, _)| index));
        let tail = Arc::new(Mutex::new(Tail::new(TAIL_BYTES)));
        LogStore {
            wal,
            group,
            tail,
            appended_bytes: Arc::default(),
            pace: Arc::default(),
            ballots: Arc::default(),
            durable: Arc::new(Mutex::new(Durable::upto(last))),
            promised,
        }
    }

    /// The bytes of all entries that were appended since this process started.
    pub(super) fn appended_bytes(&self) -> u64 {
        self.appended_bytes.load(Ordering::Relaxed)
    }

    /// The last entry that is known to be on the disk, purged or not.
    pub(super) fn durable(&self) -> Option<u64> {
        self.durable.lock().last()
    }

    /// The vote that this node gave to another in the same term, before `vote`.
    pub(super) fn voted_before(&self, vote: Vote) -> Option<Vote> {
        self.ballots.lock().given_before(vote)
    }

    /// How long ago the first entry after `matched` was appended.
    pub(super) fn late(&self, matched: Option<u64>, now: Instant) -> Duration {
        self.pace.lock().late(matched, now)
    }

    /// The last entry, purged or not.
    pub(super) async fn last(&self) -> io::Result<Option<LogId>> {
        match self.wal.state(self.group).last {
            Some((index, _)) => self.log_id_at(index).await.map(Some),
            None => self.purged(),
        }
    }

    pub(super) fn vote(&self) -> io::Result<Option<Vote>> {
        let vote = self.wal.state(self.group).vote;
        Ok(vote.as_deref().map(decode_vote).transpose()?)
    }

    /// The last purged entry.
    pub(super) fn purged(&self) -> io::Result<Option<LogId>> {
        let Some((_, position)) = self.wal.state(self.group).purged else { return Ok(None) };
        Ok(Some(decode_position(&position)?.into()))
    }

    /// Appends to a log that may be full, without holding up the runtime's thread meanwhile.
    async fn append_when_room(&self, mut entries: Vec<wal::Entry>, mut done: Done) -> io::Result<()> {
        loop {
            match self.wal.try_append(self.group, entries, done) {
                Ok(()) => return Ok(()),
                Err(TryAppendError::Refused(error)) => return Err(io::Error::other(error)),
                Err(TryAppendError::Full(again, and_done)) => (entries, done) = (again, and_done),
            }
            let (ready, room) = oneshot::channel();
            // No one waits any more if the group was stopped meanwhile.
            self.wal.when_room(Box::new(move || {
                let _gone = ready.send(());
            }));
            // A log that is gone says so at the next attempt.
            let _ = room.await;
        }
    }

    async fn log_id_at(&self, index: u64) -> io::Result<LogId> {
        let entries = self.read_stored(index..index + 1, usize::MAX).await?;
        let entry =
            entries.first().ok_or_else(|| io::Error::other(format!("entry {index} is not in the log")))?;
        Ok(position_of_entry(entry)?.into())
    }
}

impl<O: Send + Sync + 'static> RaftLogStorage<TypeConfig<O>> for LogStore {
    type LogReader = LogStore;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig<O>>> {
        Ok(LogState { last_purged_log_id: self.purged()?, last_log_id: self.last().await? })
    }

    async fn get_log_reader(&mut self) -> LogStore {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.ballots.lock().note(self.vote()?, *vote);
        let (saved, durable) = oneshot::channel();
        // No one waits any more if the group was stopped meanwhile; the vote is saved all the same.
        let done = Box::new(move |result| drop(saved.send(result)));
        self.wal.save_vote(self.group, encode_vote(vote), done).map_err(io::Error::other)?;
        durable.await.map_err(|_| io::Error::other("the log was closed before the vote was saved"))?
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let Some(committed) = committed else { return Ok(()) };
        self.wal.save_committed(self.group, encode_position(committed.into())).map_err(io::Error::other)
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        let Some(committed) = self.wal.state(self.group).committed else { return Ok(None) };
        Ok(Some(decode_position(&committed)?.into()))
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<TypeConfig<O>>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let stored: Vec<wal::Entry> = entries.iter().map(encode_entry).collect();
        let bytes: usize = stored.iter().map(|entry| entry.payload.len()).sum();
        let last = entries.last().map(|entry| entry.log_id.index);
        let (durable, cuts) = (self.durable.clone(), self.durable.lock().cuts());
        let done = Box::new(move |result: io::Result<()>| {
            if let (Ok(()), Some(last)) = (&result, last) {
                durable.lock().note(last, cuts);
            }
            flushed.io_completed(result);
        });
        self.append_when_room(stored, done).await?;
        self.tail.lock().push(entries);
        if let Some(last) = last {
            self.pace.lock().note(last, Instant::now());
        }
        self.appended_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn truncate_after(&mut self, last_kept: Option<LogId>) -> io::Result<()> {
        let last_kept = last_kept.map(|id| id.index);
        self.tail.lock().truncate_after(last_kept);
        self.durable.lock().cut(last_kept);
        // Whatever is appended in its place comes later in the log's queue, and is waited for.
        self.wal.truncate_after(self.group, last_kept, Box::new(drop)).map_err(io::Error::other)
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.tail.lock().purge_to(upto.index);
        // It is in a snapshot, also where it never was in this log.
        let mut durable = self.durable.lock();
        let cuts = durable.cuts();
        durable.note(upto.index, cuts);
        drop(durable);
        self.wal.purge_to(self.group, upto.index, encode_position(upto.into())).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::sync::mpsc;
    use wal::Options;

    const GROUP: GroupId = GroupId(1);

    fn entry(index: u64, payload_bytes: usize) -> wal::Entry {
        wal::Entry { index, term: 1, payload: Bytes::from(vec![1; payload_bytes]) }
    }

    /// The runtime has one thread: were it blocked by the append, nobody could let the log's writer go on.
    #[tokio::test(flavor = "current_thread")]
    async fn a_full_log_does_not_block_the_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let (wal, _) = Wal::open(folder.path(), Options { queue_bytes: 100, ..Options::default() }).unwrap();
        let store = LogStore::new(wal.clone(), GROUP, None);
        let (let_go, held) = mpsc::channel::<()>();
        // The writer stands still in a callback until it is let go.
        wal.append(GROUP, vec![entry(1, 1)], Box::new(move |_| held.recv().unwrap())).unwrap();
        wal.append(GROUP, vec![entry(2, 1000)], Box::new(drop)).unwrap();
        let (saved, durable) = oneshot::channel();
        let appending = store.append_when_room(vec![entry(3, 10)], Box::new(move |it| drop(saved.send(it))));
        let others = async {
            tokio::task::yield_now().await;
            assert_eq!(wal.state(GROUP).last, Some((2, 1)), "it waits for room");
            let_go.send(()).unwrap();
        };
        let (appended, ()) = tokio::join!(appending, others);
        appended.unwrap();
        durable.await.unwrap().unwrap();
        assert_eq!(wal.state(GROUP).last, Some((3, 1)));
    }
}
