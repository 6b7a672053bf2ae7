//! `context-hub admin`: looking after a cluster.

mod certs;
mod nodes;
mod replicas;
mod shards;

use crate::cli::{AdminArgs, AdminVerb, CommonArgs, NodeVerb, ReplicaVerb, ShardVerb};
use crate::member::Contact;
use anyhow::{Context, Result, bail};
use base::NodeId;
use cluster::view::{ClusterView, Snapshot, ViewTask};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long etcd has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

pub fn run(args: AdminArgs) -> Result<ExitCode> {
    let verb = match args.verb {
        AdminVerb::Certs(args) => return certs::run(&args).map(|()| ExitCode::SUCCESS),
        verb => verb,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match verb {
            AdminVerb::Certs(_) => {}
            AdminVerb::Nodes(args) => match args.verb {
                NodeVerb::List(common) => nodes::list(&common).await?,
                NodeVerb::Drain(args) => nodes::drain(&args).await?,
                NodeVerb::Undrain(args) => nodes::undrain(&args).await?,
                NodeVerb::Remove(args) => nodes::remove(&args).await?,
            },
            AdminVerb::Shards(args) => match args.verb {
                ShardVerb::List(common) => shards::list(&common).await?,
            },
            AdminVerb::Replicas(args) => match args.verb {
                ReplicaVerb::Move(args) => replicas::make_move(&args).await?,
            },
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A cluster, as an operator sees it.
struct Seen {
    contact: Contact,
    view: ClusterView,
    task: ViewTask,
}

impl Seen {
    /// Asks etcd what there is.
    async fn look(common: &CommonArgs) -> Result<Seen> {
        let contact = Contact::new(&common.contact)?;
        let (mut view, task) = ClusterView::start(contact.coordinator.clone(), contact.keys.clone());
        let answered = tokio::time::timeout(ANSWER_WITHIN, view.wait_for(|now| now.revision() > 0)).await;
        if answered.is_err() {
            task.stop().await;
            bail!("etcd does not answer at {}", common.contact.etcd_endpoints.join(", "));
        }
        let seen = Seen { contact, view, task };
        if seen.now().config().is_none() {
            seen.end().await;
            bail!("there is no cluster of the name {:?} in this etcd", common.contact.cluster);
        }
        Ok(seen)
    }

    fn now(&self) -> Arc<Snapshot> {
        self.view.now()
    }

    async fn end(self) {
        self.task.stop().await;
    }
}

/// The node that somebody means, by its number or its name.
fn node_of(snapshot: &Snapshot, text: &str) -> Result<NodeId> {
    let by_number = text.parse().ok().map(NodeId).filter(|node| snapshot.nodes().contains_key(node));
    if let Some(node) = by_number {
        return Ok(node);
    }
    let named = snapshot.nodes().iter().filter(|(_, node)| node.record.spec.name == text);
    // A machine that lost its folder came back under its name and another number.
    let running: Vec<_> = named.clone().filter(|(_, node)| node.down_since.is_none()).collect();
    let candidates: Vec<_> = if running.is_empty() { named.collect() } else { running };
    match candidates[..] {
        [(id, _)] => Ok(*id),
        [] => None.with_context(|| format!("there is no node {text:?}; see: context-hub admin nodes list")),
        _ => bail!("there are several nodes of the name {text:?}: give its number"),
    }
}

/// The name of a node, and its number.
fn named(snapshot: &Snapshot, node: NodeId) -> String {
    match snapshot.nodes().get(&node) {
        Some(known) => format!("{} ({node})", known.record.spec.name),
        None => format!("({node})"),
    }
}
