//! What a principal may do with a document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An access level. Each includes those before it. Numbers are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccessLevel")]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// See the document, its history and who wrote it.
    Read = 1,
    /// Change its content, its name and its labels.
    Write = 2,
    /// Share it.
    Admin = 3,
    /// Delete it. Held by the owner alone, never granted by a share.
    Owner = 4,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Level; 4] = [Level::Read, Level::Write, Level::Admin, Level::Owner];

    /// The level with a stored number.
    pub fn from_number(number: u8) -> Option<Level> {
        Level::ALL.into_iter().find(|level| *level as u8 == number)
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Read => "read",
            Level::Write => "write",
            Level::Admin => "admin",
            Level::Owner => "owner",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_are_pinned_and_ordered() {
        for (level, number) in Level::ALL.into_iter().zip(1..) {
            assert_eq!(level as u8, number);
            assert_eq!(Level::from_number(number), Some(level));
        }
        assert!(Level::Read < Level::Write && Level::Admin < Level::Owner);
        assert_eq!(Level::from_number(0), None);
    }
}
