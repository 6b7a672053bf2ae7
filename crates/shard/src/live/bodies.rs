//! Encoded messages, for readers at the same point: what is sent to many is encoded once.

use bytes::Bytes;
use crdt::sync::Plan;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Messages that are kept. Readers that keep up are all at the same point; few lag one or two behind.
const KEPT: usize = 3;

/// Longer messages are for those who come late, and not kept.
const KEPT_BYTES: usize = 32 << 10;

/// The newest messages of a document, by what is in them.
#[derive(Default)]
pub struct Bodies(Mutex<VecDeque<(Plan, Bytes)>>);

impl Bodies {
    /// The message of a plan, encoded by `encode` if nobody needed it before.
    pub fn get(&self, plan: Plan, encode: impl FnOnce(&Plan) -> Option<Bytes>) -> Result<Bytes, Plan> {
        let mut kept = self.0.lock();
        // The newest first: most readers ask for that.
        if let Some((_, body)) = kept.iter().find(|(known, _)| *known == plan) {
            return Ok(body.clone());
        }
        let Some(body) = encode(&plan) else { return Err(plan) };
        if body.len() <= KEPT_BYTES {
            kept.truncate(KEPT - 1);
            kept.push_front((plan, body.clone()));
        }
        Ok(body)
    }
}
