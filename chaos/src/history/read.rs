//! Reads a history back, and refuses one that cannot have happened: a checker that is fed nonsense says nonsense.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};

use super::History;
use super::line::{FORMAT, Invoke, Line};
use super::recorder::LINES_MAX;
use super::words::{Answer, Document, End, Micros, Operation, OperationId};
use crate::ledger::Mark;

/// Bytes of the longest line: a state of a document with several hundred thousand marks.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("the history cannot be read")]
    Io(#[from] io::Error),
    /// A line is not what one is.
    #[error("line {line} of the history is no event")]
    Syntax {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line contradicts those before it.
    #[error("line {line} of the history cannot be: {why}")]
    Contradiction {
        /// Counted from 1.
        line: u64,
        /// The contradiction.
        why: String,
    },
    /// It ends too early.
    #[error("the history is cut off after {lines} lines: its last line has to be an `end`")]
    CutOff {
        /// How many there are.
        lines: u64,
    },
    /// It does not end.
    #[error("the history has more than {LINES_MAX} lines: hold a shorter drill")]
    TooLong,
}

/// What is known up to a line.
#[derive(Default)]
struct Reader {
    history: History,
    started: bool,
    ended: bool,
    open: BTreeMap<OperationId, Invoke>,
    known: BTreeSet<OperationId>,
    documents: BTreeSet<Document>,
    marks: BTreeSet<Mark>,
}

/// Reads a history from its lines.
pub fn read(mut source: impl BufRead) -> Result<History, ReadError> {
    let mut reader = Reader::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if length == 0 {
            return reader.finish(number - 1);
        }
        if number > LINES_MAX + LINES_MAX / 4 {
            return Err(ReadError::TooLong);
        }
        let event =
            serde_json::from_slice(&line).map_err(|source| ReadError::Syntax { line: number, source })?;
        reader.take(event).map_err(|why| ReadError::Contradiction { line: number, why })?;
    }
    unreachable!("there are not so many numbers")
}

impl Reader {
    fn take(&mut self, line: Line) -> Result<(), String> {
        if self.ended {
            return Err("it comes after the end".into());
        }
        if self.started == matches!(line, Line::Start { .. }) {
            return Err("a history begins with one `start`".into());
        }
        let history = &mut self.history;
        match line {
            Line::Start { format, .. } if format != FORMAT => {
                return Err(format!("it has format {format}, and this program reads {FORMAT}"));
            }
            Line::Start { drill, seed, .. } => {
                (self.started, history.drill, history.seed) = (true, drill, seed);
            }
            Line::Invoke(invoke) => return self.invoke(invoke),
            Line::Ok { at, op, answer } => return self.close(op, End::Ok { at, answer }),
            Line::Failed { at, op, reason, answer } => {
                return self.close(op, End::Failed { at, reason, answer });
            }
            Line::Unknown { at, op } => return self.close(op, End::Unknown { at }),
            Line::State(state) => return history.states.push(state),
            Line::Node(change) => history.nodes.push(change),
            Line::Leader(leadership) => history.leaders.push(leadership),
            Line::Opened { .. } => history.sockets += 1,
            Line::Closed(closing) => history.closings.push(closing),
            Line::Final(last) => {
                let of = |state| history.states.document(state);
                if last.state.is_some_and(|state| of(state) != Some(&last.document)) {
                    return Err("its state is not of its document".into());
                }
                history.finals.push(last);
            }
            Line::Replica(replica) => history.replicas.push(replica),
            Line::End { at } => (self.ended, history.ends) = (true, at),
        }
        Ok(())
    }

    /// The one copy of a document's id: a history names few documents, and each of them often.
    fn share(&mut self, document: &mut Option<Document>) {
        if let Some(document) = document {
            if let Some(held) = self.documents.get(document) {
                *document = held.clone();
            } else {
                self.documents.insert(document.clone());
            }
        }
    }

    fn invoke(&mut self, mut invoke: Invoke) -> Result<(), String> {
        self.share(&mut invoke.document);
        if !self.known.insert(invoke.op) {
            return Err(format!("{} begins twice", invoke.op));
        }
        if let Some(mark) = invoke.kind.mark().filter(|mark| !self.marks.insert(*mark)) {
            return Err(format!("{mark} is used by two operations"));
        }
        self.open.insert(invoke.op, invoke);
        Ok(())
    }

    fn close(&mut self, op: OperationId, mut end: End) -> Result<(), String> {
        if let End::Ok { answer, .. } | End::Failed { answer, .. } = &mut end {
            self.share(&mut answer.document);
        }
        let invoke = self.open.remove(&op).ok_or_else(|| format!("{op} ends and is not under way"))?;
        let Invoke { at, client, shard, document, kind, .. } = invoke;
        let operation = Operation { id: op, client, shard, document, kind, invoked: at, end };
        if operation.ended() < at {
            return Err(format!("{op} ends before it begins"));
        }
        if let Some(answer) = operation.answer() {
            self.judge(&operation, answer)?;
        }
        self.history.operations.push(operation);
        Ok(())
    }

    fn judge(&self, operation: &Operation, answer: &Answer) -> Result<(), String> {
        let subject = operation.subject();
        if operation.ok().is_some() && subject.is_none() {
            return Err(format!("{} is done and nobody says to which document", operation.id));
        }
        if answer.document.is_some() && answer.document.as_ref() != subject {
            return Err(format!("{} is answered for another document", operation.id));
        }
        match answer.seen {
            Some(seen) if self.history.states.document(seen) != subject => {
                Err(format!("{} shows a state that is not of its document", operation.id))
            }
            Some(_) if answer.absent => Err(format!("{} shows what is not there", operation.id)),
            _ => Ok(()),
        }
    }

    fn finish(mut self, lines: u64) -> Result<History, ReadError> {
        let contradiction = |why: String| ReadError::Contradiction { line: lines, why };
        if !self.ended {
            return Err(ReadError::CutOff { lines });
        }
        if let Some(op) = self.open.keys().next() {
            return Err(contradiction(format!("{op} has no end")));
        }
        let history = &mut self.history;
        history.operations.sort_by_key(|operation| (operation.invoked, operation.id));
        history.nodes.sort_by_key(|change| change.at);
        history.leaders.sort_by_key(|leadership| leadership.at);
        let latest = history.operations.iter().map(Operation::ended).max().unwrap_or(Micros(0));
        if latest > history.ends {
            return Err(contradiction(format!("it ends at {} and goes on until {latest}", history.ends)));
        }
        Ok(self.history)
    }
}
