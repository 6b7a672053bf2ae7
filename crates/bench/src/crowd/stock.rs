//! A client with a document: Automerge's own side of the sync protocol, nothing left out.

use super::{Hash, Place, RepoPeer, TEXT};
use anyhow::{Context, Result};
use automerge::sync::{Message, State, SyncDoc};
use automerge::{AutoCommit, ROOT, ReadDoc};

/// Brings documents to a server, and reads what is there in the end.
pub struct StockPeer {
    peer: RepoPeer,
    /// On the heap, as everywhere here: it is kilobytes of fields, and would be copied into every future.
    document: Box<AutoCommit>,
    state: State,
}

impl StockPeer {
    /// Joins with a document, which may be empty, and tells the server so.
    pub async fn open(place: &Place, document: Box<AutoCommit>) -> Result<StockPeer> {
        let mut stock = StockPeer { peer: RepoPeer::open(place).await?, document, state: State::new() };
        let first = stock.generate().context("the first message is always due")?;
        match stock.document.get_heads().is_empty() {
            true => stock.peer.request(first)?,
            false => stock.peer.say(first)?,
        }
        Ok(stock)
    }

    /// Gives a document to a server; done when the server says that it has all of it.
    pub async fn bring(place: &Place, document: Box<AutoCommit>) -> Result<()> {
        let mut stock = StockPeer::open(place, document).await?;
        let heads = stock.document.get_heads();
        while stock.state.their_heads.as_ref() != Some(&heads) {
            stock.step().await?;
        }
        Ok(())
    }

    /// The text of a document, read when all of `heads` are there.
    pub async fn text_at(place: &Place, heads: &[Hash]) -> Result<String> {
        let mut stock = StockPeer::open(place, Box::default()).await?;
        let has = |stock: &mut StockPeer| {
            heads
                .iter()
                .all(|head| stock.document.get_change_by_hash(&automerge::ChangeHash(*head)).is_some())
        };
        while !has(&mut stock) {
            stock.step().await?;
        }
        let (_, content) = stock.document.get(ROOT, TEXT)?.context("the document has no text")?;
        Ok(stock.document.text(content)?)
    }

    /// Takes one message in and answers it.
    async fn step(&mut self) -> Result<()> {
        let message = Message::decode(&self.peer.hear().await?)?;
        self.document.sync().receive_sync_message(&mut self.state, message)?;
        if let Some(answer) = self.generate() {
            self.peer.say(answer)?;
        }
        Ok(())
    }

    fn generate(&mut self) -> Option<Vec<u8>> {
        Some(self.document.sync().generate_sync_message(&mut self.state)?.encode())
    }
}
