//! Reads at a revision, by replicas that do not lead.

use crate::cluster::{self, Cluster, caller, key};
use crate::{splice, text};
use base::{DocId, Level, ShardId, UserId};
use rpc::{At, Read, Refusal, Seen, Shards, Share};
use shard::NodeService;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const SHARD: ShardId = ShardId(0);

fn read(id: DocId, index: u64) -> Read {
    Read { id, at: At::Now, at_least: Some(index) }
}

/// What a replica answers once it hears of its leader: on a busy machine it may have heard nothing for a second, and
/// then it says so instead.
async fn answer(replica: &NodeService, user: &str, read: Read) -> Result<Seen, Refusal> {
    let begin = Instant::now();
    loop {
        match replica.read(caller(user), read.clone()).await {
            Err(Refusal::Elsewhere { .. }) if begin.elapsed() < Duration::from_secs(20) => {
                sleep(Duration::from_millis(20)).await;
            }
            answered => return answered,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_answers_at_a_revision_until_it_is_cut_off() {
    let cluster = Cluster::start(3, 1).await;
    let leader = cluster.leader(SHARD).await;
    let leads = cluster.service(leader);
    let made = leads.create(caller("ada"), cluster::text("0")).await.unwrap();
    let id = made.view.id;
    let followers = cluster.others(leader);
    for number in 1..=20 {
        let wrote = leads.write(caller("ada"), splice(id, &format!("{number} "))).await.unwrap();
        for follower in &followers {
            let follower = cluster.service(*follower);
            let seen = answer(&follower, "ada", read(id, wrote.revision.index)).await.unwrap();
            assert_eq!((text(&seen), seen.level), (text(&wrote), Level::Owner), "its own write");
            assert!(seen.revision >= wrote.revision);
        }
    }
    let past = Read { at: At::Version(1), ..read(id, made.revision.index) };
    let seen = answer(&cluster.service(followers[0]), "ada", past).await.unwrap();
    assert_eq!(text(&seen), "0");
    // Access is checked where it is read, as it was at the revision or later.
    let bob = UserId::new("bob").unwrap();
    for (level, expected) in [(Some(Level::Read), Ok(Level::Read)), (None, Err(Refusal::NotFound))] {
        let share = Share { id, principal: bob.clone(), level, key: key() };
        let revision = leads.share(caller("ada"), share).await.unwrap().revision;
        let seen = answer(&cluster.service(followers[1]), "bob", read(id, revision.index)).await;
        assert_eq!(seen.map(|seen| seen.level), expected);
    }
    // Nobody has come so far, nor ever will: the leader knows.
    let newest = leads.read(caller("ada"), read(id, 0)).await.unwrap().revision.index;
    for beyond in [newest + 1_000, u64::MAX] {
        let ask = async |node| cluster.service(node).read(caller("ada"), read(id, beyond)).await.map(drop);
        let refused = ask(leader).await;
        assert!(
            matches!(refused, Err(Refusal::UnknownRevision { asked, .. }) if asked == beyond),
            "{refused:?}"
        );
        let sent_on = ask(followers[0]).await;
        assert!(matches!(sent_on, Err(Refusal::Elsewhere { shard: SHARD, .. })), "{sent_on:?}");
    }

    let away = followers[0];
    cluster.cut_off(away);
    let cut = Instant::now();
    sleep(Duration::from_millis(1_000)).await;
    let old = cluster.service(away).read(caller("ada"), read(id, made.revision.index)).await.map(drop);
    assert!(matches!(old, Err(Refusal::Elsewhere { shard: SHARD, .. })), "{old:?} after {:?}", cut.elapsed());
    let near = answer(&cluster.service(followers[1]), "ada", read(id, made.revision.index)).await;
    assert!(near.is_ok(), "{near:?}");
    cluster.stop_all().await;
}

/// A follower shows a revocation within a second, however often it is asked for a revision from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_reaches_who_reads_at_an_old_revision() {
    let cluster = Cluster::start(3, 1).await;
    let leader = cluster.leader(SHARD).await;
    let leads = cluster.service(leader);
    let made = leads.create(caller("ada"), cluster::text("secret")).await.unwrap();
    let id = made.view.id;
    let share = |level| Share { id, principal: UserId::new("bob").unwrap(), level, key: key() };
    let granted = leads.share(caller("ada"), share(Some(Level::Read))).await.unwrap().revision;
    let follower = cluster.service(cluster.others(leader)[0]);
    answer(&follower, "bob", read(id, granted.index)).await.unwrap();
    leads.share(caller("ada"), share(None)).await.unwrap();
    let revoked = Instant::now();
    loop {
        let asked = revoked.elapsed();
        match follower.read(caller("bob"), read(id, granted.index)).await {
            Ok(_) => assert!(asked < Duration::from_secs(1), "shown {asked:?} after it was taken away"),
            Err(Refusal::NotFound) if asked > Duration::from_secs(1) => break,
            Err(Refusal::NotFound | Refusal::Elsewhere { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
    cluster.stop_all().await;
}
