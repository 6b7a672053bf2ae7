//! What is sealed opens for ever: a payload under a document key, under an owner key, under a master key.

use crate::golden;
use vault::{Context, Key, Kind, OpenError, SEAL_OVERHEAD_BYTES, Wrapped, open, seal};

const SEALED: &str = include_str!("../golden/sealed.txt");

const DOCUMENT: [u8; 16] = [9; 16];
const CONTENT: &[u8] = b"what was sealed";

fn master() -> Key {
    Key::from_bytes([1; 32])
}

fn context(subject: &[u8], kind: Kind) -> Context<'_> {
    Context { tenant: "acme", subject, kind }
}

fn stored(name: &str) -> Vec<u8> {
    golden::lines(SEALED).find(|(known, _)| *known == name).expect("the golden file has it").1
}

/// The owner key and the document key, unwrapped from the master key down.
fn unwrapped() -> (Key, Key) {
    let wrapped = |name| Wrapped::from_bytes(&stored(name)).unwrap();
    let owner = wrapped("owner-key").unwrap_with(&master(), &context(b"ada", Kind::OwnerKey)).unwrap();
    let document =
        wrapped("document-key").unwrap_with(&owner, &context(&DOCUMENT, Kind::DocumentKey)).unwrap();
    (owner, document)
}

#[test]
fn stored_keys_and_payloads_open() {
    let (owner, document) = unwrapped();
    assert_eq!(master().id().0.as_slice(), stored("id-of-master-key"));
    assert_eq!(owner.id().0.as_slice(), stored("id-of-owner-key"));
    for (name, kind) in [("change", Kind::Change), ("compacted", Kind::Compacted)] {
        assert_eq!(open(&document, &context(&DOCUMENT, kind), &stored(name)).unwrap(), CONTENT, "{name}");
    }
}

#[test]
fn the_layout_is_as_ever() {
    for name in ["change", "compacted"] {
        let sealed = stored(name);
        assert_eq!((sealed[0], sealed.len()), (1, CONTENT.len() + SEAL_OVERHEAD_BYTES));
    }
    let wrapped = stored("document-key");
    assert_eq!(wrapped.len(), 8 + 32 + SEAL_OVERHEAD_BYTES);
    assert_eq!(wrapped[..8], stored("id-of-owner-key"), "a wrapped key begins with the id of the key above");

    let (_, document) = unwrapped();
    let today = seal(&document, &context(&DOCUMENT, Kind::Change), CONTENT);
    assert_eq!((today[0], today.len()), (1, CONTENT.len() + SEAL_OVERHEAD_BYTES));
}

#[test]
fn a_newer_format_is_named() {
    let (_, document) = unwrapped();
    let newer = [&[2], &stored("change")[1..]].concat();
    assert_eq!(open(&document, &context(&DOCUMENT, Kind::Change), &newer), Err(OpenError::Format(2)));
}
