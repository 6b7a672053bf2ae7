//! Who may do what with a live document, as it is stored: read once for all who follow, and again when it has changed.

use crate::documents::{Fault, access_list, words};
use crate::machine::Generation;
use crate::shard::Shard;
use crate::store::{DocKey, Head, Lookup, Space, key};
use base::{Level, UserId};

/// What a user is to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is no such document, and never was: a client that brings one makes it.
    Vacant,
    /// Nothing that this user may know of.
    Closed,
    /// The document is there, and this is what the user may do.
    Open(Level),
}

/// Who may do what, in one generation.
pub struct Access {
    generation: Generation,
    place: Place,
}

enum Place {
    Vacant,
    Deleted,
    Here {
        owner: UserId,
        /// Sorted by name.
        list: Vec<(UserId, Level)>,
    },
}

impl Access {
    /// What is stored now.
    pub fn read(shard: &Shard, doc: &DocKey) -> Result<Access, Fault> {
        // Before the store is read: a change meanwhile makes what was read stale, never the other way round.
        let generation = shard.machine.generations().of_access(doc.id);
        let view = shard.machine.store().view();
        let record = crate::store::StoreView::get(&view, Space::Documents, &key::head(&doc.prefix()))?;
        let place = match record.map(|bytes| Head::from_record(&bytes)).transpose()? {
            // Ids that the hub mints are minted with their document.
            None if doc.id.is_minted_by_hub() => Place::Deleted,
            None => Place::Vacant,
            Some(head) if head.deleted_ms.is_some() => Place::Deleted,
            Some(head) => Place::Here { owner: words(&head)?.owner, list: access_list(&view, doc)? },
        };
        Ok(Access { generation, place })
    }

    /// Whether nothing has changed since it was read.
    pub fn is_current(&self, shard: &Shard, doc: &DocKey) -> bool {
        self.generation == shard.machine.generations().of_access(doc.id)
    }

    /// What a user is to the document.
    pub fn standing(&self, user: &UserId) -> Standing {
        match &self.place {
            Place::Vacant => Standing::Vacant,
            Place::Deleted => Standing::Closed,
            Place::Here { owner, .. } if owner == user => Standing::Open(Level::Owner),
            Place::Here { list, .. } => match list.binary_search_by(|(name, _)| name.cmp(user)) {
                Ok(found) => Standing::Open(list[found].1),
                Err(_) => Standing::Closed,
            },
        }
    }

    /// Bytes of memory that it takes, about.
    pub fn weight(&self) -> usize {
        match &self.place {
            Place::Here { list, .. } => list.len() * 64,
            Place::Vacant | Place::Deleted => 0,
        }
    }
}
