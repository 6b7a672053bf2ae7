//! A header-only client of a document that one person types.

use super::{Header, Place, RepoPeer, Seat, Typing, say};
use anyhow::{Context, Result, ensure};
use std::rc::Rc;

/// A client in the automerge-repo protocol. As a reader it answers as a stock client that has no changes of its own;
/// it may write as well, but then it must be the only one.
pub struct Follower {
    peer: RepoPeer,
    typing: Rc<Typing>,
    /// Changes of the typing that it has.
    has: usize,
    /// Changes of the typing that the server has said that it has.
    server_has: usize,
}

impl Follower {
    /// Joins with nothing and waits until it has the first `changes`.
    pub async fn open(place: &Place, typing: &Rc<Typing>, changes: usize) -> Result<Follower> {
        let mut peer = RepoPeer::open(place).await?;
        peer.request(say::request())?;
        let mut follower = Follower { peer, typing: typing.clone(), has: 0, server_has: 0 };
        follower.reach(changes).await?;
        Ok(follower)
    }

    /// Waits for a message, answers it, and tells how many changes this client has now. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Result<usize> {
        let message = self.peer.hear().await?;
        let header = Header::read(&message)?;
        let theirs = match header.heads {
            [] => 0,
            [head] => self.typing.length_at(head).context("the server has a change that nobody made")?,
            heads => anyhow::bail!("one person typed, but the server has {} heads", heads.len()),
        };
        self.server_has = self.server_has.max(theirs);
        if theirs > self.has {
            self.take(theirs, &header)?;
        }
        Ok(self.has)
    }

    fn take(&mut self, theirs: usize, header: &Header<'_>) -> Result<()> {
        if header.is_empty() {
            let mine = self.heads(self.has)?;
            let ask = say::Say {
                heads: &mine,
                shared: &mine,
                unshared: &[],
                need: header.heads,
                changes: Some(vec![]),
            };
            return self.peer.say(say::message(ask));
        }
        let new = theirs - self.has;
        ensure!(
            header.whole || header.changes >= new,
            "the server says that it has {new} more changes, but sends {}",
            header.changes
        );
        self.has = theirs;
        self.peer.say(say::acknowledge(header.heads))
    }

    /// The heads of a client with that many changes.
    fn heads(&self, changes: usize) -> Result<Vec<super::Hash>> {
        changes.checked_sub(1).map(|last| Ok(self.typing.stroke(last)?.hash)).into_iter().collect()
    }
}

impl Seat for Follower {
    fn type_next(&mut self) -> Result<()> {
        let stroke = self.typing.stroke(self.has)?;
        let shared = self.heads(self.server_has)?;
        let mut unshared = Vec::with_capacity(1);
        for sent in self.server_has..=self.has {
            unshared.push(self.typing.stroke(sent)?.hash);
        }
        let heads = [stroke.hash];
        let changes = Some(stroke.bytes.to_vec());
        let say = say::Say { heads: &heads, shared: &shared, unshared: &unshared, need: &[], changes };
        self.peer.say(say::message(say))?;
        self.has += 1;
        Ok(())
    }

    async fn reach(&mut self, changes: usize) -> Result<()> {
        while self.has.min(self.server_has) < changes {
            self.next().await?;
        }
        Ok(())
    }
}
