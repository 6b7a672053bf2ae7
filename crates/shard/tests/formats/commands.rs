//! Commands and entries.

use crate::golden;
use crate::samples;
use shard::command::{Command, Entry};

const COMMANDS: &str = include_str!("../golden/commands.txt");
const ENTRIES: &str = include_str!("../golden/entries.txt");

#[test]
fn commands_are_written_and_read_as_ever() {
    let samples = samples::commands();
    let today: Vec<_> = samples.iter().map(|(name, command)| (name.to_string(), command.encode())).collect();
    golden::check(COMMANDS, &today);
    for (name, bytes) in golden::lines(COMMANDS) {
        assert_eq!(Command::decode(&bytes), Ok(samples::command(name)), "{name}");
    }
}

/// A file of its own, because the others are those of the first release.
const UPLOADS: &str = include_str!("../golden/uploads.txt");

#[test]
fn changes_of_clients_are_written_and_read_as_ever() {
    golden::check(UPLOADS, &[("upload".to_owned(), samples::upload().encode())]);
    let (_, bytes) = golden::lines(UPLOADS).next().unwrap();
    assert_eq!(Command::decode(&bytes), Ok(samples::upload()));
}

#[test]
fn entries_are_written_and_read_as_ever() {
    let samples = samples::entries();
    let today: Vec<_> =
        samples.iter().map(|(name, entry)| (name.to_string(), entry.encode().to_vec())).collect();
    golden::check(ENTRIES, &today);
    for ((_, bytes), (name, entry)) in golden::lines(ENTRIES).zip(samples) {
        assert_eq!(Entry::decode(&bytes), Ok(entry), "{name}");
    }
}
