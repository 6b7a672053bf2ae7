//! A text of megabytes in one change.

use super::world::{Hub, PATIENCE, Peer, client_id, until};
use automerge::sync::Message;
use crdt::Hash;
use crdt::graph::Graph;
use rpc::Synced;
use std::time::{Duration, Instant};

/// Characters of one and of several bytes.
const LINE: &str = "All work and no play makes a long document. Čím víc práce, tím delší text.\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_megabytes_is_pasted_and_goes_out_as_it_came() {
    let hub = Hub::start().await;
    let id = client_id();
    let mut maker = hub.peer("ada", id).await;
    maker.type_at(0, &LINE.repeat(30_000));
    let made = maker.doc.get_heads();
    until(&mut [&mut maker], "the text is durable", |peers| peers[0].state.shared_heads == made).await;

    // Into a document that is there already, it comes as any other edit.
    maker.type_at(0, &LINE.repeat(5_000));
    let edited = maker.doc.get_heads();
    until(&mut [&mut maker], "more text is durable", |peers| peers[0].state.shared_heads == edited).await;
    assert!(maker.got.ended.is_none());

    let changes = first_changes(&mut hub.peer("ada", id).await).await;
    assert!(changes.len() < 1 << 20, "a long text is compressed, {} bytes", changes.len());
    let graph = Graph::from_changes([&changes[..]], &Default::default()).unwrap();
    assert_eq!(graph.heads().collect::<Vec<_>>(), [Hash(edited[0].0)]);
}

/// The first changes that a peer gets which has nothing. A stock peer would need most of a minute to apply these.
async fn first_changes(reader: &mut Peer) -> Vec<u8> {
    let started = Instant::now();
    reader.send().await;
    loop {
        if let Some(Synced::Message(message)) = reader.session.next() {
            let message = Message::decode(&message).unwrap();
            let changes: Vec<u8> = message.changes.iter().flatten().copied().collect();
            if !changes.is_empty() {
                return changes;
            }
        }
        assert!(started.elapsed() < PATIENCE, "nothing came");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
