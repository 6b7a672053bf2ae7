//! Texts: edits at any version give what Automerge gives for them, and nobody's text is lost.

use super::super::history::KEPT_VERSIONS;
use super::*;
use automerge::transaction::Transactable;
use automerge::{ActorId, PatchLog};
use base::{Heads, Unit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One writer's edit: how many versions behind, and its splices.
#[derive(Debug, Clone)]
struct Edit {
    behind: Index,
    splices: Vec<(Index, usize, String)>,
    /// Whether it is sent as a whole new text.
    whole: bool,
}

fn edits(insert: &'static str) -> impl Strategy<Value = Vec<Edit>> {
    let splice = (any::<Index>(), 0usize..4, insert);
    let edit = (any::<Index>(), vec(splice, 1..4), any::<bool>());
    vec(edit.prop_map(|(behind, splices, whole)| Edit { behind, splices, whole }), 1..24)
}

/// A version of the document under test.
struct Version {
    heads: Heads,
    text: String,
}

/// The splices of an edit in scalars of the text as it is before each.
fn positions(edit: &Edit, text: &str) -> (Vec<(usize, usize, String)>, String) {
    let mut chars: Vec<char> = text.chars().collect();
    let mut splices = Vec::new();
    for (at, delete, insert) in &edit.splices {
        let at = at.index(chars.len() + 1);
        let delete = (*delete).min(chars.len() - at);
        chars.splice(at..at + delete, insert.chars());
        splices.push((at, delete, insert.clone()));
    }
    (splices, chars.into_iter().collect())
}

/// The text that Automerge makes of the same edit, in a transaction at the heads of the version. A whole text is
/// compared by the code under test: what is checked here is how the difference merges.
fn by_automerge(document: &Document, version: &Version, edit: &Edit) -> String {
    let (splices, after) = positions(edit, &version.text);
    let mut doc = document.doc.clone();
    doc.set_actor(ActorId::random());
    let mut tx = doc.transaction_at(PatchLog::inactive(), &hashes(&version.heads)).unwrap();
    let (_, id) = tx.get(ROOT, "content").unwrap().unwrap();
    if edit.whole {
        let splices = crate::edit::text_diff::diff(&version.text, &after).splices();
        crate::edit::text::perform(&mut tx, &id, &version.text, &splices).unwrap();
    } else {
        let mut text = version.text.clone();
        for (at, delete, insert) in splices {
            let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
            let (from, to) = (byte(at), byte(at + delete));
            let units = |text: &str| text.encode_utf16().count();
            tx.splice_text(&id, units(&text[..from]), units(&text[from..to]) as isize, &insert).unwrap();
            text.replace_range(from..to, &insert);
        }
    }
    tx.commit();
    stock_text(&doc)
}

fn by_hub(case: &mut Case, version: &Version, edit: &Edit) {
    let limits = Limits::default();
    let (splices, after) = positions(edit, &version.text);
    let made = if edit.whole {
        case.document.replace(Shape::Text, &version.heads, &Value::String(after), stamp(), &limits)
    } else {
        let ops: Vec<Op> = splices.iter().map(|(at, delete, insert)| splice(*at, *delete, insert)).collect();
        case.document.edit(Shape::Text, &version.heads, &ops, Unit::Scalar, stamp(), &limits)
    };
    let made = made.unwrap();
    case.keep(made);
}

fn text_of(case: &Case) -> String {
    case.content(Shape::Text).as_str().unwrap().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn an_edit_at_any_version_is_what_automerge_makes_of_it(start in "[a-e😀]{0,8}", edits in edits("[A-E水😀]{0,3}")) {
        let mut case = Case::new(Shape::Text, &Value::String(start.clone()));
        let mut versions = vec![Version { heads: case.document.heads(), text: start }];
        for edit in &edits {
            let version = &versions[edit.behind.index(versions.len())];
            let expected = by_automerge(&case.document, version, edit);
            by_hub(&mut case, version, edit);
            prop_assert_eq!(text_of(&case), expected.as_str());
            prop_assert_eq!(stock_text(&case.document.doc), expected.as_str());
            versions.push(Version { heads: case.document.heads(), text: expected });
        }
        for version in &versions {
            let past = case.document.content_json_at(Shape::Text, &version.heads).unwrap();
            prop_assert_eq!(serde_json::from_slice::<String>(&past).unwrap(), version.text.clone());
        }
        case.check_convergence(Shape::Text);
    }

    #[test]
    fn no_insert_of_any_writer_is_missing(edits in edits("[a-c]{0,3}"), letters_go: bool) {
        let mut case = Case::new(Shape::Text, &Value::String("abcabc".into()));
        let mut versions = vec![(case.document.heads(), "abcabc".to_owned())];
        let mark = |writer: usize| char::from_u32(0xE000 + writer as u32).unwrap();
        for (writer, edit) in edits.iter().enumerate() {
            let (heads, text) = versions[edit.behind.index(versions.len())].clone();
            // Marks come in, letters come and go.
            let mut after: Vec<char> = text.chars().collect();
            for (at, delete, insert) in &edit.splices {
                let at = at.index(after.len() + 1);
                let letters = after[at..].iter().take_while(|char| char.is_ascii()).count();
                let going = if letters_go { letters.min(*delete) } else { 0 };
                after.splice(at..at + going, insert.chars());
            }
            after.insert(edit.behind.index(after.len() + 1), mark(writer));
            let after = Value::String(after.into_iter().collect());
            let made = case.document.replace(Shape::Text, &heads, &after, stamp(), &Limits::default()).unwrap();
            case.keep(made);
            versions.push((case.document.heads(), text_of(&case)));
        }
        let text = text_of(&case);
        for writer in 0..edits.len() {
            // A difference that moves letters past a mark may as well move the mark; one that only inserts moves none.
            let count = text.matches(mark(writer)).count();
            prop_assert!(count == 1 || (letters_go && count > 1), "{} times", count);
        }
    }
}

#[test]
fn a_version_that_is_no_longer_kept_is_edited_all_the_same() {
    let limits = Limits::default();
    let mut case = Case::new(Shape::Text, &Value::String("0123456789".into()));
    let first = case.document.heads();
    const EDITS: usize = KEPT_VERSIONS + 50;
    for _ in 0..EDITS {
        let at = case.document.heads();
        let made = case
            .document
            .edit(Shape::Text, &at, &[splice(5, 0, "x")], Unit::Utf16, stamp(), &limits)
            .unwrap();
        case.keep(made);
    }
    let made =
        case.document.edit(Shape::Text, &first, &[splice(9, 1, "!")], Unit::Utf16, stamp(), &limits).unwrap();
    assert_eq!(case.keep(made).unwrap().deps, first);
    assert_eq!(text_of(&case), format!("01234{}5678!", "x".repeat(EDITS)));
    let past = case.document.content_json_at(Shape::Text, &first).unwrap();
    assert_eq!(past, b"\"0123456789\"");
    case.check_convergence(Shape::Text);
}

#[test]
fn an_edit_that_others_made_already_is_none() {
    let limits = Limits::default();
    let mut case = Case::new(Shape::Text, &Value::String("abc".into()));
    let at = case.document.heads();
    let mut delete =
        || case.document.edit(Shape::Text, &at, &[splice(1, 1, "")], Unit::Utf16, stamp(), &limits);
    assert!(delete().unwrap().is_some());
    assert_eq!(delete().unwrap(), None);
    assert_eq!(text_of(&case), "ac");
}

#[test]
fn actors_are_few_and_can_be_forgotten() {
    let limits = Limits::default();
    let mut case = Case::new(Shape::Text, &Value::String("abc".into()));
    let first = case.document.heads();
    let edit = |case: &mut Case, at: &Heads| {
        let made =
            case.document.edit(Shape::Text, at, &[splice(1, 0, "x")], Unit::Utf16, stamp(), &limits).unwrap();
        case.keep(made);
    };
    for _ in 0..20 {
        edit(&mut case, &first);
    }
    assert_eq!(case.document.doc.stats().num_actors, 2);
    case.document.forget_actors();
    edit(&mut case, &first);
    assert_eq!(case.document.doc.stats().num_actors, 3);
}

#[test]
fn a_copy_of_the_past_has_nothing_that_came_later() {
    let (limits, text) = (Limits::default(), Shape::Text);
    let mut case = Case::new(text, &"one".into());
    let first = case.document.heads();
    let edit = |case: &mut Case, at: &Heads, insert: &str| {
        let made = case.document.edit(text, at, &[splice(0, 0, insert)], Unit::Utf16, stamp(), &limits);
        case.keep(made.unwrap());
        case.document.heads()
    };
    edit(&mut case, &first, "a");
    let both = edit(&mut case, &first, "b");
    assert_eq!(both.len(), 1, "an edit of an open text builds on the newest heads");
    edit(&mut case, &both, "c");
    for at in [first, both, case.document.heads()] {
        let file = case.document.freeze_at(&at).unwrap().save().unwrap();
        let copy = Document::load([file.as_slice()]).unwrap();
        assert_eq!(copy.heads(), at);
        assert_eq!(copy.content_json(text).unwrap(), case.document.content_json_at(text, &at).unwrap());
    }
    let stranger = vec![base::Hash([7; 32])];
    assert!(matches!(case.document.freeze_at(&stranger), Err(crate::HeadsError::Unknown { .. })));
    assert!(matches!(case.document.freeze_at(&[]), Err(crate::HeadsError::Empty)));
}
