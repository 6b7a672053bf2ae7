//! Whatever is encoded decodes to the same; whatever comes decodes to a message or to an error.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wire::{Body, DecodeError, Message, PROTOCOL_VERSION, PeerMetadata, StoredHeads};

/// Texts and bytes that a message borrows.
#[derive(Debug, Clone)]
struct Words {
    texts: Vec<String>,
    storage: Option<String>,
    ephemeral: Option<bool>,
    data: Bytes,
    number: u64,
    listed: bool,
}

fn words() -> impl Strategy<Value = Words> {
    let number = prop_oneof![0..=u64::from(u32::MAX), 0..1u64 << 53];
    let data = prop_oneof![vec(any::<u8>(), 0..40), vec(any::<u8>(), 250..70_000)];
    (vec(".{0,30}", 4..6), option::of(".{0,40}"), any::<Option<bool>>(), data, number, any::<bool>())
        .prop_map(|(texts, storage, ephemeral, data, number, listed)| Words {
            texts,
            storage,
            ephemeral,
            data: data.into(),
            number,
            listed,
        })
}

impl Words {
    fn bodies(&self) -> Vec<Body<'_>> {
        let [document, text, ..] = self.texts.as_slice() else { unreachable!("four texts at least") };
        let list: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        let (storage, data) = (self.storage.as_deref(), self.data.clone());
        let metadata = PeerMetadata { storage, ephemeral: self.ephemeral };
        let stored = |storage| StoredHeads { storage, heads: list.clone(), timestamp: self.number };
        vec![
            Body::Join { metadata, versions: self.listed.then(|| list.clone()) },
            Body::Peer { metadata, version: PROTOCOL_VERSION },
            Body::Request { document, data: data.clone() },
            Body::Sync { document, data: data.clone() },
            Body::Unavailable { document },
            Body::Ephemeral { document, session: text, count: self.number, data },
            Body::RemoteSubscription { add: list.clone(), remove: Vec::new() },
            Body::RemoteHeads { document, heads: list.iter().copied().map(stored).collect() },
            Body::Error { message: text },
            Body::Leave,
        ]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_decodes(words in words()) {
        for body in words.bodies() {
            let named = !matches!(body, Body::Join { .. } | Body::Leave);
            let target = if named { words.texts[2].as_str() } else { "" };
            let message = Message { sender: &words.texts[3], target, body };
            let frame = Bytes::from(message.encode());
            prop_assert_eq!(Message::decode(&frame), Ok(message));
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes: Vec<u8>) {
        let _ = Message::decode(&bytes.into());
    }

    #[test]
    fn a_damaged_frame_is_a_message_or_an_error(words in words(), at: usize, byte: u8) {
        for body in words.bodies() {
            let mut frame = Message { sender: "a", target: "b", body }.encode();
            let at = at % frame.len();
            frame[at] = byte;
            let _ = Message::decode(&frame.into());
        }
    }
}

fn refused(frame: &'static [u8]) -> DecodeError {
    Message::decode(&Bytes::from_static(frame)).expect_err("no message")
}

#[test]
fn what_is_no_message_says_why() {
    assert_eq!(refused(b"\x80"), DecodeError::NotOneMap);
    assert_eq!(refused(b"\xa0"), DecodeError::NoType);
    assert_eq!(refused(b"\xa1\x64type\x05"), DecodeError::NoType);
    assert_eq!(refused(b"\xa1\x64type\x65leave"), DecodeError::Missing { kind: "leave", field: "senderId" });
    assert_eq!(refused(b"\xa2\x64type\x65leave\x68senderId\x61a\x00"), DecodeError::NotOneMap);
    assert!(matches!(refused(b"hello"), DecodeError::NotOneMap | DecodeError::Cbor(_)));
    let sync = b"\xa3\x64type\x64sync\x68senderId\x61a\x6adocumentId\x61x";
    assert_eq!(refused(sync), DecodeError::Missing { kind: "sync", field: "data" });
}

#[test]
fn keys_and_values_that_mean_nothing_are_passed_over() {
    let frame = Bytes::from_static(
        b"\xa5\x05\x06\x64type\x65leave\x61x\x82\x01\xa1\x02\x03\x64data\x01\x68senderId\x61a",
    );
    let message = Message { sender: "a", target: "", body: Body::Leave };
    assert_eq!(Message::decode(&frame), Ok(message));
}
