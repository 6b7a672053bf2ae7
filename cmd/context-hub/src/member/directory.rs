//! Where nodes are, by what the coordinator has.

use base::NodeId;
use cluster::state::NodeRecord;
use cluster::view::{ClusterView, Snapshot};
use rpc::transport::tls::{Role, Subject};
use rpc::transport::{Address, Directory};
use std::collections::HashMap;
use std::sync::Arc;

/// Looks nodes up in a view.
pub fn directory(view: &ClusterView) -> Directory {
    let view = view.clone();
    Arc::new(move |node| address_of(&view.now().nodes().get(&node)?.record))
}

/// Where each node is, running or not.
pub fn addresses(snapshot: &Snapshot) -> HashMap<NodeId, Address> {
    let nodes = snapshot.nodes().iter();
    nodes.filter_map(|(id, node)| Some((*id, address_of(&node.record)?))).collect()
}

/// Where a node is, and which name it has to prove. `None` if its name is none that a certificate can bear.
fn address_of(record: &NodeRecord) -> Option<Address> {
    let subject = Subject::new(Role::Node, &record.spec.name).ok()?;
    Some(Address { subject, place: record.spec.address.clone() })
}
