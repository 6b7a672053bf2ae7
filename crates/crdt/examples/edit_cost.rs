//! What documents cost: microseconds of wall clock for making, editing and reading them.
//!
//! `cargo run --release -p crdt --example edit_cost`. Prints one line a figure, the median of many, with the server's
//! allocator; the ratios at the end are what is promised: an edit at 50,000 changes against one at 100.

use base::Hash;
use crdt::{Document, Limits, Op, Shape, Stamp, Unit, create, difference};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TEXT_BYTES: usize = 10 << 10;
const STAMP: Stamp = Stamp { unix_ms: 1_790_000_000_000 };

fn main() {
    creation();
    let short = history(100);
    let long = history(50_000);
    println!("splice, now: {:.2} times at 50,000 changes", long.splice / short.splice);
    println!("replace, now: {:.2} times", long.replace / short.replace);
    println!(
        "splice, ten behind: {:.2} times ({:.2} of now at 100)",
        long.splice_behind / short.splice_behind,
        long.splice_behind / short.splice
    );
    println!(
        "replace, ten behind: {:.2} times ({:.2} of now at 100)",
        long.replace_behind / short.replace_behind,
        long.replace_behind / short.replace
    );
}

fn creation() {
    let limits = Limits::default();
    let text =
        json!("All that is gold does not glitter, not all those who wander are lost. ".repeat(3)[..200]);
    let object =
        json!({"title": "A note", "tags": ["a", "b"], "done": false, "size": 3, "body": "x".repeat(120)});
    for (name, shape, content) in
        [("text, 200 B", Shape::Text, &text), ("object, 200 B", Shape::Json, &object)]
    {
        let us = median(20_000, || {
            black_box(create(shape, content, STAMP, &limits).expect("a small document is fine"));
        });
        println!("create, {name}: {us:.2} us");
    }
}

struct Costs {
    splice: f64,
    replace: f64,
    splice_behind: f64,
    replace_behind: f64,
}

fn history(changes: usize) -> Costs {
    let limits = Limits::default();
    let text = filler();
    let new = create(Shape::Text, &json!(text), STAMP, &limits).expect("ten kilobytes are fine");
    let mut heads = new.heads;
    let mut document = Document::load([new.change.bytes.as_slice()]).expect("it was just made");
    for at in 1..changes {
        // The length stays: a letter comes and another goes.
        let ops = [splice(at * 7919 % TEXT_BYTES, 0, "x"), splice(at * 104_729 % TEXT_BYTES, 1, "")];
        document.edit(Shape::Text, &heads, &ops, Unit::Utf16, STAMP, &limits).expect("in range");
        heads = document.heads();
    }
    let saved = document.freeze().expect("it is whole").save().expect("it loads again");
    let load = median(if changes > 1000 { 7 } else { 200 }, || {
        black_box(Document::load([saved.as_slice()]).expect("it was just saved"));
    });
    let mut document = Document::load([saved.as_slice()]).expect("it was just saved");
    let read = median(1_000, || {
        black_box(document.content_json(Shape::Text).expect("it is whole"));
    });
    println!(
        "{changes} changes: load {load:.0} us, content {read:.1} us, saved {} B, weight {} KB",
        saved.len(),
        document.weight() >> 10
    );

    let mut edits = Edits { document: &mut document, versions: vec![heads] };
    println!("{changes} changes: difference of a letter {:.1} us", edits.difference(400));
    edits.splices(20, 0);
    let costs = Costs {
        splice: edits.splices(400, 0),
        replace: edits.replacements(400, 0),
        splice_behind: edits.splices(400, 10),
        replace_behind: edits.replacements(400, 10),
    };
    println!(
        "{changes} changes: splice {:.1} us, replace {:.1} us; ten behind: splice {:.1} us, replace {:.1} us",
        costs.splice, costs.replace, costs.splice_behind, costs.replace_behind
    );
    costs
}

/// Edits one behind the other, each at the heads some versions behind.
struct Edits<'d> {
    document: &'d mut Document,
    versions: Vec<Vec<Hash>>,
}

impl Edits<'_> {
    fn replacements(&mut self, count: usize, behind: usize) -> f64 {
        let limits = Limits::default();
        let mut all = Vec::with_capacity(count);
        for i in 0..count {
            let at = self.at(behind);
            let content = self.document.content_json_at(Shape::Text, &at).expect("a version of its own");
            let Ok(Value::String(mut text)) = serde_json::from_slice(&content) else {
                unreachable!("a text")
            };
            text.insert(i * 7919 % TEXT_BYTES, 'y');
            let content = Value::String(text);
            all.push(timed(|| {
                let made = self.document.replace(Shape::Text, &at, &content, STAMP, &limits);
                assert!(made.expect("a letter more is fine").is_some());
            }));
            self.versions.push(self.document.heads());
        }
        middle(all)
    }

    fn splices(&mut self, count: usize, behind: usize) -> f64 {
        let limits = Limits::default();
        let mut all = Vec::with_capacity(count);
        for i in 0..count {
            let at = self.at(behind);
            let ops = [splice(i * 7919 % TEXT_BYTES, 0, "z")];
            all.push(timed(|| {
                let made = self.document.edit(Shape::Text, &at, &ops, Unit::Utf16, STAMP, &limits);
                assert!(made.expect("in range").is_some());
            }));
            self.versions.push(self.document.heads());
        }
        middle(all)
    }

    /// What it takes to tell a plain copy of one letter more, without the reading of the content.
    fn difference(&mut self, count: usize) -> f64 {
        let mut all = Vec::with_capacity(count);
        let mut before = self.document.content_json(Shape::Text).expect("it is whole");
        for _ in 0..count {
            self.splices(1, 0);
            let after = self.document.content_json(Shape::Text).expect("it is whole");
            all.push(timed(|| {
                assert_eq!(difference(&before, &after).expect("both were rendered").len(), 1);
            }));
            before = after;
        }
        middle(all)
    }

    fn at(&self, behind: usize) -> Vec<Hash> {
        self.versions[self.versions.len() - 1 - behind].clone()
    }
}

fn splice(position: usize, delete: usize, insert: &str) -> Op {
    Op::Splice { path: vec![], position, delete, insert: insert.to_owned() }
}

fn filler() -> String {
    "the quick brown fox jumps over the lazy dog, again and again;\n".repeat(200)[..TEXT_BYTES].to_owned()
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}

fn median(count: usize, mut work: impl FnMut()) -> f64 {
    middle((0..count).map(|_| timed(&mut work)).collect())
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
