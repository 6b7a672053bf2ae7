//! What the source document claims, line by line.

/// Whether less or more than what is claimed is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The claim is met by less.
    Below,
    /// The claim is met by as much, or more.
    AtLeast,
}

/// One line.
#[derive(Debug, PartialEq)]
pub struct Claim {
    /// What figures call it.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Its number.
    pub number: f64,
    /// The unit of the number.
    pub unit: &'static str,
    /// How the number is meant.
    pub bound: Bound,
}

impl Claim {
    /// Whether a number does what is claimed.
    pub fn met_by(&self, number: f64) -> bool {
        match self.bound {
            Bound::Below => number < self.number,
            Bound::AtLeast => number >= self.number,
        }
    }
}

const fn below(name: &'static str, says: &'static str, number: f64, unit: &'static str) -> Claim {
    Claim { name, says, number, unit, bound: Bound::Below }
}

const fn at_least(name: &'static str, says: &'static str, number: f64, unit: &'static str) -> Claim {
    Claim { name, says, number, unit, bound: Bound::AtLeast }
}

/// A read of what is in memory.
pub const READ_CACHED: Claim = below("claims.read_cached", "document read, cache: below 1 ms", 1.0, "ms");
/// A read of what is on the disk.
pub const READ_STORED: Claim =
    below("claims.read_stored", "document read, database: below 10 ms", 10.0, "ms");
/// A create.
pub const CREATE: Claim = below("claims.create_p99", "document create: p99 below 50 ms", 50.0, "ms");
/// An update.
pub const UPDATE: Claim = below("claims.update_p99", "document update: p99 below 30 ms", 30.0, "ms");
/// A search.
pub const SEARCH: Claim = below("claims.search_p99", "search: p99 below 100 ms", 100.0, "ms");
/// Writes of a shard.
pub const WRITES: Claim = at_least("claims.writes", "writes: 10,000/s a shard", 10_000.0, "writes/s");
/// Reads of a shard.
pub const READS: Claim = at_least("claims.reads", "reads: 100,000/s a shard", 100_000.0, "reads/s");
/// Open sockets.
pub const SOCKETS: Claim = at_least("claims.sockets", "open WebSockets: 1,000,000 at once", 1e6, "sockets");
/// Shards.
pub const SHARDS: Claim = at_least("claims.shards", "shards: more than 1,000", 1_000.0, "shards");
/// Users of a shard.
pub const USERS: Claim = at_least("claims.users", "users: 50,000 a shard", 50_000.0, "users");
/// Data of a shard.
pub const DATA: Claim = at_least("claims.data", "data: 100 GB a shard", 100.0, "GB");
/// How long a failover takes.
pub const FAILOVER: Claim = below("claims.failover", "failover: recovered within 30 s", 30.0, "s");
/// What a failover loses.
pub const LOST: Claim = below("claims.lost", "failover: less than 1 s of writes lost", 1.0, "s");

/// The whole table, in its order.
#[cfg(test)]
pub const TABLE: [&Claim; 13] = [
    &READ_CACHED,
    &READ_STORED,
    &CREATE,
    &UPDATE,
    &SEARCH,
    &WRITES,
    &READS,
    &SOCKETS,
    &SHARDS,
    &USERS,
    &DATA,
    &FAILOVER,
    &LOST,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_name_of_its_own() {
        let mut names: Vec<_> = TABLE.iter().map(|claim| claim.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn below_is_less_and_at_least_is_not_less() {
        assert!(CREATE.met_by(49.9) && !CREATE.met_by(50.0));
        assert!(WRITES.met_by(10_000.0) && !WRITES.met_by(9_999.0));
    }
}
