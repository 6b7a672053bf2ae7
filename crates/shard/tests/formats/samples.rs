//! One command of each kind, with a value of its own in every field, and the entries that carry them.

use sha2::{Digest, Sha256};
use shard::command::{
    Claim, Command, Create, Delete, DocumentKey, EditDocument, EditId, EditPart, Entry, LabelChange, Origin,
    OwnerKey, Part, SetMetadata, Share,
};

const TENANT: &str = "acme";
const OWNER: &str = "ada";
const TIME_MS: u64 = 1_790_000_000_000;

/// Minted by the hub, in slot 5.
pub const DOCUMENT: [u8; 16] = [0, 0x15, 9, 9, 9, 9, 0x89, 9, 0x89, 9, 9, 9, 9, 9, 9, 9];

fn origin(after_ms: u64) -> Origin {
    let principals = vec![OWNER.into(), "group:authors".into()];
    Origin { tenant: TENANT.into(), principals, time_ms: TIME_MS + after_ms }
}

fn edit_id(number: u8) -> EditId {
    EditId { key: [number; 16], request: [0xf0 | number; 16] }
}

/// A wrapped key: the id of the key above, then the sealed bits.
fn wrapped(by: u8, filler: u8) -> Vec<u8> {
    [&[by; 8][..], &[filler; 61]].concat()
}

fn part(principal: &str, number: u8) -> EditPart {
    EditPart {
        principals: vec![principal.into()],
        needs: 2,
        edit: Some(edit_id(number)),
        changes: vec![0xc0 | number; 20],
        heads: vec![number; 32],
    }
}

/// Every kind of command, in an order in which each of them does something.
pub fn commands() -> Vec<(&'static str, Command)> {
    let owner_key = OwnerKey {
        tenant: TENANT.into(),
        owner: OWNER.into(),
        slot: 5,
        id: [7; 8],
        wrapped: wrapped(6, 0xa1),
        time_ms: TIME_MS,
    };
    let document_key = DocumentKey {
        tenant: TENANT.into(),
        owner: OWNER.into(),
        document: DOCUMENT,
        wrapped: wrapped(7, 0xa2),
        time_ms: TIME_MS + 1,
    };
    let create = Create {
        origin: origin(2),
        edit: edit_id(1),
        document: DOCUMENT,
        name: "notes".into(),
        shape: 1,
        change: vec![0xc1; 20],
        heads: vec![1; 32],
        labels: None,
    };
    let edit = EditDocument {
        tenant: TENANT.into(),
        document: DOCUMENT,
        version: 1,
        parts: vec![part(OWNER, 2), part(OWNER, 3)],
        time_ms: TIME_MS + 3,
    };
    let share = Share {
        origin: origin(4),
        edit: edit_id(4),
        document: DOCUMENT,
        principal: "bob".into(),
        level: Some(1),
        entries_max: 1_000,
    };
    let unshare = Share { origin: origin(5), edit: edit_id(5), level: None, ..share.clone() };
    let delete = Delete { origin: origin(6), edit: edit_id(6), document: DOCUMENT, version: Some(2) };
    let delete_any = Delete { origin: origin(7), edit: edit_id(7), version: None, ..delete.clone() };
    vec![
        ("owner-key", Command::OwnerKey(owner_key)),
        ("document-key", Command::DocumentKey(document_key)),
        ("create", Command::Create(create)),
        ("edit", Command::Edit(edit)),
        ("share", Command::Share(share)),
        ("unshare", Command::Share(unshare)),
        ("delete", Command::Delete(delete)),
        ("delete-any-version", Command::Delete(delete_any)),
    ]
}

/// Changes that a CRDT client made, which have no edit id.
pub fn upload() -> Command {
    Command::Edit(EditDocument {
        tenant: TENANT.into(),
        document: DOCUMENT,
        version: 2,
        parts: vec![EditPart { edit: None, ..part(OWNER, 8) }],
        time_ms: TIME_MS + 8,
    })
}

/// Commands about names and labels, behind the creation of a document without any. Those of the first release have none.
pub fn metadata() -> Vec<(&'static str, Command)> {
    let Command::Create(plain) = command("create") else { panic!("a creation") };
    let labels = [("stage", "draft"), ("team", "a")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let labelled = Create { labels: Some(labels.into()), ..plain };
    let change =
        |key: &str, value: Option<&str>| LabelChange { key: key.to_owned(), value: value.map(str::to_owned) };
    let set = SetMetadata {
        origin: origin(9),
        edit: edit_id(9),
        document: DOCUMENT,
        version: Some(1),
        name: Some("plans".into()),
        clear_labels: true,
        labels: vec![change("stage", None), change("team", Some("b"))],
        labels_max: 32,
    };
    let leave = SetMetadata {
        origin: origin(10),
        edit: edit_id(10),
        version: None,
        name: None,
        clear_labels: false,
        labels: vec![],
        ..set.clone()
    };
    vec![
        ("create-labelled", Command::Create(labelled)),
        ("set-metadata", Command::SetMetadata(set)),
        ("set-nothing", Command::SetMetadata(leave)),
    ]
}

/// The command with this name.
pub fn command(name: &str) -> Command {
    let found = commands().into_iter().find(|(known, _)| *known == name);
    found.expect("a sample has this name").1
}

/// Every kind of entry. The parts are those of the deletion, and are claimed at the end.
pub fn entries() -> Vec<(&'static str, Entry)> {
    let whole = command("delete").encode();
    let (first, second) = whole.split_at(40);
    let part = |number, bytes: &[u8]| {
        Entry::Part(Part { transfer: [8; 16], number, bytes: bytes.to_vec(), time_ms: TIME_MS + 5 })
    };
    vec![
        ("keys", Entry::Keys(vec![command("owner-key"), command("document-key")])),
        ("create", Entry::Commands(vec![command("create")])),
        ("edit-and-share", Entry::Commands(vec![command("edit"), command("share")])),
        ("part-0", part(0, first)),
        ("part-1", part(1, second)),
        ("claim", Entry::Claim(Claim { transfer: [8; 16], parts: 2, hash: Sha256::digest(&whole).into() })),
    ]
}
