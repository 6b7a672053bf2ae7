//! Revisions: how far a shard was when it answered.

use base::ShardId;
use std::fmt;
use std::str::FromStr;

/// A place in the log of a shard at which a state was there already. Whoever has seen one and names it when they read sees
/// nothing older, whichever replica answers.
///
/// It is written `SHARD.INDEX`, both in decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision {
    /// The shard.
    pub shard: ShardId,
    /// The index in its log.
    pub index: u64,
}

/// A text that is no revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a revision is written SHARD.INDEX, as in 3.4711; give it as an answer gave it")]
pub struct RevisionError;

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.shard.0, self.index)
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    /// Reads what is written, and nothing else: no sign, no zeros before a number.
    fn from_str(text: &str) -> Result<Revision, RevisionError> {
        let (shard, index) = text.split_once('.').ok_or(RevisionError)?;
        if ![shard, index].into_iter().all(is_plain) {
            return Err(RevisionError);
        }
        let shard = shard.parse().map(ShardId).map_err(|_| RevisionError)?;
        Ok(Revision { shard, index: index.parse().map_err(|_| RevisionError)? })
    }
}

fn is_plain(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_revision_is_read_back(shard in any::<u32>(), index in any::<u64>()) {
            let revision = Revision { shard: ShardId(shard), index };
            prop_assert_eq!(revision.to_string().parse(), Ok(revision));
        }

        #[test]
        fn a_text_is_refused_or_is_what_is_written(text in "[0-9.+ -]{0,24}") {
            if let Ok(revision) = text.parse::<Revision>() {
                prop_assert_eq!(revision.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_revision_is_refused() {
        for text in [
            "",
            ".",
            "3",
            "3.",
            ".4",
            "3.4.5",
            "+3.4",
            "03.4",
            "3.04",
            "3,4",
            "4294967296.1",
            "0.18446744073709551616",
            "a.b",
        ] {
            assert_eq!(text.parse::<Revision>(), Err(RevisionError), "{text:?}");
        }
        assert_eq!("0.0".parse(), Ok(Revision { shard: ShardId(0), index: 0 }));
    }
}
