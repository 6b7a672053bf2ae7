//! Frames as `@automerge/automerge-repo` 2.5.6 writes them, one of each type: name and hexadecimal digits a line.

use bytes::Bytes;
use wire::{Body, Message, PeerMetadata, StoredHeads};

const FRAMES: &str = include_str!("fixtures/automerge-repo-2.5.6.txt");
const DOCUMENT: &str = "4NMNnkMhL8jXrdJ9jamS58PAVdXu";
const STORAGE: &str = "3760df37-a4c6-4f66-9ecd-732039a9385d";
/// A sync message of a peer that has nothing.
const NOTHING_YET: &[u8] = &[0x42, 0, 0, 1, 0, 0, 0, 2, 2, 0x84];

fn frame(name: &str) -> Bytes {
    let line = FRAMES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
    let byte = |at| u8::from_str_radix(&line[at..at + 2], 16).expect("hexadecimal");
    (0..line.len()).step_by(2).map(byte).collect()
}

fn check(name: &str, sender: &str, target: &str, body: Body<'_>) {
    let frame = frame(name);
    let message = Message { sender, target, body };
    assert_eq!(Message::decode(&frame).as_ref(), Ok(&message), "{name}");
    if !matches!(message.body, Body::Unknown { .. }) {
        assert_eq!(Message::decode(&message.encode().into()).as_ref(), Ok(&message), "{name}, written by us");
    }
}

#[test]
fn the_handshake() {
    let metadata = |storage, ephemeral| PeerMetadata { storage, ephemeral: Some(ephemeral) };
    let versions = Some(vec!["1"]);
    check("join", "cli-1", "", Body::Join { metadata: metadata(None, true), versions: versions.clone() });
    check("join_stored", "cli-1", "", Body::Join { metadata: metadata(Some(STORAGE), false), versions });
    check("peer", "srv", "cli-1", Body::Peer { metadata: metadata(None, true), version: "1" });
    check("leave", "cli-1", "", Body::Leave);
    check("error", "srv", "cli-1", Body::Error { message: "unsupported protocol version" });
}

#[test]
fn documents() {
    let data = Bytes::from_static(NOTHING_YET);
    check("request", "cli-1", "srv", Body::Request { document: DOCUMENT, data: data.clone() });
    check("sync", "cli-1", "srv", Body::Sync { document: DOCUMENT, data });
    check("unavailable", "srv", "cli-1", Body::Unavailable { document: DOCUMENT });
    let data = Bytes::from_static(&[0xb9, 0, 1, 0x61, b'x', 1]);
    check(
        "ephemeral",
        "cli-1",
        "srv",
        Body::Ephemeral { document: DOCUMENT, session: "k3j2h1", count: 7, data },
    );
}

#[test]
fn gossip() {
    let subscription = Body::RemoteSubscription { add: vec![STORAGE], remove: Vec::new() };
    check("subscription", "cli-1", "srv", subscription);
    let heads = StoredHeads {
        storage: STORAGE,
        heads: vec!["2UGWuEBkDFLsEwtbb1RYL8WJXNuR5A1vtuevxmRDR2bMGGVNXi"],
        timestamp: 1_795_162_112_000,
    };
    check("heads", "cli-1", "srv", Body::RemoteHeads { document: DOCUMENT, heads: vec![heads] });
}

#[test]
fn a_type_of_a_later_version_is_ignorable() {
    check("unknown", "cli-1", "", Body::Unknown { kind: "later" });
}

#[test]
fn a_payload_is_a_slice_of_its_frame() {
    let frame = frame("sync");
    let Ok(Message { body: Body::Sync { data, .. }, .. }) = Message::decode(&frame) else { panic!() };
    assert!(frame.as_ptr_range().contains(&data.as_ptr()));
}

#[test]
fn a_frame_that_is_cut_anywhere_is_refused() {
    for line in FRAMES.lines() {
        let frame = frame(line.split(' ').next().expect("a name"));
        for end in 0..frame.len() {
            assert!(Message::decode(&frame.slice(..end)).is_err(), "{line} cut at {end}");
        }
    }
}
