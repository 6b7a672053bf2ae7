//! What a message of the peer changes.

use std::borrow::Cow;

use base::Hash;

use super::{Peer, Stage, in_short};
use crate::graph::Graph;
use crate::sync::{Flags, Limits, Message, SyncError};

/// What came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "changes that came have to be admitted, and settled"]
pub struct Received<'m> {
    /// Chunks of changes, of documents perhaps, for [`Graph::admit`]. If there are any, [`Peer::settle`] has to
    /// be called once it is known what became of them; the peer is not answered before, unless there is other
    /// news for it.
    pub changes: Cow<'m, [u8]>,
}

impl Peer {
    /// Takes a message. After an error nothing is changed, and the peer is best left alone.
    pub fn receive<'m>(
        &mut self,
        graph: &Graph,
        message: &'m [u8],
        limits: &Limits,
    ) -> Result<Received<'m>, SyncError> {
        let message = Message::decode(message, limits)?;
        let reset = self.take_flags(message.flags);
        if reset || !self.is_acknowledgement(&message) {
            self.take_heads(graph, &message, reset);
            self.take_needs(graph, &message);
        }
        Ok(Received { changes: self.take_changes(&message) })
    }

    /// Whether the message says that the peer has what we believe it has, and nothing else.
    fn is_acknowledgement(&self, message: &Message<'_>) -> bool {
        self.stage == Stage::Exchanged
            && self.loose.is_none()
            && self.answered == 0
            && message.needs.is_empty()
            && !message.heads.is_empty()
            && message.heads.are(&self.covered)
            && !refuses_have(message)
    }

    fn take_flags(&mut self, flags: Option<Flags>) -> bool {
        let Some(flags) = flags else { return false };
        self.version_2 = true;
        self.knows_reset = flags.has(Flags::KNOWS_RESET);
        self.ignores_us = flags.has(Flags::READ_ONLY);
        flags.has(Flags::RESET)
    }

    fn take_heads(&mut self, graph: &Graph, message: &Message<'_>, reset: bool) {
        let heads = message.heads.sorted();
        let (known, missing): (Vec<Hash>, Vec<Hash>) = heads.iter().partition(|head| graph.contains(head));
        let refuses = !self.wary && self.stage == Stage::Exchanged && refuses_have(message);
        let lost_all = heads.is_empty() && !(self.covered.is_empty() && self.loose.is_none());
        self.wary |= refuses;
        self.reply_due |= reset || refuses || lost_all;
        let anew = self.stage != Stage::Exchanged || self.ignores_us || reset || refuses || lost_all;
        match anew {
            true => self.believe(graph, &known, missing.is_empty(), message.haves),
            false => self.cover(graph, &known),
        }
        self.with_loose(|loose| (loose.heads, loose.missing) = (heads, missing));
        self.clear_up(graph);
    }

    /// A need that was answered is not answered again before another one was: a peer that cannot use the
    /// answer would ask forever.
    fn take_needs(&mut self, graph: &Graph, message: &Message<'_>) {
        let wanted: Vec<Hash> =
            message.needs.sorted().into_iter().filter(|need| graph.contains(need)).collect();
        let need = in_short(&wanted);
        if need != self.answered {
            self.answered = need;
            self.with_loose(|loose| loose.wanted = wanted);
        }
    }

    fn take_changes<'m>(&mut self, message: &Message<'m>) -> Cow<'m, [u8]> {
        if self.read_only || message.changes.is_empty() {
            return Cow::Borrowed(&[]);
        }
        self.pending += 1;
        message.changes.joined()
    }
}

/// Whether the peer says that it has something, but nothing about what: so does one that was told of a last
/// sync that it knows nothing of.
fn refuses_have(message: &Message<'_>) -> bool {
    let mut haves = message.haves.iter();
    let says_nothing = haves.next().is_some_and(|have| have.last_sync.is_empty() && have.filter.is_empty())
        && haves.next().is_none();
    says_nothing && !message.heads.is_empty() && message.needs.is_empty() && message.changes.is_empty()
}
