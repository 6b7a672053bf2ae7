//! Any bytes as the content of a JSON document and of a text: what is taken reads back, opens from its change, and writing
//! back what was read makes no change.

#![no_main]

use base::{Limits, Shape};
use crdt::{Document, Stamp};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(content) = crdt::parse(bytes) else { return };
    for shape in [Shape::Json, Shape::Text] {
        write_and_read(shape, &content);
    }
});

fn write_and_read(shape: Shape, content: &Value) {
    let limits = Limits::default();
    let Ok(new) = crdt::create(shape, content, Stamp::default(), &limits) else { return };
    let mut document = Document::load([new.change.bytes.as_slice()]).expect("a new document opens");
    assert_eq!(document.heads(), new.heads);
    let shown = document.content_json(shape).expect("it was opened just now");
    assert_eq!(shown, new.content);
    let read = crdt::parse(&shown).expect("what is shown is JSON");
    let again = document.replace(shape, &new.heads, &read, Stamp::default(), &limits);
    assert_eq!(
        again.expect("content that was shown is taken"),
        None,
        "writing back what was read changes nothing"
    );
}
