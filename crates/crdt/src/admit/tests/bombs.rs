//! Small chunks that become large: each is refused before the memory is taken.

use std::io::Write;

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjType, ROOT};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::super::forge::envelope;
use super::super::writer::{put_bytes, put_signed, put_unsigned};
use super::*;

const LIMITS: Limits = Limits { inflated_bytes: 4 << 20, orphans: 0 };

/// Compressed zeros: one compressed megabyte, again and again, and the mark of the end.
fn deflated_zeros(megabytes: usize) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    encoder.flush().unwrap();
    let mut deflated = encoder.get_ref().repeat(megabytes);
    deflated.extend_from_slice(&[0x03, 0x00]);
    deflated
}

fn refused(bytes: &[u8]) -> Refused {
    Graph::new().admit(bytes, &LIMITS).unwrap_err()
}

fn too_large() -> Refused {
    Refused::TooLarge { limit: LIMITS.inflated_bytes }
}

/// A document without actors, one column of whose changes is compressed.
fn document_with_column(column: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 1];
    put_unsigned(&mut body, 0x35 | 0b1000);
    put_unsigned(&mut body, column.len() as u64);
    body.push(0);
    body.extend_from_slice(column);
    envelope(0, &body)
}

#[test]
fn a_document_that_inflates_to_more_than_a_gigabyte() {
    let bomb = document_with_column(&deflated_zeros(480));
    assert!(bomb.len() < 600_000, "{}", bomb.len());
    assert_eq!(refused(&bomb), too_large());
    let thrice = document_with_column(&deflated_zeros(2)).repeat(3);
    assert_eq!(refused(&thrice), too_large());
}

#[test]
fn a_change_that_inflates_to_more_than_a_gigabyte() {
    let bomb = envelope(2, &deflated_zeros(1100));
    assert!(bomb.len() < 1_500_000, "{}", bomb.len());
    assert_eq!(refused(&bomb), too_large());
}

#[test]
fn a_change_with_a_billion_rows_in_a_few_bytes() {
    let column = |value: &[u8]| {
        let mut column = Vec::new();
        put_signed(&mut column, 1 << 30);
        column.extend_from_slice(value);
        column
    };
    let columns = [
        (0x15, column(b"\x01k")),
        (0x34, vec![0x80, 0x80, 0x80, 0x80, 4]),
        (0x42, column(&[1])),
        (0x56, column(&[0])),
        (0x70, column(&[0])),
    ];
    let mut body = vec![0];
    put_bytes(&mut body, ALICE);
    body.extend_from_slice(&[1, 1, 0, 0, 0]);
    put_unsigned(&mut body, columns.len() as u64);
    for (name, bytes) in &columns {
        put_unsigned(&mut body, *name);
        put_unsigned(&mut body, bytes.len() as u64);
    }
    columns.iter().for_each(|(_, bytes)| body.extend_from_slice(bytes));
    let bomb = envelope(1, &body);
    assert!(bomb.len() < 100);
    assert_eq!(refused(&bomb), too_large());
}

#[test]
fn bytes_behind_a_compressed_part() {
    let mut deflated = deflated_zeros(1);
    deflated.push(0);
    assert_eq!(refused(&envelope(2, &deflated)), Refused::BadCompression);
    assert_eq!(refused(&envelope(2, &[0xff; 9])), Refused::BadCompression);
}

#[test]
fn one_long_key_for_many_operations_is_kept_once() {
    let key = "k".repeat(10_000);
    let change = Forged::first(ALICE, vec![ForgedOp::set(&key, ""); 1000]);
    let (_, chunk) = change.chunk();
    let admission = admit(&Graph::new(), &chunk).unwrap();
    let kept = admission.changes[0].summary.encode();
    assert!(kept.len() < chunk.len() + 10_000, "{} bytes are kept of {}", kept.len(), chunk.len());
    let again = crate::graph::Summary::decode(&kept).unwrap();
    assert_eq!(again, admission.changes[0].summary);
}

#[test]
fn what_is_deleted_in_few_bytes_is_paid_for() {
    const CHARACTERS: usize = 30_000;
    let mut doc = AutoCommit::new();
    let text = doc.put_object(ROOT, "content", ObjType::Text).unwrap();
    doc.splice_text(&text, 0, 0, &"a".repeat(CHARACTERS)).unwrap();
    doc.splice_text(&text, 0, CHARACTERS as isize, "").unwrap();
    let saved = doc.save();
    assert!(saved.len() < 500, "{}", saved.len());
    assert_eq!(refused(&saved), too_large());
    assert!(Graph::new().admit(&saved, &Limits::default()).is_ok());
}
