//! Places in the change feed of a shard.

/// Where a record of a shard's feed stands: in the order of the log. Of a reader: the last place that it has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedPlace {
    /// The log entry.
    pub index: u64,
    /// The record within the entry, from 0.
    pub number: u32,
}

impl FeedPlace {
    /// Before every record.
    pub const START: FeedPlace = FeedPlace { index: 0, number: 0 };

    /// Behind every record that a log entry can have.
    pub fn behind(index: u64) -> FeedPlace {
        FeedPlace { index, number: u32::MAX }
    }
}
