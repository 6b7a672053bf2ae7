//! The files in `proto` say what is on the wire: each message is written with all of its fields, and compared.

use super::hub::message::{Frame, Frames, HealthAnswer, HealthAsk, Kind};
use super::raft::message::{Answer, Answers, Call, Calls, Outcome, Part, SnapshotPart};
use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};
use std::collections::{BTreeMap, BTreeSet};

const RAFT: &str = include_str!("../../proto/raft.proto");
const SHARDS: &str = include_str!("../../proto/shards.proto");

/// Fields by number, and how each is written.
type Fields = BTreeMap<u32, &'static str>;

/// The fields of a message, or the numbers of an enumeration, as a file declares them.
fn declared(file: &str, block: &str) -> BTreeMap<u32, (String, &'static str)> {
    let begun = file.lines().skip_while(|line| *line != format!("{block} {{")).skip(1);
    let lines = begun.take_while(|line| *line != "}").map(str::trim);
    let fields =
        lines.filter_map(|line| line.split("//").next()?.trim().strip_suffix(';')?.split_once(" = "));
    let field = |(left, number): (&str, &str)| {
        let (kind, name) = left.rsplit_once(' ').unwrap_or(("", left));
        let how = if matches!(kind, "uint64" | "uint32" | "bool" | "Kind") { "number" } else { "bytes" };
        (number.parse().unwrap(), (name.to_owned(), how))
    };
    fields.map(field).collect()
}

/// The fields that messages have when they are written.
fn written(messages: &[Vec<u8>]) -> Fields {
    let mut fields = Fields::new();
    for message in messages {
        let mut from = message.as_slice();
        while !from.is_empty() {
            let (number, kind) = decode_key(&mut from).unwrap();
            let value = decode_varint(&mut from).unwrap();
            if kind == WireType::LengthDelimited {
                from = &from[value as usize..];
            }
            fields.insert(number, if kind == WireType::Varint { "number" } else { "bytes" });
        }
    }
    fields
}

fn check(file: &str, name: &str, messages: &[Vec<u8>]) {
    let declared = declared(file, &format!("message {name}"));
    let expected: Fields = declared.into_iter().map(|(number, (_, how))| (number, how)).collect();
    assert_eq!(written(messages), expected, "{name}");
}

#[test]
fn raft() {
    let bytes = || Bytes::from_static(b"x");
    let call = || Call { id: 1, shard: 2, message: bytes() };
    let answer = |outcome| Answer { id: 1, outcome: Some(outcome) };
    let part = |part| SnapshotPart { part: Some(part) }.encode_to_vec();
    let outcomes = [Outcome::Message(bytes()), Outcome::NoSuchShard(1), Outcome::Failed("x".to_owned())];
    check(RAFT, "Calls", &[Calls { calls: vec![call()] }.encode_to_vec()]);
    check(RAFT, "Call", &[call().encode_to_vec()]);
    check(RAFT, "Answers", &[Answers { answers: vec![answer(outcomes[0].clone())] }.encode_to_vec()]);
    check(RAFT, "Answer", &outcomes.map(|outcome| answer(outcome).encode_to_vec()));
    let parts = [Part::Head(call()), Part::Piece(bytes()), Part::Broken("x".to_owned()), Part::End(true)];
    check(RAFT, "SnapshotPart", &parts.map(part));
}

#[test]
fn shards() {
    let frame = || Frame { line: 1, kind: Kind::Ask.into(), body: Bytes::from_static(b"x"), more: true };
    check(SHARDS, "Frames", &[Frames { frames: vec![frame()] }.encode_to_vec()]);
    check(SHARDS, "Frame", &[frame().encode_to_vec()]);
    check(SHARDS, "HealthAsk", &[HealthAsk {}.encode_to_vec()]);
    check(SHARDS, "HealthAnswer", &[HealthAnswer { health: Bytes::from_static(b"x") }.encode_to_vec()]);
    let kinds = declared(SHARDS, "enum Kind");
    for (number, (name, _)) in &kinds {
        let kind = Kind::try_from(*number as i32).unwrap();
        assert_eq!(format!("{kind:?}").to_uppercase(), *name);
    }
    assert!(Kind::try_from(kinds.len() as i32).is_err());
}

/// Calls are found where the files say.
#[test]
fn paths() {
    let calls = |file: &str| -> BTreeSet<String> {
        let service =
            file.lines().find_map(|line| line.strip_prefix("service ")?.strip_suffix(" {")).unwrap();
        let calls = file.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split_once('('));
        calls.map(|(call, _)| format!("/context_hub.v1.{service}/{call}")).collect()
    };
    let raft = BTreeSet::from(super::raft::route::paths());
    assert_eq!(calls(RAFT), raft);
    let shards = [super::hub::route::CHANNEL, super::hub::route::HEALTH].map(str::to_owned);
    assert_eq!(calls(SHARDS), BTreeSet::from(shards));
}
