//! The words between a gateway and the shards, and the seam where they meet.
//!
//! A gateway holds no truth and a shard knows no HTTP: both know only this crate. In one process the seam is a call;
//! between processes the same requests travel on a stream.

mod document;
mod edit;
mod feed;
mod health;
mod list;
mod live;
mod metadata;
mod past;
mod raft;
mod refusal;
mod revision;
mod select;
mod shards;
mod share;
mod tickets;
pub mod transport;
mod update;

pub use base::{Op, PathStep, Unit};
pub use document::{At, Create, Delete, Precondition, Read, Seen, View, ViewParts};
pub use edit::{Base, Edit, EditKey, Write};
pub use feed::{Changes, ChangesPage, Event, EventKind};
pub use health::{Health, ShardHealth, ShardState};
pub use list::{List, Page, Summary};
pub use live::{
    Bell, Ephemeral, Follow, FollowSession, Followed, Join, Live, SharedLive, SyncSession, Synced,
};
pub use metadata::SetMetadata;
pub use past::{Compare, Comparison, Export, Exported, History, Import, Size, Version, Versions};
pub use raft::{
    Lane, PeerAnswer, PeerError, Pieces, RaftPeer, RaftPeers, RaftReplicas, SNAPSHOT_PIECE_BYTES,
};
pub use refusal::{LimitKind, Refusal};
pub use revision::{Revision, RevisionError};
pub use select::{Filter, LabelFilter, Order, Place, Select, Selection, SortBy, SortKey};
pub use shards::{Answer, Caller, Shards, SharedShards};
pub use share::{Access, AccessEntry, Share};
pub use tickets::{OnMissed, OnRevoked, Redeem, Redeemed, SharedTickets, TicketId, Tickets};
pub use update::{Update, UpdateParts};
