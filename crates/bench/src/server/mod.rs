//! Servers of both sides: started on the server's core, watched, stopped by their own process id.

mod bare;
mod cluster;
mod etcd;
mod hub;
mod kernel;
mod node;
mod process;
mod scratch;

pub use bare::{Bare, Recorded, serve_bare};
pub use cluster::{Cluster, ClusterPlan, NODES, Parts};
pub use etcd::{Etcd, EtcdCluster};
pub use hub::{Hub, HubFiles, TENANT, address};
pub use kernel::KernelSockets;
pub use node::{NodePeer, NodeServer};
pub use process::{Launch, Process, Stop};
pub use scratch::{Scratch, bytes_on_disk};
