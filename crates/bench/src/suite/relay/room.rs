//! A document with one who types and those who read.

use super::side::{RepoSide, Side};
use crate::crowd::{Place, Seat};
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
        Room::with(side, document, writer, history, readers).await
    }

    async fn with(
        side: &S,
        document: S::Document,
        writer: S::Seat,
        history: usize,
        readers: usize,
    ) -> Result<Room<S>> {
        let readers = try_join_all((0..readers).map(|_| side.sit(&document, history))).await?;
        Ok(Room { document, changes: history, writer, readers })
    }
}

impl Room<RepoSide> {
    /// A document that was brought, open on all its sockets.
    pub async fn at(side: &RepoSide, place: Place, history: usize, readers: usize) -> Result<Room<RepoSide>> {
        let writer = side.sit(&place, history).await?;
        Room::with(side, place, writer, history, readers).await
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
