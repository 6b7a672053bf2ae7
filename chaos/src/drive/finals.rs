//! What is left when all is over: every document, what every client that holds one has of it, and what every node has
//! of every shard.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::DriveError;
use super::http::{Call, Settled};
use super::notes::Notes;
use super::session::Session;
use crate::history::{Document, ShardId};

/// How often the nodes are asked.
const EVERY: Duration = Duration::from_millis(200);

/// What a node says of its replica of a shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replica {
    /// The last entry that it has applied.
    pub applied: u64,
    /// The hash of all that it holds.
    pub hash: String,
}

/// What each node says of each shard that it has a replica of.
pub type Digests = BTreeMap<String, BTreeMap<ShardId, Replica>>;

/// Reads every document that there ever was and notes it. Gives the heads of each, sorted.
pub async fn read(
    reader: &mut Session,
    deadline: Instant,
) -> Result<BTreeMap<Document, Vec<String>>, DriveError> {
    let scene = reader.scene.clone();
    let mut heads = BTreeMap::new();
    for paper in scene.places.all() {
        let call = Call::get(paper.path(), reader.token(paper.user));
        let reply = loop {
            match reader.ask(&call).await {
                Settled::Done(reply) => break Some(reply),
                Settled::Refused(reply) if reply.is_absent() => break None,
                Settled::Refused(reply) => {
                    return Err(DriveError::Refused { path: call.path, why: reply.reason() });
                }
                Settled::Unknown if Instant::now() < deadline => {}
                Settled::Unknown => return Err(DriveError::NoFinal { document: paper.id.to_string() }),
            }
        };
        scene.notes.last(&paper.id, reply.as_ref().map(|reply| reply.text().unwrap_or_default()))?;
        let Some(reply) = reply else { continue };
        let listed = reply.body["heads"].as_array().into_iter().flatten();
        let mut here: Vec<String> = listed.filter_map(|head| head.as_str()).map(str::to_owned).collect();
        here.sort();
        let shown = face(&here, reply.text().unwrap_or_default());
        scene.notes.replica(&paper.id, "the hub over REST", Some(shown))?;
        heads.insert(paper.id.clone(), here);
    }
    Ok(heads)
}

/// A document in a few words, which are the same for two who have the same.
pub fn face(heads: &[String], text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{} with text {digest}", heads.join(","))
}

/// Asks the nodes until all replicas of each shard agree, or until patience ends; notes what they said last, each shard as a
/// document of its own, named like `shard 3`. Nobody should write meanwhile.
pub async fn compare<F, Fut>(notes: &Notes, patience: Duration, mut digests: F) -> io::Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Digests>,
{
    let deadline = Instant::now() + patience;
    let mut last = digests().await;
    while !agree(&last) && Instant::now() < deadline {
        sleep(EVERY).await;
        last = digests().await;
    }
    for (node, replicas) in &last {
        for (shard, replica) in replicas {
            let heads = format!("{} at {}", replica.hash, replica.applied);
            notes.replica(&shard.to_string().into(), node, Some(heads))?;
        }
    }
    Ok(())
}

/// Whether there are replicas, and all of a shard say the same.
fn agree(digests: &Digests) -> bool {
    let mut shards: BTreeMap<ShardId, &Replica> = BTreeMap::new();
    let all = digests.values().flatten();
    let mut agree = true;
    for (shard, replica) in all {
        agree &= *shards.entry(*shard).or_insert(replica) == replica;
    }
    agree && !shards.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(said: &[(&str, u32, u64, &str)]) -> Digests {
        let mut digests = Digests::new();
        for (node, shard, applied, hash) in said {
            let replica = Replica { applied: *applied, hash: hash.to_string() };
            digests.entry(node.to_string()).or_default().insert(ShardId(*shard), replica);
        }
        digests
    }

    #[test]
    fn replicas_agree_at_one_index_with_one_hash() {
        assert!(agree(&digests(&[("a", 0, 5, "x"), ("b", 0, 5, "x"), ("b", 1, 7, "y")])));
        assert!(!agree(&digests(&[("a", 0, 5, "x"), ("b", 0, 6, "x")])));
        assert!(!agree(&digests(&[("a", 0, 5, "x"), ("b", 0, 5, "z")])));
        assert!(!agree(&digests(&[])), "nobody said anything");
    }

    #[tokio::test]
    async fn replicas_are_waited_for_and_noted() {
        let notes = Notes::new(Box::new(vec![]), "d", 1).unwrap();
        let mut lag = 3;
        let say = || {
            lag -= 1;
            std::future::ready(digests(&[("a", 0, 5, "x"), ("b", 0, 5 - lag, "x")]))
        };
        compare(&notes, Duration::from_secs(30), say).await.unwrap();
        assert_eq!(lag, 0);
        notes.finish().unwrap();
    }

    #[test]
    fn a_face_tells_heads_and_text_apart() {
        let heads = |head: &str| vec![head.to_owned()];
        let faces = [face(&heads("a"), "x"), face(&heads("a"), "y"), face(&heads("b"), "x")];
        assert!(faces[0] != faces[1] && faces[0] != faces[2]);
        assert_eq!(faces[0], face(&heads("a"), "x"));
    }
}
