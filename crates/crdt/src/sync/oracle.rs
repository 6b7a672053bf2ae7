//! Asks Automerge what it reads in a message. For tests and fuzzers alone; nothing that ships is built with it.

use automerge::ChangeHash;
use automerge::sync as stock;
use base::Hash;

use super::{Hashes, Limits, Message, SyncError, Version};

/// Reads a message, and fails if Automerge does not read the same in it. What is refused it never sees: there are
/// messages that it does not survive.
pub fn read<'m>(bytes: &'m [u8], limits: &Limits) -> Result<Message<'m>, SyncError> {
    let ours = Message::decode(bytes, limits)?;
    let theirs = stock::Message::decode(bytes).expect("Automerge reads what we read");
    assert_eq!(theirs.version == stock::MessageVersion::V2, ours.version == Version::V2);
    same_hashes(&ours.heads, &theirs.heads);
    same_hashes(&ours.needs, &theirs.need);
    assert_eq!(ours.haves.iter().count(), theirs.have.len());
    for (ours, theirs) in ours.haves.iter().zip(&theirs.have) {
        same_hashes(&ours.last_sync, &theirs.last_sync);
        for probe in 0..=u8::MAX {
            let change: [u8; 32] = std::array::from_fn(|i| probe.wrapping_mul(37).wrapping_add(i as u8 * 11));
            assert_eq!(ours.filter.claims(&Hash(change)), theirs.bloom.contains_hash(&ChangeHash(change)));
        }
    }
    assert!(ours.changes.iter().eq(theirs.changes.iter()));
    assert_eq!(ours.changes.joined(), theirs.changes.iter().collect::<Vec<_>>().concat());
    assert_eq!(ours.flags.is_some(), theirs.flags.is_some());
    Ok(ours)
}

fn same_hashes(ours: &Hashes<'_>, theirs: &[ChangeHash]) {
    assert!(ours.iter().map(|hash| hash.0).eq(theirs.iter().map(|hash| hash.0)));
}
