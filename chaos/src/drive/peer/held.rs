//! A document that a peer holds: Automerge's own side of the sync protocol, nothing left out.

use std::sync::Arc;

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{AutoCommit, AutomergeError, ChangeHash, ROOT, ReadDoc};

use super::super::places::Paper;
use crate::ledger::Mark;

/// Where a text document has its text.
const TEXT: &str = "content";

/// A document, and what is known of the hub's.
pub struct Held {
    /// Which.
    pub paper: Arc<Paper>,
    /// On the heap: it is kilobytes of fields, and would be copied into every future.
    document: Box<AutoCommit>,
    state: State,
}

impl Held {
    /// A document of which nothing is here yet.
    pub fn new(paper: Arc<Paper>) -> Held {
        Held { paper, document: Box::default(), state: State::new() }
    }

    /// A new socket knows nothing of what was said before. Gives its first message, and whether it asks for everything.
    pub fn begin(&mut self) -> (Option<Vec<u8>>, bool) {
        self.state = State::new();
        let is_request = self.document.get_heads().is_empty();
        (self.next(), is_request)
    }

    /// Takes a message in.
    pub fn take(&mut self, data: &[u8]) -> Result<(), String> {
        let message = Message::decode(data).map_err(|error| error.to_string())?;
        let taken = self.document.sync().receive_sync_message(&mut self.state, message);
        taken.map_err(|error| error.to_string())
    }

    /// What is to be said now, if anything is.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.document.sync().generate_sync_message(&mut self.state)?.encode())
    }

    /// Whether the text has come, so that something can be written into it.
    pub fn is_here(&self) -> bool {
        self.document.get(ROOT, TEXT).is_ok_and(|found| found.is_some())
    }

    /// Puts a mark to the front or the end of the text. Gives the change, nothing while the text is not here.
    pub fn write(&mut self, mark: Mark, at_the_end: bool) -> Result<Option<ChangeHash>, AutomergeError> {
        let Some((_, text)) = self.document.get(ROOT, TEXT)? else { return Ok(None) };
        let position = if at_the_end { self.document.length(&text) } else { 0 };
        self.document.splice_text(&text, position, 0, &mark.to_string())?;
        Ok(self.document.commit())
    }

    /// Whether the hub has said that it has this change: it is among its heads, or below them.
    pub fn is_confirmed(&mut self, change: &ChangeHash) -> bool {
        !self.unconfirmed().contains(change)
    }

    /// Whether the hub has said that it has all that is here.
    pub fn is_all_confirmed(&mut self) -> bool {
        self.state.their_heads.is_some() && self.unconfirmed().is_empty()
    }

    /// The text.
    pub fn text(&self) -> Option<String> {
        let (_, text) = self.document.get(ROOT, TEXT).ok()??;
        self.document.text(text).ok()
    }

    /// The heads, in hexadecimal digits, sorted.
    pub fn heads(&mut self) -> Vec<String> {
        let mut heads: Vec<String> = self.document.get_heads().iter().map(ToString::to_string).collect();
        heads.sort();
        heads
    }

    fn unconfirmed(&mut self) -> Vec<ChangeHash> {
        let theirs = self.state.their_heads.clone().unwrap_or_default();
        let known: Vec<ChangeHash> =
            theirs.into_iter().filter(|head| self.document.get_change_meta_by_hash(head).is_some()).collect();
        self.document.get_changes_meta(&known).iter().map(|change| change.hash).collect()
    }
}

#[cfg(test)]
mod tests {
    use automerge::ObjType;

    use super::*;
    use crate::history::Answer;

    /// A hub that is nothing but Automerge.
    struct Server {
        document: AutoCommit,
        state: State,
    }

    impl Server {
        fn new() -> Server {
            let mut document = AutoCommit::new();
            let text = document.put_object(ROOT, TEXT, ObjType::Text).unwrap();
            document.splice_text(&text, 0, 0, &Mark(1).to_string()).unwrap();
            document.commit();
            Server { document, state: State::new() }
        }

        /// Lets both sides talk until neither has anything to say.
        fn talk(&mut self, held: &mut Held, mut said: Option<Vec<u8>>) {
            loop {
                let mut quiet = said.is_none();
                if let Some(data) = said.take() {
                    let message = Message::decode(&data).unwrap();
                    self.document.sync().receive_sync_message(&mut self.state, message).unwrap();
                }
                if let Some(answer) = self.document.sync().generate_sync_message(&mut self.state) {
                    held.take(&answer.encode()).unwrap();
                    quiet = false;
                }
                said = held.next();
                if quiet && said.is_none() {
                    return;
                }
            }
        }
    }

    fn held() -> Held {
        Held::new(Arc::new(Paper::new("d".into(), 0, &Answer::default())))
    }

    #[test]
    fn a_change_is_confirmed_when_the_hub_has_it_and_not_before() {
        let (mut server, mut held) = (Server::new(), held());
        let (first, is_request) = held.begin();
        assert!(is_request && !held.is_here());
        assert_eq!(held.write(Mark(2), true).unwrap(), None, "there is no text yet");
        server.talk(&mut held, first);
        assert!(held.is_here() && held.is_all_confirmed());

        let change = held.write(Mark(2), true).unwrap().unwrap();
        assert!(!held.is_confirmed(&change));
        // The socket breaks; the change stays, and goes out with the next one.
        server.state = State::new();
        let (first, is_request) = held.begin();
        assert!(!is_request && !held.is_all_confirmed());
        server.talk(&mut held, first);
        assert!(held.is_confirmed(&change) && held.is_all_confirmed());
        assert_eq!(held.text().unwrap(), format!("{}{}", Mark(1), Mark(2)));
    }

    #[test]
    fn a_change_below_the_heads_of_the_hub_is_confirmed() {
        let (mut server, mut held) = (Server::new(), held());
        let (first, _) = held.begin();
        server.talk(&mut held, first);
        let change = held.write(Mark(2), false).unwrap().unwrap();
        let said = held.next();
        server.talk(&mut held, said);
        let (_, text) = server.document.get(ROOT, TEXT).unwrap().unwrap();
        server.document.splice_text(&text, 0, 0, &Mark(3).to_string()).unwrap();
        server.document.commit();
        server.talk(&mut held, None);
        assert!(held.is_confirmed(&change));
        assert_eq!(held.heads().len(), 1);
        assert_eq!(held.text().unwrap(), format!("{}{}{}", Mark(3), Mark(2), Mark(1)));
    }

    #[test]
    fn nonsense_is_named() {
        assert!(held().take(b"nonsense").is_err());
    }
}
