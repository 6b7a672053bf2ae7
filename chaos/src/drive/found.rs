//! The first documents: on every shard that is to have some, or anywhere.
//!
//! Where a document is, its owner decides, and the hub tells. So each user creates one; whoever turns out to be in a shard
//! that still needs documents creates the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::DriveError;
use super::places::User;
use super::session::Session;
use crate::history::ShardId;

/// Who is to create the next document, and whether it is to be kept in a place.
#[derive(Debug)]
pub struct Founding {
    /// How many documents a shard still needs.
    wanted: BTreeMap<ShardId, usize>,
    /// Where documents of a user are.
    known: BTreeMap<User, ShardId>,
    users: usize,
}

impl Founding {
    /// `each` documents on each of the shards, by so many users.
    pub fn new(shards: &[ShardId], each: usize, users: usize) -> Founding {
        let wanted = shards.iter().map(|shard| (*shard, each)).filter(|_| each > 0).collect();
        Founding { wanted, known: BTreeMap::new(), users }
    }

    /// The user who creates next: one whose shard needs a document, or one of whom nothing is known. Nobody, when all
    /// is there, or nobody can help.
    pub fn next(&self) -> Option<User> {
        if self.wanted.is_empty() {
            return None;
        }
        let fitting = self.known.iter().find(|(_, shard)| self.wanted.contains_key(shard));
        fitting.map(|(user, _)| *user).or_else(|| (0..self.users).find(|user| !self.known.contains_key(user)))
    }

    /// A document of a user is in this shard. Whether it is needed there.
    pub fn created(&mut self, user: User, shard: ShardId) -> bool {
        self.known.insert(user, shard);
        let Some(left) = self.wanted.get_mut(&shard) else { return false };
        *left -= 1;
        if *left == 0 {
            self.wanted.remove(&shard);
        }
        true
    }

    /// Shards that still need documents.
    pub fn missing(&self) -> BTreeSet<ShardId> {
        self.wanted.keys().copied().collect()
    }
}

/// Creates the documents of all places.
pub async fn found(founder: &mut Session, shards: &[ShardId], each: usize) -> Result<(), DriveError> {
    let scene = founder.scene.clone();
    let users = scene.tokens.len();
    if shards.is_empty() {
        for number in 0..each {
            let paper = founder.create(number % users).await?.ok_or(DriveError::NoDocument)?;
            scene.places.found(paper);
        }
        return Ok(());
    }
    let mut founding = Founding::new(shards, each, users);
    while let Some(user) = founding.next() {
        let paper = founder.create(user).await?.ok_or(DriveError::NoDocument)?;
        let shard = paper.shard.ok_or(DriveError::NoRevision)?;
        match founding.created(user, shard) {
            true => scene.places.found(paper),
            false => scene.places.know(paper),
        }
    }
    let missing = founding.missing();
    if missing.is_empty() { Ok(()) } else { Err(DriveError::FewUsers { users, missing }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_shard_with_a_user_gets_its_documents(
            homes in prop::collection::vec(0..6_u32, 1..30),
            shards in prop::collection::btree_set(0..6_u32, 1..6),
            each in 1..4_usize,
        ) {
            let shards: Vec<ShardId> = shards.into_iter().map(ShardId).collect();
            let mut founding = Founding::new(&shards, each, homes.len());
            let (mut kept, mut made) = (BTreeMap::new(), 0);
            while let Some(user) = founding.next() {
                made += 1;
                prop_assert!(made <= homes.len() + shards.len() * each);
                if founding.created(user, ShardId(homes[user])) {
                    *kept.entry(ShardId(homes[user])).or_insert(0) += 1;
                }
            }
            for shard in shards {
                let has_user = homes.contains(&shard.0);
                prop_assert_eq!(kept.get(&shard).copied().unwrap_or(0), if has_user { each } else { 0 });
                prop_assert_eq!(founding.missing().contains(&shard), !has_user);
            }
        }
    }
}
