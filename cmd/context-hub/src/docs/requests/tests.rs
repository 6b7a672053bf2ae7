//! The requests of verbs, byte by byte: what the hub makes of them is for tests with a hub.

use super::*;
use crate::cli::{Cli, DocsVerb, Verb};
use clap::Parser;

const ID: &str = "00112233-4455-4677-8899-aabbccddeeff";

fn id() -> DocId {
    ID.parse().unwrap()
}

/// What `context-hub docs …` is taken for.
fn parsed(words: &str) -> DocsVerb {
    let words = ["context-hub", "docs"].into_iter().chain(words.split_whitespace());
    match Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).verb {
        Verb::Docs(args) => args.verb,
        _ => unreachable!("it begins with docs"),
    }
}

fn body(ask: &Ask) -> Value {
    serde_json::from_slice(&ask.body).unwrap()
}

fn header<'a>(ask: &'a Ask, name: &str) -> Option<&'a str> {
    ask.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn key() -> WriteArgs {
    WriteArgs { idempotency_key: Some("k".to_owned()) }
}

#[test]
fn a_document_is_made_with_what_was_given_and_nothing_else() {
    let bare = create("", ShapeArg::Text, None, &[], &key());
    assert_eq!(body(&bare), json!({"name": "", "doc_type": "Text"}));
    assert_eq!(
        (bare.method.as_str(), bare.path.as_str(), bare.key.as_deref()),
        ("POST", "/documents", Some("k"))
    );
    let content = Content::read(ShapeArg::Json, Bytes::from_static(b" {\"a\": 1.0}\n")).unwrap();
    let labels = [("team".to_owned(), "a".to_owned())];
    let full = create("n", ShapeArg::Json, Some(content), &labels, &key());
    let expected = r#"{"name":"n","doc_type":"Json","content":{"a": 1.0},"labels":{"team":"a"}}"#;
    assert_eq!(full.body, expected, "the content goes as it stands");
}

#[test]
fn an_automerge_file_goes_as_it_is() {
    let ask = import("a b", Bytes::from_static(b"\x85oJ"), &key());
    assert_eq!(ask.path, "/documents?name=a%20b");
    assert_eq!(header(&ask, "content-type"), Some(AUTOMERGE));
    assert_eq!(ask.body, b"\x85oJ".as_slice());
}

#[test]
fn content_that_cannot_be_any_is_refused_here() {
    assert!(Content::read(ShapeArg::Text, Bytes::from_static(b"\xff")).is_err());
    assert!(Content::read(ShapeArg::Json, Bytes::from_static(b"{")).is_err());
}

#[test]
fn a_list_is_asked_for_with_its_filters() {
    let words = "ls --type json --owner ada --label a=b:c --label d --name pl --sort -updated_at --count";
    let DocsVerb::Ls(args) = parsed(words) else { unreachable!() };
    let expected = "/documents?limit=1&cursor=c&doc_type=Json&owner=ada&name=pl&sort=-updated_at&count=true\
                    &label=a%3Ab%3Ac&label=d";
    assert_eq!(list(&args, 1, Some("c")).path, expected);
    let DocsVerb::Ls(args) = parsed("ls") else { unreachable!() };
    assert_eq!(list(&args, 50, None).path, "/documents?limit=50");
}

#[test]
fn a_document_is_read_at_a_state_and_in_a_form() {
    let asked = |words: &str| match parsed(&format!("get {ID} {words}")) {
        DocsVerb::Get(args) => get(&args).path,
        _ => unreachable!(),
    };
    assert_eq!(asked(""), format!("/documents/{ID}"));
    assert_eq!(asked("--version 3 --format numbered"), format!("/documents/{ID}?version=3&format=numbered"));
    assert_eq!(asked("--heads aa,bb"), format!("/documents/{ID}?heads=aa%2Cbb"));
}

#[test]
fn a_state_is_named_in_one_way() {
    let named = |words: &str| match parsed(&format!("put {ID} - {words}")) {
        DocsVerb::Put(args) => State::of(&args.state),
        _ => unreachable!(),
    };
    assert_eq!(named("--version 7"), Some(State::Version(7)));
    assert_eq!(named("--heads a,b"), Some(State::Heads(vec!["a".into(), "b".into()])));
    assert_eq!(named("--if-match abc"), Some(State::Match("\"abc\"".into())));
    assert_eq!(named("--if-match \"abc\""), Some(State::Match("\"abc\"".into())));
    assert_eq!(named("--latest"), Some(State::Match("*".into())));
    assert_eq!(named(""), None);
    let twice = ["context-hub", "docs", "put", ID, "-", "--version", "7", "--latest"];
    assert!(Cli::try_parse_from(twice).is_err());
}

