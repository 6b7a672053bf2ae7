//! Access lists.

use crate::{EditKey, Revision};
use base::{DocId, Level, UserId};

/// A request to grant or to take away access.
#[derive(Debug, Clone)]
pub struct Share {
    /// The document.
    pub id: DocId,
    /// Who gets it.
    pub principal: UserId,
    /// The new level, at most [`Level::Admin`]; `None` takes access away.
    pub level: Option<Level>,
    /// Makes a retry the same grant.
    pub key: EditKey,
}

/// Who may do what with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whose it is: holds [`Level::Owner`].
    pub owner: UserId,
    /// Everyone else, by user id.
    pub entries: Vec<AccessEntry>,
    /// Where this was so already.
    pub revision: Revision,
}

/// One line of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEntry {
    /// Who.
    pub principal: UserId,
    /// What they may do.
    pub level: Level,
}
