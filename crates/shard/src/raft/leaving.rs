//! What is left of a replica that leaves its node: its promises.
//!
//! A node that voted, or took entries in, has promised something that holds for as long as its id may come back to the group.
//! Its log goes when its replica leaves; what the log promised is small and stays. With it a later replica under the same
//! id votes for nobody against whom the first one would have voted, as if it had the log still.

use super::Position;
use super::codec::encode_vote;
use super::log_store::LogStore;
use super::types::{LeaderId, LogId, Vote};
use serde::{Deserialize, Serialize};
use std::io;
use tokio::sync::oneshot;
use wal::{Done, GroupId, Wal};

/// What a replica promised while it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its last vote.
    vote: Option<Voted>,
    /// The end of its log: what comes up to here was taken in, and may rest on it.
    last: Option<Position>,
}

/// A vote: the term, for whom, and whether a quorum agreed. They are in the order of votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Voted {
    term: u64,
    node: u64,
    committed: bool,
}

impl From<Vote> for Voted {
    fn from(vote: Vote) -> Voted {
        let LeaderId { term, node_id } = vote.leader_id;
        Voted { term, node: node_id, committed: vote.committed }
    }
}

impl From<Voted> for Vote {
    fn from(Voted { term, node, committed }: Voted) -> Vote {
        Vote { leader_id: LeaderId { term, node_id: node }, committed }
    }
}

impl Promise {
    /// What the log of a group holds, which does not run.
    ///
    /// Errors: the log cannot be read, or is damaged.
    pub async fn of(wal: &Wal, group: GroupId) -> io::Result<Promise> {
        let log = LogStore::new(wal.clone(), group, None);
        let vote = log.vote()?.map(Voted::from);
        Ok(Promise { vote, last: log.last().await?.map(Position::from) })
    }

    /// Both together.
    pub fn and(self, other: Promise) -> Promise {
        Promise { vote: self.vote.max(other.vote), last: self.last.max(other.last) }
    }

    /// The end of the log that is gone.
    pub fn last(&self) -> Option<Position> {
        self.last
    }

    /// Puts the vote into the log of a group that is about to be started again, unless a later one is there.
    pub async fn renew(&self, wal: &Wal, group: GroupId) -> io::Result<()> {
        let present = LogStore::new(wal.clone(), group, None).vote()?.map(Voted::from);
        match self.vote.filter(|&vote| present < Some(vote)) {
            None => Ok(()),
            Some(vote) => on_disk(|done| wal.save_vote(group, encode_vote(&vote.into()), done)).await,
        }
    }
}

/// Drops the log of a group, damaged or not. That it is gone is on disk when this returns.
pub async fn forget(wal: &Wal, group: GroupId) -> io::Result<()> {
    on_disk(|done| wal.drop_group(group, done)).await
}

/// Submits something to the log, and waits until it is on disk.
async fn on_disk(submit: impl FnOnce(Done) -> Result<(), wal::WriteError>) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // Nobody listens any more if what it was for was given up.
    submit(Box::new(move |synced| drop(tell.send(synced)))).map_err(io::Error::other)?;
    told.await.map_err(|_| io::Error::other("the log was closed before it was written"))?
}

/// Whether a candidate lacks what an earlier replica of this node took in: that may rest on this node, which would not have
/// voted for it with the log that is gone.
pub(super) fn lacks(candidate: Option<LogId>, promised: Option<LogId>) -> bool {
    candidate < promised
}

#[cfg(test)]
mod tests {
    use super::*;
    use wal::Options;

    const GROUP: GroupId = GroupId(3);

    fn at(term: u64, index: u64) -> Position {
        Position { term, node: 1, index }
    }

    #[test]
    fn the_later_of_two_promises_counts() {
        let vote = |term, committed| Some(Voted { term, node: 2, committed });
        let earlier = Promise { vote: vote(4, true), last: Some(at(4, 90)) };
        let later = Promise { vote: vote(5, false), last: Some(at(3, 99)) };
        let both = Promise { vote: vote(5, false), last: Some(at(4, 90)) };
        assert_eq!(earlier.and(later), both);
        assert_eq!(Promise::default().and(both), both);
    }

    #[test]
    fn who_lacks_what_was_taken_in_is_known() {
        let id = |term, index| Some(LogId::from(at(term, index)));
        assert!(lacks(id(4, 90), id(4, 91)) && lacks(None, id(1, 0)) && lacks(id(3, 99), id(4, 1)));
        assert!(!lacks(id(5, 1), id(4, 91)) && !lacks(id(4, 91), id(4, 91)) && !lacks(None, None));
    }

    #[tokio::test]
    async fn a_vote_outlives_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let (wal, _) = Wal::open(folder.path(), Options::default()).unwrap();
        let voted = Promise { vote: Some(Voted { term: 7, node: 2, committed: true }), last: None };
        voted.renew(&wal, GROUP).await.unwrap();
        assert_eq!(Promise::of(&wal, GROUP).await.unwrap(), voted);
        // An older one does not take its place.
        let older = Promise { vote: Some(Voted { term: 6, node: 3, committed: true }), last: None };
        older.renew(&wal, GROUP).await.unwrap();
        assert_eq!(Promise::of(&wal, GROUP).await.unwrap(), voted);
        forget(&wal, GROUP).await.unwrap();
        assert_eq!(Promise::of(&wal, GROUP).await.unwrap(), Promise::default());
        assert_eq!(wal.groups(), []);
        voted.renew(&wal, GROUP).await.unwrap();
        assert_eq!(Promise::of(&wal, GROUP).await.unwrap(), voted);
    }
}
