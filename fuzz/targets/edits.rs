//! Edits of thin clients, at the current version and at past ones, some of them nonsense: none makes Automerge panic, one
//! that is refused leaves no trace, and what the edits made opens again as the same document.

#![no_main]

use base::{Heads, Limits, Shape};
use crdt::{Document, EditError, Made, Stamp};
use fuzz::edits;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Small enough that edits run into them.
static LIMITS: LazyLock<Limits> = LazyLock::new(|| Limits {
    document_bytes: 300,
    change_bytes: 600,
    json_depth: 4,
    operations: 3,
    ..Limits::default()
});

fuzz_target!(init: fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    // An error says that the bytes are used up.
    let _used_up = play(&mut Unstructured::new(bytes));
});

fn play(bytes: &mut Unstructured<'_>) -> Result<()> {
    let shape = if bytes.arbitrary()? { Shape::Text } else { Shape::Json };
    let content = edits::content(bytes, shape)?;
    let Ok(new) = crdt::create(shape, &content, Stamp::default(), &LIMITS) else { return Ok(()) };
    let document = Document::load([new.change.bytes.as_slice()]).expect("a new document opens");
    let mut story = Story { shape, document, chunks: vec![new.change.bytes], versions: vec![new.heads] };
    while !bytes.is_empty() {
        story.edit(bytes)?;
    }
    story.check_reopened();
    Ok(())
}

struct Story {
    shape: Shape,
    document: Document,
    chunks: Vec<Vec<u8>>,
    versions: Vec<Heads>,
}

impl Story {
    fn edit(&mut self, bytes: &mut Unstructured<'_>) -> Result<()> {
        let at = bytes.choose(&self.versions)?.clone();
        let (stamp, before) = (Stamp::default(), (self.document.heads(), self.shown()));
        let outcome = if bytes.arbitrary()? {
            let content = edits::content(bytes, self.shape)?;
            self.document.replace(self.shape, &at, &content, stamp, &LIMITS)
        } else {
            let (ops, unit) = (edits::ops(bytes, self.shape)?, edits::unit(bytes)?);
            self.document.edit(self.shape, &at, &ops, unit, stamp, &LIMITS)
        };
        assert!(!self.document.is_poisoned(), "an edit made Automerge panic");
        match self.keep(outcome) {
            true => assert_ne!(self.document.heads(), before.0),
            false => assert_eq!((self.document.heads(), self.shown()), before),
        }
        Ok(())
    }

    /// Whether there is a change to keep.
    fn keep(&mut self, outcome: std::result::Result<Option<Made>, EditError>) -> bool {
        let Ok(Some(made)) = outcome else { return false };
        self.chunks.push(made.bytes);
        self.versions.push(self.document.heads());
        true
    }

    fn shown(&self) -> Vec<u8> {
        self.document.content_json(self.shape).expect("it is whole")
    }

    /// The stored changes, and the compacted document, are the document that is open.
    fn check_reopened(&self) {
        let frozen = self.document.freeze().expect("it is whole");
        let compacted = [frozen.save().expect("a whole document is saved")];
        for chunks in [self.chunks.as_slice(), &compacted] {
            let again = Document::load(chunks.iter().map(Vec::as_slice)).expect("what was made opens");
            assert_eq!(again.heads(), self.document.heads());
            assert_eq!(again.content_json(self.shape).expect("it was opened just now"), self.shown());
        }
    }
}
