//! The documents that the clients work on.
//!
//! A place always has one document. When that has as many marks as it should, somebody puts a new one of the same owner
//! in its place, which is therefore in the same shard.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use rand::Rng;

use crate::history::{Answer, Document, Revision, ShardId};

/// Tokens are told apart by their place among those of the plan.
pub type User = usize;

/// A document.
#[derive(Debug)]
pub struct Paper {
    /// Its id.
    pub id: Document,
    /// Its owner.
    pub user: User,
    /// Where it is, if the hub told.
    pub shard: Option<ShardId>,
    /// The newest version that anybody was told.
    version: AtomicU64,
    /// How many marks were sent here.
    marks: AtomicU64,
    /// Somebody makes its successor.
    leaving: AtomicBool,
}

/// All documents.
#[derive(Debug, Default)]
pub struct Places {
    current: RwLock<Vec<Arc<Paper>>>,
    all: Mutex<Vec<Arc<Paper>>>,
    newest: Mutex<BTreeMap<ShardId, u64>>,
}

impl Paper {
    /// A document that has just been created, with one mark.
    pub fn new(id: Document, user: User, answer: &Answer) -> Paper {
        Paper {
            id,
            user,
            shard: answer.revision.map(|revision| revision.shard),
            version: AtomicU64::new(answer.version.unwrap_or(1)),
            marks: AtomicU64::new(1),
            leaving: AtomicBool::new(false),
        }
    }

    /// The path of its REST resource.
    pub fn path(&self) -> String {
        format!("/documents/{}", self.id)
    }

    /// The newest version that anybody was told.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Somebody was told this version.
    pub fn told(&self, version: u64) {
        self.version.fetch_max(version, Ordering::Relaxed);
    }

    /// Counts a mark that is about to be sent.
    pub fn count(&self) {
        self.marks.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the caller is to make a successor: it has enough marks, and nobody is at it.
    pub fn should_leave(&self, marks: u64) -> bool {
        self.marks.load(Ordering::Relaxed) >= marks && !self.leaving.swap(true, Ordering::Relaxed)
    }

    /// Nothing came of a successor; somebody else may try.
    pub fn stays(&self) {
        self.leaving.store(false, Ordering::Relaxed);
    }
}

impl Places {
    /// A document of a founder, in a new place.
    pub fn found(&self, paper: Arc<Paper>) {
        self.know(paper.clone());
        self.current.write().push(paper);
    }

    /// A document that is read at the end, and that nobody works on.
    pub fn know(&self, paper: Arc<Paper>) {
        self.all.lock().push(paper);
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.current.read().len()
    }

    /// The document of a place.
    pub fn at(&self, place: usize) -> Arc<Paper> {
        self.current.read()[place].clone()
    }

    /// Any place.
    pub fn any(&self, dice: &mut impl Rng) -> usize {
        dice.random_range(0..self.len())
    }

    /// Puts a successor into a place.
    pub fn succeed(&self, place: usize, paper: Arc<Paper>) {
        self.know(paper.clone());
        self.current.write()[place] = paper;
    }

    /// Every document that ever was, in the order of their creation.
    pub fn all(&self) -> Vec<Arc<Paper>> {
        self.all.lock().clone()
    }

    /// Somebody was told a revision.
    pub fn revision(&self, told: Revision) {
        let mut newest = self.newest.lock();
        let index = newest.entry(told.shard).or_default();
        *index = told.index.max(*index);
    }

    /// The newest revision of a shard that anybody was told.
    pub fn newest(&self, shard: ShardId) -> Option<Revision> {
        self.newest.lock().get(&shard).map(|index| Revision { shard, index: *index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_gets_one_successor_at_a_time() {
        let places = Places::default();
        let revision = Some(Revision { shard: ShardId(2), index: 5 });
        let answer = Answer { version: Some(1), revision, ..Answer::default() };
        let first = Arc::new(Paper::new("a".into(), 0, &answer));
        places.found(first.clone());
        assert!(!first.should_leave(2));
        first.count();
        assert!(first.should_leave(2) && !first.should_leave(2), "one makes the successor");
        first.stays();
        assert!(first.should_leave(2));
        places.succeed(0, Arc::new(Paper::new("b".into(), 0, &answer)));
        assert_eq!((places.len(), &*places.at(0).id), (1, "b"));
        let all: Vec<_> = places.all().iter().map(|paper| paper.id.to_string()).collect();
        assert_eq!(all, ["a", "b"]);
    }

    #[test]
    fn the_newest_revision_never_goes_back() {
        let places = Places::default();
        let told = |shard, index| Revision { shard: ShardId(shard), index };
        [told(1, 7), told(1, 3), told(2, 4)].into_iter().for_each(|told| places.revision(told));
        assert_eq!(places.newest(ShardId(1)), Some(told(1, 7)));
        assert_eq!(places.newest(ShardId(2)), Some(told(2, 4)));
        assert_eq!(places.newest(ShardId(3)), None);
    }
}
