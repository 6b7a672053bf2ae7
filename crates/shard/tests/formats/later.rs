//! What later releases may write: fields that this one does not know are skipped; formats and kinds that it does not know
//! are refused by name.

use crate::{golden, samples};
use shard::command::{Command, CommandError, Entry, EntryError};

const COMMANDS: &str = include_str!("../golden/commands.txt");

/// More fields than anything has today: what is left out at the end of an array is an optional field without a value.
const FIELDS: u8 = 16;

/// The array that starts at `at` with fields of a later release at its end: nulls, then a map with a list in it.
pub fn with_later_fields(bytes: &[u8], at: usize) -> Vec<u8> {
    let (before, array) = bytes.split_at(at);
    let present = array[0] - 0x80;
    assert!(present < FIELDS, "an array of few fields starts here");
    let nulls = vec![0xf6; usize::from(FIELDS - present)];
    [before, &[0x81 + FIELDS], &array[1..], &nulls, &[0xa1, 0x61, b'x', 0x81, 1]].concat()
}

#[test]
fn later_fields_of_a_command_are_skipped() {
    for (name, command) in samples::commands() {
        let later = with_later_fields(&command.encode(), 2);
        assert_eq!(Command::decode(&later), Ok(command), "{name}");
    }
}

#[test]
fn later_fields_inside_of_a_command_are_skipped() {
    let create = samples::command("create");
    let Command::Create(fields) = &create else { panic!("a creation") };
    check_inside(&create, &fields.origin);
    check_inside(&create, &fields.edit);
    let edit = samples::command("edit");
    let Command::Edit(fields) = &edit else { panic!("an edit") };
    check_inside(&edit, &fields.parts[0]);
    check_inside(&edit, &fields.parts[1].edit);
}

/// What is inside of the command's encoding gets later fields where it stands.
fn check_inside<T: minicbor::Encode<()>>(command: &Command, part: &T) {
    let whole = command.encode();
    let inner = minicbor::to_vec(part).unwrap();
    let at = whole.windows(inner.len()).position(|window| window == inner).expect("it is inside");
    let (before, rest) = whole.split_at(at);
    let later = [before, &with_later_fields(&inner, 0), &rest[inner.len()..]].concat();
    assert_eq!(Command::decode(&later).as_ref(), Ok(command));
}

#[test]
fn later_fields_of_parts_and_claims_are_skipped() {
    for (name, entry) in samples::entries() {
        if let Entry::Part(_) | Entry::Claim(_) = entry {
            assert_eq!(Entry::decode(&with_later_fields(&entry.encode(), 2)), Ok(entry), "{name}");
        }
    }
}

#[test]
fn newer_formats_and_kinds_are_refused_by_name() {
    for (name, bytes) in golden::lines(COMMANDS) {
        let fields = &bytes[2..];
        let format = [&[2, bytes[1]], fields].concat();
        assert_eq!(Command::decode(&format), Err(CommandError::Format(2)), "{name}");
        let kind = [&[1, 99], fields].concat();
        assert_eq!(Command::decode(&kind), Err(CommandError::Kind(99)), "{name}");
        let entry = Entry::encode_commands([kind.as_slice()]);
        assert_eq!(Entry::decode(&entry), Err(EntryError::Command(0, CommandError::Kind(99))), "{name}");
    }
    assert_eq!(Entry::decode(&[2, 1]), Err(EntryError::Newer { format: 2, kind: 1 }));
    assert_eq!(Entry::decode(&[1, 9]), Err(EntryError::Newer { format: 1, kind: 9 }));
}

#[test]
fn what_is_cut_short_is_refused() {
    for (name, command) in samples::commands() {
        let whole = command.encode();
        for length in 0..whole.len() {
            assert!(Command::decode(&whole[..length]).is_err(), "{name} cut at {length}");
        }
    }
    for (name, entry) in samples::entries() {
        let whole = entry.encode();
        // An entry without commands is one, too.
        for length in (0..whole.len()).filter(|length| *length != 2) {
            let cut = Entry::decode(&whole[..length]);
            assert_ne!(cut.as_ref(), Ok(&entry), "{name} cut at {length}");
        }
    }
}
