//! Any bytes as a frame of the automerge-repo protocol: decoding never panics, and what is taken reads the same once it
//! is written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{Body, DocumentName, Message, document_id};

fuzz_target!(|bytes: &[u8]| {
    let frame = bytes.to_vec().into();
    let Ok(mut message) = Message::decode(&frame) else { return };
    if matches!(message.body, Body::Join { .. } | Body::Leave) {
        message.target = "";
    }
    if let Body::Sync { document, .. } = message.body
        && let Ok(id) = document_id(document)
    {
        assert_eq!(DocumentName::from(id).as_str(), document);
    }
    if let Body::Ephemeral { count, .. } = message.body
        && count >= 1 << 53
    {
        return;
    }
    if let Body::RemoteHeads { heads, .. } = &message.body
        && heads.iter().any(|stored| stored.timestamp >= 1 << 53)
    {
        return;
    }
    if !matches!(message.body, Body::Unknown { .. }) {
        assert_eq!(Message::decode(&message.encode().into()), Ok(message));
    }
});
