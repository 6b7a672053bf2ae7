//! The words of a history as people read them.

use std::fmt;

use super::words::{Answer, ClientId, Condition, End, Kind, Micros, OperationId, Revision, ShardId};

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}", self.0)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}", self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.shard.0, self.index)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Create { mark } => write!(f, "create with {mark}"),
            Kind::Edit { mark, base } => write!(f, "edit {mark} at version {base}"),
            Kind::Swap { mark, tag } => write!(f, "edit {mark} if {tag}"),
            Kind::Read => f.write_str("read"),
            Kind::ReadAt { at_least: None } => f.write_str("read on a replica"),
            Kind::ReadAt { at_least: Some(revision) } => write!(f, "read at least {revision}"),
            Kind::Delete => f.write_str("delete"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Ok { answer, .. } => write!(f, "ok{answer}"),
            End::Failed { reason, answer, .. } => write!(f, "refused: {reason}{answer}"),
            End::Unknown { .. } => f.write_str("unknown"),
        }
    }
}

/// What is there, each with a comma before it.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.absent {
            f.write_str(", not there")?;
        }
        if let Some(version) = self.version {
            write!(f, ", version {version}")?;
        }
        if let Some(tag) = &self.tag {
            write!(f, ", tag {tag}")?;
        }
        if let Some(revision) = self.revision {
            write!(f, ", revision {revision}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Alive => "alive",
            Condition::Stopped => "stopped",
            Condition::Killed => "killed",
            Condition::Frozen => "frozen",
            Condition::Cut => "cut off",
            Condition::PowerCut => "powered off",
        })
    }
}
