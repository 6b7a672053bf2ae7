//! A document with one who types and those who read.

use super::side::Side;
use crate::crowd::Seat;
use crate::measure::Worker;
use anyhow::Result;
use futures::future::try_join_all;

/// The sockets of a document; a step of the closed loop is a character that has come to all of them.
pub struct Room<S: Side> {
    /// The document.
    pub document: S::Document,
    /// How many changes it has.
    pub changes: usize,
    writer: S::Seat,
    readers: Vec<S::Seat>,
}

impl<S: Side> Room<S> {
    /// A new document with a history, open on all its sockets.
    pub async fn new(side: &S, history: usize, readers: usize) -> Result<Room<S>> {
        let (document, writer) = side.furnish(history).await?;
        let readers = try_join_all((0..readers).map(|_| side.sit(&document, history))).await?;
        Ok(Room { document, changes: history, writer, readers })
    }
}

impl<S: Side> Worker for Room<S> {
    async fn step(&mut self) -> Result<()> {
        self.writer.type_next()?;
        self.changes += 1;
        // One after the other: all are needed, and what comes to a later one meanwhile waits in its socket.
        for reader in &mut self.readers {
            reader.reach(self.changes).await?;
        }
        self.writer.reach(self.changes).await
    }
}
