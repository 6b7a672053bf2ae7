//! Long texts in few changes, as people paste them.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, Change, ObjType, ROOT};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::*;

/// Characters of all lengths, alone and in runs.
const MIXED: &str = "aaaa bäbä 日本語 x😀😀 éé\n";

/// A document whose text was typed in pieces, each a change, each at the end.
fn typed(pieces: &[String]) -> AutoCommit {
    let mut doc = AutoCommit::new();
    let text = doc.put_object(ROOT, "content", ObjType::Text).unwrap();
    let mut end = 0;
    for piece in pieces {
        doc.splice_text(&text, end, 0, piece).unwrap();
        end += piece.chars().count();
        doc.commit();
    }
    doc
}

fn changes(doc: &mut AutoCommit) -> Vec<Change> {
    doc.get_changes(&[]).into_iter().collect()
}

fn hashes(changes: &[Change]) -> Vec<Hash> {
    changes.iter().map(|change| Hash(change.hash().0)).collect()
}

#[test]
fn a_long_text_in_one_change_is_admitted_in_every_form() {
    let mut doc = typed(&[MIXED.repeat(5_000)]);
    let mut all = changes(&mut doc);
    let expected = hashes(&all);
    let forms = [all[0].raw_bytes().to_vec(), all[0].bytes().to_vec(), doc.save(), doc.save_nocompress()];
    for form in &forms {
        let admission = admit(&Graph::new(), form).unwrap();
        let admitted: Vec<_> = admission.changes.iter().map(|change| change.summary.hash()).collect();
        assert_eq!(admitted, expected);
        // However long the text is, later changes refer to it by a few bytes.
        assert!(admission.changes[0].summary.encode().len() < 100);
    }
}

#[test]
fn typing_that_many_changes_share_is_taken_apart_between_them() {
    let pieces: Vec<String> = MIXED.chars().map(|character| character.to_string().repeat(300)).collect();
    let mut doc = typed(&pieces);
    let expected = hashes(&changes(&mut doc));
    assert_eq!(expected.len(), pieces.len());
    let admission = admit(&Graph::new(), &doc.save()).unwrap();
    let admitted: Vec<_> = admission.changes.iter().map(|change| change.summary.hash()).collect();
    assert_eq!(admitted, expected);
}

#[test]
fn a_text_with_a_hole_is_put_together_again() {
    let mut doc = typed(&[MIXED.repeat(40)]);
    let (_, text) = automerge::ReadDoc::get(&doc, ROOT, "content").unwrap().unwrap();
    doc.splice_text(&text, 100, 300, "in between").unwrap();
    doc.commit();
    let expected = hashes(&changes(&mut doc));
    let admission = admit(&Graph::new(), &doc.save()).unwrap();
    let admitted: Vec<_> = admission.changes.iter().map(|change| change.summary.hash()).collect();
    assert_eq!(admitted, expected);
}

#[test]
fn a_long_change_is_compressed_as_automerge_reads_it() {
    let mut doc = typed(&[MIXED.repeat(1_000)]);
    let [one] = &admit(&Graph::new(), &doc.save()).unwrap().changes[..] else { panic!("it was one change") };
    let long = one.chunk.len();
    let compressed = one.clone().compressed();
    assert!(compressed.chunk.len() < long / 10, "{} of {long} bytes", compressed.chunk.len());
    let read = Change::try_from(&compressed.chunk[..]).unwrap();
    assert_eq!(Hash(read.hash().0), one.summary.hash());
    let again = admit(&Graph::new(), &compressed.chunk).unwrap();
    assert_eq!(again.changes[0].summary, one.summary);
    // It is compressed once.
    assert_eq!(compressed.clone().compressed().chunk, compressed.chunk);
}

#[test]
fn what_does_not_get_shorter_stays_as_it_is() {
    let short = typed(&["short".to_owned()]).save();
    let short = admit(&Graph::new(), &short).unwrap().changes.remove(0);
    assert_eq!(short.clone().compressed().chunk, short.chunk);
    let mut noise = vec![0; 10_000];
    StdRng::seed_from_u64(1).fill_bytes(&mut noise);
    let (_, chunk) = Forged::first(ALICE, vec![ForgedOp::set("k", "").value(7, &noise)]).chunk();
    let noise = admit(&Graph::new(), &chunk).unwrap().changes.remove(0);
    assert_eq!(noise.clone().compressed().chunk, chunk);
}
