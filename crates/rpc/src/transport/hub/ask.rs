//! Requests of a gateway, all in one.

use crate::transport::form::{Digest, Form, In, Malformed, Out, choice, record};
use crate::{
    Caller, Changes, Compare, Create, Delete, Export, History, Import, List, Read, Redeem, Revision, Seen,
    Select, SetMetadata, Share, TicketId, Write,
};
use base::{DocId, Level, ShardId, Slot, Timestamp};
use std::time::Duration;

/// After this nobody waits any more. A node gives up a write that finds no quorum much earlier, and says so.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug)]
pub(crate) enum Ask {
    Create(Caller, Create),
    /// With the digest of the view that the gateway has.
    Read(Caller, Read, Option<Digest>),
    Write(Caller, Write),
    Delete(Caller, Delete),
    Share(Caller, Share),
    Access(Caller, DocId),
    List(Caller, List),
    Changes(Caller, Changes),
    Redeem(Caller, Redeem),
    Revoke(Caller, TicketId, Timestamp),
    History(Caller, History),
    Compare(Caller, Compare),
    Export(Caller, Export),
    Import(Caller, Import),
    SetMetadata(Caller, SetMetadata),
    /// Not a longer `List`: an older release would leave out what it does not know, and answer something else.
    Select(Caller, Select),
}

choice!(Ask {
    0 => Create(caller, create),
    1 => Read(caller, read, have),
    2 => Write(caller, write),
    3 => Delete(caller, delete),
    4 => Share(caller, share),
    5 => Access(caller, id),
    6 => List(caller, list),
    7 => Changes(caller, changes),
    8 => Redeem(caller, redeem),
    9 => Revoke(caller, id, until),
    12 => History(caller, history),
    13 => Compare(caller, compare),
    14 => Export(caller, export),
    15 => Import(caller, import),
    10 => SetMetadata(caller, set),
    11 => Select(caller, select),
});

/// The answer to a read.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The view that the gateway has is the one.
    Same(Level, Revision),
    /// This one, with its digest.
    View(Digest, Seen),
}

choice!(Shown { 0 => Same(level, revision), 1 => View(digest, seen) });

/// Who comes to which document.
#[derive(Debug)]
pub(crate) struct Begin {
    pub caller: Caller,
    pub id: DocId,
    /// Of a follower: the version that it has.
    pub since: Option<u64>,
    /// Of a follower: whether it wants raw changes.
    pub changes: bool,
    /// Of a peer: whether it was at the document before.
    pub resumed: bool,
}

record!(Begin { caller, id, since, changes, resumed });

/// A ticket was taken back.
#[derive(Debug)]
pub(crate) struct Revoked {
    pub caller: Caller,
    pub id: TicketId,
}

record!(Revoked { caller, id });

impl Ask {
    /// Whether it may change something: then no answer means that nobody knows.
    pub(super) fn writes(&self) -> bool {
        match self {
            Ask::Create(..)
            | Ask::Write(..)
            | Ask::Delete(..)
            | Ask::Share(..)
            | Ask::SetMetadata(..)
            | Ask::Import(..)
            | Ask::Revoke(..) => true,
            Ask::Redeem(_, redeem) => redeem.once,
            Ask::Read(..) | Ask::Access(..) | Ask::List(..) | Ask::Select(..) | Ask::Changes(..) => false,
            Ask::History(..) | Ask::Compare(..) | Ask::Export(..) => false,
        }
    }

    /// Whether it may wait for something to happen.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Ask::Changes(_, changes) if !changes.wait.is_zero())
    }

    /// How long to wait for its answer: far longer than a node takes that can answer.
    pub(super) fn limit(&self) -> Duration {
        match self {
            Ask::Changes(_, changes) => changes.wait.saturating_add(ANSWER_LIMIT),
            _ => ANSWER_LIMIT,
        }
    }

    /// The shard that it is for; `shard_of` knows those of slots.
    pub(super) fn shard(&self, shard_of: &ShardOf) -> ShardId {
        shard_of(match self {
            Ask::List(_, list) => return list.shard,
            Ask::Select(_, select) => return select.shard,
            Ask::Changes(_, changes) => return changes.shard,
            Ask::Read(_, read, _) => read.id.slot(),
            Ask::Write(_, write) => write.id.slot(),
            Ask::Delete(_, delete) => delete.id.slot(),
            Ask::Share(_, share) => share.id.slot(),
            Ask::SetMetadata(_, set) => set.id.slot(),
            Ask::Access(_, id) => id.slot(),
            Ask::History(_, history) => history.id.slot(),
            Ask::Compare(_, compare) => compare.id.slot(),
            Ask::Export(_, export) => export.id.slot(),
            Ask::Create(caller, _)
            | Ask::Import(caller, _)
            | Ask::Redeem(caller, _)
            | Ask::Revoke(caller, ..) => Slot::of_owner(&caller.tenant, &caller.user),
        })
    }
}

/// Which shard holds a slot, as far as the gateway knows: for refusals that it has to make itself.
pub type ShardOf = std::sync::Arc<dyn Fn(Slot) -> ShardId + Send + Sync>;
