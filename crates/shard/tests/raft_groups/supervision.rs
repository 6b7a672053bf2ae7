//! A group that dies is rebuilt, until it dies too often; its neighbours never notice.

use crate::faulty::{Fault, Faulty};
use crate::node::{Node, command};
use shard::raft::{GroupHandle, Phase, Policy, ProposeError, RebuildPolicy};
use std::sync::Arc;
use std::time::Duration;

fn impatient() -> Policy {
    let rebuild = RebuildPolicy { first_pause: Duration::from_millis(1), ..RebuildPolicy::default() };
    Policy { rebuild, ..Policy::default() }
}

/// Proposes until it is acknowledged, as a client with an idempotency key would.
async fn insist(group: &GroupHandle<Faulty>, writer: u32) {
    while let Err(error) = group.propose(vec![command(writer, 0)]).await {
        assert!(!matches!(group.phase(), Phase::Broken { .. }), "{error}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn is_rebuilt_after(fault: Fault) {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::new(Faulty::default()), Arc::new(Faulty::default())];
    let node = Node::begin(folder.path(), &machines, impatient());
    let group = node.group(0);
    insist(&group, 1).await;
    assert!(node.group(1).until_leading().await);
    let neighbour = node.group(1).status().unwrap();

    machines[0].set(fault);
    assert_eq!(group.propose(vec![command(2, 0)]).await, Err(ProposeError::Unknown));
    insist(&group, 3).await;

    let mut commands: Vec<_> = machines[0].inner.commands().into_values().collect();
    commands.dedup(); // Whoever insists may be heard twice.
    let unknown_was_kept = [command(1, 0), command(2, 0), command(3, 0)];
    assert_eq!(
        commands, unknown_was_kept,
        "it was in the log when the group died, so it was applied in the end"
    );
    assert_eq!(node.group(1).status().unwrap().term, neighbour.term);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_after_a_failed_apply() {
    is_rebuilt_after(Fault::FailOnce).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_after_a_panic_in_apply() {
    is_rebuilt_after(Fault::PanicOnce).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_up_when_it_keeps_dying() {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::new(Faulty::with(Fault::FailAlways)), Arc::new(Faulty::default())];
    let node = Node::begin(folder.path(), &machines, impatient());
    let group = node.group(0);
    assert!(group.until_leading().await);
    assert_eq!(group.propose(vec![command(1, 0)]).await, Err(ProposeError::Unknown));

    assert!(group.until_phase(|phase| matches!(phase, Phase::Broken { .. })).await);
    let Phase::Broken { reason } = group.phase() else { panic!("it was broken a moment ago") };
    assert!(reason.contains("a fault of the test"), "{reason}");
    assert_eq!(group.propose(vec![command(2, 0)]).await, Err(ProposeError::Stopped));
    insist(&node.group(1), 1).await;
    node.stop().await;

    machines[0].set(Fault::None);
    let node = Node::start(folder.path(), &machines).await;
    assert_eq!(machines[0].inner.commands().into_values().collect::<Vec<_>>(), [command(1, 0)]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_up_and_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let machines = [Arc::new(Faulty::with(Fault::FailAlways))];
    let mut policy = impatient();
    policy.rebuild.try_again = Some(Duration::from_millis(200));
    let node = Node::begin(folder.path(), &machines, policy);
    let group = node.group(0);
    assert!(group.until_leading().await);
    assert_eq!(group.propose(vec![command(1, 0)]).await, Err(ProposeError::Unknown));
    assert!(group.until_phase(|phase| matches!(phase, Phase::Broken { .. })).await);
    machines[0].set(Fault::None);
    let leads = async {
        while !group.leads_with_lease() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), leads).await.unwrap();
    assert_eq!(machines[0].inner.commands().into_values().collect::<Vec<_>>(), [command(1, 0)]);
    node.stop().await;
}
