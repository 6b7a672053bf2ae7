//! The decoders of what peers send, for fuzzers: each takes any bytes and never panics.

use super::form::decode;
use super::hub::ask::{Ask, Begin, Revoked, Shown};
use super::hub::message::{Assembler, Frames, HealthAnswer};
use super::raft::message::{Answers, Calls, SnapshotPart};
use crate::{
    Access, ChangesPage, Comparison, Ephemeral, Exported, Followed, Health, Page, Redeemed, Refusal, Seen,
    Selection, Synced, Versions,
};
use prost::Message;

/// Reads words of the seam, as each of them.
pub fn decode_words(bytes: &[u8]) {
    let _ = decode::<Ask>(bytes);
    let _ = decode::<Begin>(bytes);
    let _ = decode::<Revoked>(bytes);
    let _ = decode::<Ephemeral>(bytes);
    let _ = decode::<Result<Shown, Refusal>>(bytes);
    let _ = decode::<Result<Seen, Refusal>>(bytes);
    let _ = decode::<Result<Access, Refusal>>(bytes);
    let _ = decode::<Result<Page, Refusal>>(bytes);
    let _ = decode::<Result<Selection, Refusal>>(bytes);
    let _ = decode::<Result<ChangesPage, Refusal>>(bytes);
    let _ = decode::<Result<Redeemed, Refusal>>(bytes);
    let _ = decode::<Result<Versions, Refusal>>(bytes);
    let _ = decode::<Result<Comparison, Refusal>>(bytes);
    let _ = decode::<Result<Exported, Refusal>>(bytes);
    let _ = decode::<Health>(bytes);
    let _ = decode::<Synced>(bytes);
    let _ = decode::<Followed>(bytes);
}

/// Reads messages of the streams; frames are put together.
pub fn decode_messages(bytes: &[u8]) {
    let _ = Calls::decode(bytes);
    let _ = Answers::decode(bytes);
    let _ = SnapshotPart::decode(bytes);
    let _ = HealthAnswer::decode(bytes);
    if let Ok(frames) = Frames::decode(bytes) {
        let mut assembler = Assembler::default();
        for frame in frames.frames {
            let Ok(message) = assembler.add(frame) else { return };
            if let Some((_, _, body)) = message {
                decode_words(&body);
            }
        }
    }
}
