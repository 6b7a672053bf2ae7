//! Writes a history while it happens.
//!
//! Every line goes to the sink at once. What stays in memory is the operations without an end, of which each client has
//! few, and the newest marks of each document; not what has been. A drill of hours therefore costs disk, not memory, and
//! one that has written [`LINES_MAX`] lines is told to end, because it is to be checked afterwards by one process.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::line::{FORMAT, Invoke, Line};
use super::states::{Differ, Marks};
use super::words::{
    Answer, ClientId, Condition, Document, Kind, Micros, OperationId, ShardId, Side, StateId,
};
use super::{Closing, Final, Leadership, NodeChange, Replica};

/// Lines of the longest history: about 1 GiB on disk, and as much in memory when it is checked.
pub const LINES_MAX: u64 = 5_000_000;

/// What a client asks for, before it has a number.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whose.
    pub client: ClientId,
    /// Where, if the client knows.
    pub shard: Option<ShardId>,
    /// To what, if the client knows.
    pub document: Option<Document>,
    /// What.
    pub kind: Kind,
}

/// Writes the lines of one history.
///
/// The time of an invocation is taken before the first byte is sent, that of an end after the last byte has come.
#[derive(Debug)]
pub struct Recorder<W> {
    sink: W,
    open: BTreeSet<OperationId>,
    differ: Differ,
    next: u64,
    lines: u64,
}

impl<W: Write> Recorder<W> {
    /// Begins a history.
    pub fn new(sink: W, drill: &str, seed: u64) -> io::Result<Recorder<W>> {
        let mut recorder =
            Recorder { sink, open: BTreeSet::new(), differ: Differ::default(), next: 0, lines: 0 };
        recorder.write(&Line::Start { format: FORMAT, drill: drill.to_owned(), seed })?;
        Ok(recorder)
    }

    /// Whether the drill should come to its end, because the history is as long as one may be. It still takes lines.
    pub fn is_full(&self) -> bool {
        self.lines >= LINES_MAX
    }

    /// An operation is about to be sent.
    pub fn invoke(&mut self, at: Micros, ask: Ask) -> io::Result<OperationId> {
        let op = OperationId(self.next);
        self.next += 1;
        self.open.insert(op);
        let Ask { client, shard, document, kind } = ask;
        self.write(&Line::Invoke(Invoke { at, op, client, shard, document, kind }))?;
        Ok(op)
    }

    /// The marks that an answer shows, to be named in its [`Answer`].
    pub fn seen(&mut self, document: &Document, marks: Marks) -> io::Result<StateId> {
        let (state, line) = self.differ.note(document, marks);
        if let Some(line) = line {
            self.write(&Line::State(line))?;
        }
        Ok(state)
    }

    /// An operation is done.
    pub fn ok(&mut self, at: Micros, op: OperationId, answer: Answer) -> io::Result<()> {
        self.close(op);
        self.write(&Line::Ok { at, op, answer })
    }

    /// An operation is known not to be done.
    pub fn failed(&mut self, at: Micros, op: OperationId, reason: &str, answer: Answer) -> io::Result<()> {
        self.close(op);
        self.write(&Line::Failed { at, op, reason: reason.to_owned(), answer })
    }

    /// Nobody can say what became of an operation.
    pub fn unknown(&mut self, at: Micros, op: OperationId) -> io::Result<()> {
        self.close(op);
        self.write(&Line::Unknown { at, op })
    }

    /// A node became something else. Each is noted as alive when the drill begins; a fault is noted before it is made, so that nothing it causes precedes it.
    pub fn node(&mut self, at: Micros, node: &str, became: Condition) -> io::Result<()> {
        self.write(&Line::Node(NodeChange { at, node: node.to_owned(), became }))
    }

    /// Somebody saw a node lead.
    pub fn leader(&mut self, at: Micros, shard: ShardId, term: u64, node: &str) -> io::Result<()> {
        self.write(&Line::Leader(Leadership { at, shard, term, node: node.to_owned() }))
    }

    /// A client has a socket.
    pub fn opened(&mut self, at: Micros, client: ClientId) -> io::Result<()> {
        self.write(&Line::Opened { at, client })
    }

    /// A client's socket is closed.
    pub fn closed(&mut self, at: Micros, client: ClientId, by: Side, reason: &str) -> io::Result<()> {
        self.write(&Line::Closed(Closing { at, client, by, reason: reason.to_owned() }))
    }

    /// What a document holds when all is over; `None` if it is not there.
    pub fn last(&mut self, document: &Document, marks: Option<Marks>) -> io::Result<()> {
        let state = marks.map(|marks| self.seen(document, marks)).transpose()?;
        self.write(&Line::Final(Final { document: document.clone(), state }))
    }

    /// What a replica has of a document when all is over; `None` if it has nothing.
    pub fn replica(&mut self, document: &Document, node: &str, heads: Option<String>) -> io::Result<()> {
        self.write(&Line::Replica(Replica { document: document.clone(), node: node.to_owned(), heads }))
    }

    /// Ends the history. Operations without an end get an unknown one, so the clients should have come to theirs: a write
    /// that is broken off here looks like one that was sent in vain.
    pub fn finish(mut self, at: Micros) -> io::Result<W> {
        for op in std::mem::take(&mut self.open) {
            self.write(&Line::Unknown { at, op })?;
        }
        self.write(&Line::End { at })?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn close(&mut self, op: OperationId) {
        assert!(self.open.remove(&op), "{op} ends once, and after it began");
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.sink, line)?;
        self.lines += 1;
        self.sink.write_all(b"\n")
    }
}
