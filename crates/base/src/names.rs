//! Names of tenants and users, as tokens carry them.
//!
//! The grammar leaves `:` free, so that other kinds of principals (`group:…`, `agent:…`) can be told from users.

use std::fmt;
use std::sync::Arc;

/// The longest name of a tenant or a user, in bytes: its length fits the one byte that stored keys give it.
pub const NAME_BYTES_MAX: usize = 128;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or more than 128 bytes.
    #[error("{what} ids have 1 to {NAME_BYTES_MAX} characters, this one has {length}")]
    Length {
        /// What was to be named.
        what: &'static str,
        /// The bytes that it has.
        length: usize,
    },
    /// A character that no name has.
    #[error("{what} ids hold ASCII letters, digits and . _ - @ + only, this one holds {found:?}")]
    Character {
        /// What was to be named.
        what: &'static str,
        /// The first offender.
        found: char,
    },
}

fn check(what: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return Err(NameError::Length { what, length: text.len() });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    match text.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(NameError::Character { what, found }),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes a text for a name, if it keeps to the grammar.
            pub fn new(text: &str) -> Result<$type, NameError> {
                check($what, text)?;
                Ok($type(text.into()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$type, NameError> {
                $type::new(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                crate::json::from_text(deserializer)
            }
        }
    };
}

name! {
    /// A tenant: the wall that no request ever crosses. It comes from the credential alone.
    TenantId, "tenant"
}
name! {
    /// A user within a tenant.
    UserId, "user"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_kept() {
        assert!(UserId::new("ada@example.org").is_ok());
        assert!(UserId::new(&"x".repeat(128)).is_ok());
        assert!(matches!(UserId::new(""), Err(NameError::Length { length: 0, .. })));
        assert!(matches!(UserId::new(&"x".repeat(129)), Err(NameError::Length { .. })));
        let colon = UserId::new("group:x");
        assert!(matches!(colon, Err(NameError::Character { found: ':', .. })));
        assert!(TenantId::new("zoë").is_err());
    }
}