#[test]
fn content_is_replaced_at_the_state_that_was_named() {
    let content = Content::Text("x".into());
    let merged = replace(id(), &content, &State::Version(7), &key());
    assert_eq!(body(&merged), json!({"version": 7, "content": "x"}));
    assert_eq!(header(&merged, "if-match"), None);
    let heads = replace(id(), &content, &State::Heads(vec!["a".into()]), &key());
    assert_eq!(body(&heads), json!({"heads": ["a"], "content": "x"}));
    let strict = replace(id(), &content, &State::Match("*".into()), &key());
    assert_eq!((body(&strict), header(&strict, "if-match")), (json!({"content": "x"}), Some("*")));
}

#[test]
fn every_kind_of_patch_has_its_media_type_and_names_its_state() {
    let at = State::Version(7);
    fn made(kind: PatchType, state: Option<&State>) -> Result<Ask, Usage> {
        patch(id(), kind, Bytes::from_static(b"[1]"), state, &key())
    }
    let ops = made(PatchType::Ops, Some(&at)).unwrap();
    assert_eq!(header(&ops, "content-type"), Some("application/json"));
    assert_eq!(body(&ops), json!({"ops": [1], "version": 7}));
    let replace = made(PatchType::Replace, Some(&at)).unwrap();
    assert_eq!(header(&replace, "content-type"), Some(SEARCH_REPLACE));
    assert_eq!(body(&replace), json!({"replacements": [1], "version": 7}));
    for (kind, media_type) in [
        (PatchType::JsonPatch, "application/json-patch+json"),
        (PatchType::Merge, "application/merge-patch+json"),
        (PatchType::Diff, "text/x-diff"),
    ] {
        let ask = made(kind, Some(&at)).unwrap();
        assert_eq!(
            (ask.path.as_str(), ask.method.as_str()),
            (&*format!("/documents/{ID}?version=7"), "PATCH")
        );
        assert_eq!((header(&ask, "content-type"), &ask.body[..]), (Some(media_type), &b"[1]"[..]));
        let strict = made(kind, Some(&State::Match("*".into()))).unwrap();
        assert_eq!(header(&strict, "if-match"), Some("*"));
        assert!(made(kind, None).is_err());
    }
    assert!(made(PatchType::Ops, None).is_err());
}

#[test]
fn a_whole_body_may_name_its_state_itself() {
    let whole = Bytes::from_static(br#"{"version": 3, "ops": [], "unit": "scalar"}"#);
    let ask = patch(id(), PatchType::Ops, whole.clone(), None, &key()).unwrap();
    assert_eq!(body(&ask), json!({"version": 3, "ops": [], "unit": "scalar"}));
    assert!(patch(id(), PatchType::Ops, whole, Some(&State::Version(4)), &key()).is_err());
    let strict = Bytes::from_static(br#"{"ops": []}"#);
    let ask = patch(id(), PatchType::Ops, strict, Some(&State::Match("*".into())), &key()).unwrap();
    assert_eq!((body(&ask), header(&ask, "if-match")), (json!({"ops": []}), Some("*")));
}

#[test]
fn names_and_labels_are_a_merge_patch() {
    let DocsVerb::Set(args) = parsed(&format!("set {ID} --name n --label a=b --unlabel old")) else {
        unreachable!()
    };
    let ask = set(&args);
    assert_eq!(ask.path, format!("/documents/{ID}/metadata"));
    assert_eq!(body(&ask), json!({"name": "n", "labels": {"a": "b", "old": null}}));
}

#[test]
fn the_past_is_asked_for_and_brought_back() {
    assert_eq!(history(id(), 5, Some("c")).path, format!("/documents/{ID}/history?limit=5&cursor=c"));
    assert_eq!(diff(id(), 1, None).path, format!("/documents/{ID}/diff?from=1"));
    assert_eq!(diff(id(), 1, Some(3)).path, format!("/documents/{ID}/diff?from=1&to=3"));
    let ask = restore(id(), 1, &key());
    assert_eq!(
        (ask.path.as_str(), body(&ask)),
        (&*format!("/documents/{ID}/restore"), json!({"version": 1}))
    );
}

#[test]
fn access_is_given_and_documents_deleted() {
    let ask = share(id(), &UserId::new("ada").unwrap(), "none", &key());
    assert_eq!(body(&ask), json!({"principal": "ada", "access_level": "none"}));
    assert_eq!(delete(id()).method, Method::DELETE);
    assert!(delete(id()).key.is_some());
}
