//! Long commands, which come in parts.

use super::step::{ApplyError, Step};
use crate::command::{Claim, Command, Part};
use crate::store::{Space, key};
use sha2::{Digest, Sha256};

impl Step<'_> {
    pub(super) fn part(&mut self, part: Part) -> Result<(), ApplyError> {
        self.tick(part.time_ms);
        if part.number == 0 {
            self.note_transfer(&part.transfer);
        }
        self.txn.put(Space::State, key::state::part(&part.transfer, part.number), part.bytes);
        Ok(())
    }

    /// Puts a command together and forgets its parts. Parts and claim come from one leader, right after each other, so
    /// that a claim without its parts, or with other bytes, was never written by this code.
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<Command, ApplyError> {
        let parts = self.txn.prefix(Space::State, &key::state::part_prefix(&claim.transfer))?;
        if parts.len() != claim.parts as usize {
            return Err(self.rule("a claim comes after all of its parts"));
        }
        let mut whole = Vec::new();
        for (key, bytes) in parts {
            whole.extend(bytes);
            self.txn.remove(Space::State, key);
        }
        if <[u8; 32]>::from(Sha256::digest(&whole)) != claim.hash {
            return Err(self.rule("a claim names the hash of its parts"));
        }
        let position = self.position;
        Command::decode(&whole).map_err(|source| {
            let source = crate::command::EntryError::Command(0, source);
            ApplyError::Entry { position, source }
        })
    }
}
