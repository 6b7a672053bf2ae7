//! The truth: the groups of a node, and what they apply their logs to.
//!
//! A request comes in at `node`, is made a command by `documents`, goes through `proposer` into the log of `raft`, and
//! comes out at `machine`, which writes what it means to `store`.

pub mod command;
mod documents;
mod fair;
mod live;
pub mod machine;
mod node;
mod proposer;
pub mod raft;
mod reign;
mod shard;
pub mod store;

pub use documents::{EngineOptions, chain};
pub use node::{
    DigestError, FolderError, Led, Member, Node, NodeError, NodeOptions, NodeService, Owner, Place, Replica,
    ReplicaError, ShardDigest, owner_of_folder,
};
pub use raft::Policy;
pub use store::StoreOptions;
