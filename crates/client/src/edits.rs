//! `Edits`: what was asked of the hub and has no answer.

use crate::error::{EditError, Ended};
use std::collections::VecDeque;
use tokio::sync::oneshot;
use wire::thin::{Ack, Edit, FromClient, Problem};

/// Edits that may be on their way at once. The hub takes as many from one socket before it stops reading.
pub(crate) const IN_FLIGHT_MAX: usize = 64;

/// The longest edit that is sent: no hub takes more unless it was told to.
const EDIT_BYTES_MAX: usize = 32 << 20;

/// Where the answer goes: the version that holds the edit.
pub(crate) type Reply = oneshot::Sender<Result<u64, EditError>>;

/// Edits without an answer, in the order in which they were asked for.
///
/// Each is kept as the text that was sent: sent again it must be the same edit word for word.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: String,
    text: String,
    reply: Reply,
}

impl Edits {
    /// Keeps an edit. Gives what is to be sent, unless it is too long to be.
    pub fn add(&mut self, edit: Edit, reply: Reply) -> Option<String> {
        let id = edit.id.clone();
        let text = serde_json::to_string(&FromClient::Edit(edit)).expect("keys are strings");
        let waiting = Waiting { id, text: text.clone(), reply };
        if text.len() > EDIT_BYTES_MAX {
            waiting.too_long(&format!("a message has at most {EDIT_BYTES_MAX} bytes"));
            return None;
        }
        self.waiting.push_back(waiting);
        Some(text)
    }

    /// Whether another one may be asked for.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < IN_FLIGHT_MAX
    }

    /// The only edit that waits, if there is one.
    pub fn only(&self) -> Option<&str> {
        (self.waiting.len() == 1).then(|| self.waiting[0].id.as_str())
    }

    /// The hub does not take messages as long as one of these. Which one, it does not say: the longest goes.
    pub fn too_long(&mut self, reason: &str) {
        let longest = self.waiting.iter().enumerate().max_by_key(|(_, waiting)| waiting.text.len());
        if let Some(waiting) = longest.map(|(at, _)| at).and_then(|at| self.waiting.remove(at)) {
            waiting.too_long(reason);
        }
    }

    /// All that has no answer, to be sent again.
    pub fn again(&self) -> impl Iterator<Item = &str> {
        self.waiting.iter().map(|waiting| waiting.text.as_str())
    }

    /// The edit with this id, to be sent again.
    pub fn again_one(&self, id: &str) -> Option<&str> {
        Some(&self.waiting.iter().find(|waiting| waiting.id == id)?.text)
    }

    /// An edit is durable.
    pub fn acked(&mut self, ack: &Ack) {
        self.answer(&ack.id, Ok(ack.version));
    }

    /// An edit was refused for good.
    pub fn refused(&mut self, id: &str, problem: Problem) {
        self.answer(id, Err(EditError::Refused(problem)));
    }

    /// Nothing will be answered any more.
    pub fn end(&mut self, why: &Ended) {
        for waiting in self.waiting.drain(..) {
            let _gone = waiting.reply.send(Err(EditError::Ended(why.clone())));
        }
    }

    fn answer(&mut self, id: &str, answer: Result<u64, EditError>) {
        // The hub answers a repeated edit again.
        let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) else { return };
        if let Some(waiting) = self.waiting.remove(at) {
            let _gone = waiting.reply.send(answer);
        }
    }
}

impl Waiting {
    fn too_long(self, reason: &str) {
        let error = EditError::TooLong { bytes: self.text.len(), reason: reason.to_owned() };
        let _gone = self.reply.send(Err(error));
    }
}
