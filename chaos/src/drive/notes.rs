//! The history, as all who write it share it, and the clock that it is told by.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::history::{
    Answer, Ask, ClientId, Condition, Document, Marks, Micros, OperationId, Recorder, Revision, ShardId,
    Side, StateId,
};
use crate::ledger::{self, Mark};

/// Where the lines of a history go.
pub type Sink = Box<dyn Write + Send>;

/// Stands for text that is no mark. Nobody writes it, so every checker that meets it says so.
pub const GARBLED: Mark = Mark(u64::MAX);

/// A history that is being written. Cheap to clone.
///
/// Every error is one of the sink: a drill whose history cannot be written is over.
#[derive(Clone)]
pub struct Notes(Arc<Inner>);

struct Inner {
    began: Instant,
    recorder: Mutex<Option<Recorder<Sink>>>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Ok(Answer),
    /// It is known not to be done, for this reason.
    Failed(String, Answer),
    /// Nobody can say.
    Unknown,
}

impl Notes {
    /// Begins a history. The clock starts now.
    pub fn new(sink: Sink, drill: &str, seed: u64) -> io::Result<Notes> {
        let recorder = Recorder::new(sink, drill, seed)?;
        Ok(Notes(Arc::new(Inner { began: Instant::now(), recorder: Mutex::new(Some(recorder)) })))
    }

    /// The time of the history.
    pub fn now(&self) -> Micros {
        let micros = self.0.began.elapsed().as_micros();
        Micros(u64::try_from(micros).expect("no drill lasts for half a million years"))
    }

    /// Whether the drill should come to its end, because the history is as long as one may be.
    pub fn is_full(&self) -> bool {
        self.0.recorder.lock().as_ref().is_none_or(Recorder::is_full)
    }

    /// An operation is about to be sent.
    pub fn invoke(&self, ask: Ask) -> io::Result<OperationId> {
        let at = self.now();
        self.with(|recorder| recorder.invoke(at, ask))
    }

    /// An operation has come to its end.
    pub fn end(&self, op: OperationId, ended: Ended) -> io::Result<()> {
        let at = self.now();
        self.with(|recorder| match ended {
            Ended::Ok(answer) => recorder.ok(at, op, answer),
            Ended::Failed(reason, answer) => recorder.failed(at, op, &reason, answer),
            Ended::Unknown => recorder.unknown(at, op),
        })
    }

    /// The marks of a text that somebody saw, to be named in an answer.
    pub fn seen(&self, document: &Document, text: &str) -> io::Result<StateId> {
        self.with(|recorder| recorder.seen(document, marks(text)))
    }

    /// A node became something else. A fault is noted before it is made.
    pub fn node(&self, node: &str, became: Condition) -> io::Result<()> {
        let at = self.now();
        self.with(|recorder| recorder.node(at, node, became))
    }

    /// Somebody saw a node lead.
    pub fn leader(&self, shard: ShardId, term: u64, node: &str) -> io::Result<()> {
        let at = self.now();
        self.with(|recorder| recorder.leader(at, shard, term, node))
    }

    /// A client has a socket.
    pub fn opened(&self, client: ClientId) -> io::Result<()> {
        let at = self.now();
        self.with(|recorder| recorder.opened(at, client))
    }

    /// A client's socket is closed.
    pub fn closed(&self, client: ClientId, by: Side, reason: &str) -> io::Result<()> {
        let at = self.now();
        self.with(|recorder| recorder.closed(at, client, by, reason))
    }

    /// The text of a document when all is over; `None` if it is not there.
    pub fn last(&self, document: &Document, text: Option<&str>) -> io::Result<()> {
        self.with(|recorder| recorder.last(document, text.map(marks)))
    }

    /// What a replica has of a document when all is over.
    pub fn replica(&self, document: &Document, node: &str, heads: Option<String>) -> io::Result<()> {
        self.with(|recorder| recorder.replica(document, node, heads))
    }

    /// Ends the history and gives the sink back, flushed. Whoever notes something afterwards gets an error.
    pub fn finish(&self) -> io::Result<Sink> {
        let at = self.now();
        let recorder = self.0.recorder.lock().take();
        recorder.ok_or_else(over)?.finish(at)
    }

    fn with<T>(&self, note: impl FnOnce(&mut Recorder<Sink>) -> io::Result<T>) -> io::Result<T> {
        note(self.0.recorder.lock().as_mut().ok_or_else(over)?)
    }
}

fn over() -> io::Error {
    io::Error::other("the history has ended already")
}

/// The marks of a text; where it is no row of marks any more, [`GARBLED`].
pub fn marks(text: &str) -> Marks {
    ledger::marks(text).unwrap_or_else(|rest| {
        let sound = &text[..text.len() - rest.len()];
        let mut marks = ledger::marks(sound).unwrap_or_default();
        marks.push(GARBLED);
        marks
    })
}

/// A revision, as `Hub-Revision` writes it: `SHARD.INDEX`.
pub fn revision(text: &str) -> Option<Revision> {
    let (shard, index) = text.split_once('.')?;
    Some(Revision { shard: ShardId(shard.parse().ok()?), index: index.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_mark_is_a_mark_that_nobody_writes() {
        let text = format!("{}{}", Mark(1), Mark(2));
        assert_eq!(marks(&text), [Mark(1), Mark(2)]);
        assert_eq!(marks(&format!("{text}<0000")), [Mark(1), Mark(2), GARBLED]);
        assert_eq!(marks("x"), [GARBLED]);
        assert_eq!(marks(""), []);
    }

    #[test]
    fn revisions_are_read_as_they_are_written() {
        assert_eq!(revision("3.17"), Some(Revision { shard: ShardId(3), index: 17 }));
        for nonsense in ["", "3", "3.", ".3", "a.1", "1.2.3", "-1.2"] {
            assert_eq!(revision(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn nothing_is_noted_after_the_end() {
        let notes = Notes::new(Box::new(vec![]), "d", 1).unwrap();
        notes.opened(ClientId(1)).unwrap();
        notes.clone().finish().unwrap();
        assert!(notes.opened(ClientId(1)).is_err());
        assert!(notes.is_full());
    }
}
