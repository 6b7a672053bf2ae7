//! Writes that are sent again after their access was taken away: what was done is not called refused.

use crate::cluster::{self, Cluster, caller, key};
use crate::{splice, text};
use base::{Level, ShardId, UserId};
use rpc::{Access, AccessEntry, Refusal, Shards, Share};

const SHARD: ShardId = ShardId(0);

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_stays_done_for_who_may_not_do_it_any_more() {
    let cluster = Cluster::start(1, 1).await;
    let node = cluster.service(cluster.leader(SHARD).await);
    let id = node.create(caller("ada"), cluster::text("0")).await.unwrap().view.id;
    let share = |name: &str, level| Share { id, principal: user(name), level, key: key() };
    let grant = async |level| {
        node.share(caller("ada"), share("bob", level)).await.unwrap();
    };

    grant(Some(Level::Write)).await;
    let write = splice(id, "bob ");
    let wrote = node.write(caller("bob"), write.clone()).await.unwrap();
    grant(Some(Level::Read)).await;
    let again = node.write(caller("bob"), write.clone()).await.unwrap();
    assert_eq!((again.view.version, text(&again), again.level), (2, text(&wrote), Level::Read));
    let new = node.write(caller("bob"), splice(id, "no ")).await.map(drop);
    assert_eq!(new, Err(Refusal::Forbidden { needed: Level::Write, held: Level::Read }));
    let other =
        rpc::Write { key: rpc::EditKey { request_hash: [9; 32], ..write.key.clone() }, ..write.clone() };
    assert_eq!(node.write(caller("bob"), other).await.map(drop), Err(Refusal::KeyReused));

    grant(Some(Level::Admin)).await;
    let (gave_eve, gave_himself) = (share("eve", Some(Level::Read)), share("bob", Some(Level::Admin)));
    for gives in [&gave_eve, &gave_himself] {
        node.share(caller("bob"), gives.clone()).await.unwrap();
        node.share(caller("bob"), gives.clone()).await.unwrap();
    }
    node.share(caller("ada"), share("eve", None)).await.unwrap();
    let leaves = share("bob", None);
    let left = node.share(caller("bob"), leaves.clone()).await.unwrap();
    assert_eq!(left.entries, []);
    // What the others do meanwhile is none of his business.
    node.share(caller("ada"), share("eve", Some(Level::Read))).await.unwrap();
    let again: Access = node.share(caller("bob"), leaves.clone()).await.unwrap();
    assert_eq!((again.owner, again.entries), (user("ada"), vec![]));
    assert_eq!(node.share(caller("bob"), share("bob", None)).await.map(drop), Err(Refusal::NotFound));
    for gave in [gave_eve, gave_himself] {
        let again = node.share(caller("bob"), gave).await.map(drop);
        assert_eq!(again, Err(Refusal::NotFound), "what he did for others, or before, tells him nothing");
    }
    assert_eq!(node.access(caller("bob"), id).await, Err(Refusal::NotFound));
    assert_eq!(node.write(caller("bob"), write).await.map(drop), Err(Refusal::NotFound), "nor is the text");
    let eve = AccessEntry { principal: user("eve"), level: Level::Read };
    assert_eq!(node.access(caller("ada"), id).await.unwrap().entries, [eve]);
    cluster.stop_all().await;
}
