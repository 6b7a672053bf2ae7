//! Whatever is in the fields of a command or an entry, it is read back as it was.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use shard::command::{
    Claim, Command, Create, Delete, DocumentKey, EditDocument, EditId, EditPart, Entry, LabelChange, Origin,
    OwnerKey, Part, SetMetadata, Share,
};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

fn origin() -> impl Strategy<Value = Origin> {
    (any::<String>(), vec(any::<String>(), 0..4), any::<u64>())
        .prop_map(|(tenant, principals, time_ms)| Origin { tenant, principals, time_ms })
}

fn edit_id() -> impl Strategy<Value = EditId> {
    any::<([u8; 16], [u8; 16])>().prop_map(|(key, request)| EditId { key, request })
}

fn edit_part() -> impl Strategy<Value = EditPart> {
    (vec(any::<String>(), 0..4), any::<u8>(), option::of(edit_id()), bytes(), bytes()).prop_map(
        |(principals, needs, edit, changes, heads)| EditPart { principals, needs, edit, changes, heads },
    )
}

fn owner_key() -> impl Strategy<Value = Command> {
    (any::<(String, String, u16, [u8; 8], u64)>(), bytes()).prop_map(
        |((tenant, owner, slot, id, time_ms), wrapped)| {
            Command::OwnerKey(OwnerKey { tenant, owner, slot, id, wrapped, time_ms })
        },
    )
}

fn document_key() -> impl Strategy<Value = Command> {
    (any::<(String, String, [u8; 16], u64)>(), bytes()).prop_map(
        |((tenant, owner, document, time_ms), wrapped)| {
            Command::DocumentKey(DocumentKey { tenant, owner, document, wrapped, time_ms })
        },
    )
}

fn create() -> impl Strategy<Value = Command> {
    let labels = option::of(btree_map(any::<String>(), any::<String>(), 0..4));
    (origin(), edit_id(), any::<([u8; 16], String, u8)>(), bytes(), bytes(), labels).prop_map(
        |(origin, edit, (document, name, shape), change, heads, labels)| {
            Command::Create(Create { origin, edit, document, name, shape, change, heads, labels })
        },
    )
}

fn edit() -> impl Strategy<Value = Command> {
    (any::<(String, [u8; 16], u64, u64)>(), vec(edit_part(), 0..4)).prop_map(
        |((tenant, document, version, time_ms), parts)| {
            Command::Edit(EditDocument { tenant, document, version, parts, time_ms })
        },
    )
}

fn delete() -> impl Strategy<Value = Command> {
    (origin(), edit_id(), any::<[u8; 16]>(), option::of(any::<u64>())).prop_map(
        |(origin, edit, document, version)| Command::Delete(Delete { origin, edit, document, version }),
    )
}

fn share() -> impl Strategy<Value = Command> {
    let rest = (any::<([u8; 16], String, u32)>(), option::of(any::<u8>()));
    (origin(), edit_id(), rest).prop_map(|(origin, edit, ((document, principal, entries_max), level))| {
        Command::Share(Share { origin, edit, document, principal, level, entries_max })
    })
}

fn set_metadata() -> impl Strategy<Value = Command> {
    let label = (any::<String>(), option::of(any::<String>()));
    let labels = vec(label.prop_map(|(key, value)| LabelChange { key, value }), 0..4);
    let rest = any::<([u8; 16], Option<u64>, Option<String>, bool, u32)>();
    (origin(), edit_id(), rest, labels).prop_map(
        |(origin, edit, (document, version, name, clear_labels, labels_max), labels)| {
            Command::SetMetadata(SetMetadata {
                origin,
                edit,
                document,
                version,
                name,
                clear_labels,
                labels,
                labels_max,
            })
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![owner_key(), document_key(), create(), edit(), delete(), share(), set_metadata()]
}

fn entry() -> impl Strategy<Value = Entry> {
    let part = (any::<([u8; 16], u32, u64)>(), bytes()).prop_map(|((transfer, number, time_ms), bytes)| {
        Entry::Part(Part { transfer, number, bytes, time_ms })
    });
    let claim = any::<([u8; 16], u32, [u8; 32])>()
        .prop_map(|(transfer, parts, hash)| Entry::Claim(Claim { transfer, parts, hash }));
    prop_oneof![
        vec(command(), 0..5).prop_map(Entry::Commands),
        vec(command(), 0..5).prop_map(Entry::Keys),
        part,
        claim,
    ]
}

proptest! {
    #[test]
    fn commands_are_read_back(command in command()) {
        prop_assert_eq!(Command::decode(&command.encode()), Ok(command));
    }

    #[test]
    fn entries_are_read_back(entry in entry()) {
        prop_assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(kind in 0..12u8, mut bytes in vec(any::<u8>(), 0..64)) {
        bytes.splice(0..0, [1, kind]);
        let _ = (Command::decode(&bytes), Entry::decode(&bytes));
    }
}
