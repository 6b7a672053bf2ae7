//! `Edits`: what was asked of the hub and has no answer.

use crate::error::{EditError, Ended};
use std::collections::VecDeque;
use tokio::sync::oneshot;
use wire::thin::{Ack, Edit, FromClient, Problem};

/// Edits that may be on their way at once. The hub takes as many from one socket before it stops reading.
pub(crate) const IN_FLIGHT_MAX: usize = 64;

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
    /// Keeps an edit. Gives what is to be sent.
    pub fn add(&mut self, edit: Edit, reply: Reply) -> String {
        let id = edit.id.clone();
        let text = serde_json::to_string(&FromClient::Edit(edit)).expect("keys are strings");
        self.waiting.push_back(Waiting { id, text: text.clone(), reply });
        text
    }

    /// Whether another one may be asked for.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < IN_FLIGHT_MAX
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
