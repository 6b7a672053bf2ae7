//! What is stored is pinned, and nothing that is read is believed.

use super::*;
use base::{ClusterId, NodeId, ShardId, SlotMap};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn record() -> NodeRecord {
    let spec = NodeSpec {
        name: "hub-0".into(),
        zone: "a".into(),
        capacity: 2,
        address: "10.0.0.1:7400".into(),
        prefers: Some(ShardId(4)),
        holds_data: true,
    };
    NodeRecord { id: NodeId(7), incarnation: 3, state: NodeState::Draining, spec }
}

fn is_stored_as<T>(value: T, json: &str)
where
    T: Serialize + DeserializeOwned + Checked + PartialEq + std::fmt::Debug,
{
    assert_eq!(String::from_utf8(encode(&value)).unwrap(), json);
    assert_eq!(decode::<T>("/k", json.as_bytes()), Ok(value));
}

#[test]
fn the_formats_are_pinned() {
    is_stored_as(
        record(),
        r#"{"format":1,"id":7,"incarnation":3,"state":"draining","name":"hub-0","zone":"a","capacity":2,"address":"10.0.0.1:7400","prefers":4,"holds_data":true}"#,
    );
    is_stored_as(Alive { incarnation: 3 }, r#"{"format":1,"incarnation":3}"#);
    is_stored_as(Removed { name: "hub-0".into() }, r#"{"format":1,"name":"hub-0"}"#);
    is_stored_as(
        Placement::new(vec![NodeId(3), NodeId(1)], NodeId(3)),
        r#"{"format":1,"replicas":[1,3],"leader":3}"#,
    );
    is_stored_as(
        Observed { leader: NodeId(1), term: 9, replicas: vec![NodeId(1)], applied: u64::MAX },
        r#"{"format":1,"leader":1,"term":9,"replicas":[1],"applied":18446744073709551615}"#,
    );
    is_stored_as(
        ClusterConfig { shards: 32, replicas: 3, master_key: None, cluster: None },
        r#"{"format":1,"shards":32,"replicas":3}"#,
    );
    // As many as an earlier release made.
    is_stored_as(
        ClusterConfig { shards: 16_384, replicas: 3, master_key: None, cluster: None },
        r#"{"format":1,"shards":16384,"replicas":3}"#,
    );
    is_stored_as(
        ClusterConfig {
            shards: 32,
            replicas: 3,
            master_key: Some(5),
            cluster: Some(ClusterId::from_u128(7)),
        },
        r#"{"format":1,"shards":32,"replicas":3,"master_key":5,"cluster":"00000000-0000-0000-0000-000000000007"}"#,
    );
    is_stored_as(SlotMap::even(2), r#"{"format":1,"version":1,"runs":[[0,0],[8192,1]]}"#);
    is_stored_as(ControllerRecord { name: "hub-0".into() }, r#"{"format":1,"name":"hub-0"}"#);
    is_stored_as(NextId { next: 2 }, r#"{"format":1,"next":2}"#);
}

#[test]
fn fields_of_a_later_version_are_passed_over_but_not_its_format() {
    let more = r#"{"format":1,"incarnation":3,"mood":"good"}"#;
    assert_eq!(decode("/k", more.as_bytes()), Ok(Alive { incarnation: 3 }));
    let later = decode::<Alive>("/k", br#"{"format":2,"incarnation":3}"#);
    assert_eq!(later, Err(StateError::Format { key: "/k".into(), format: 2 }));
}

fn is_damaged<T: DeserializeOwned + Checked + std::fmt::Debug>(stored: &str) {
    let read = decode::<T>("/the/key", stored.as_bytes());
    assert!(matches!(&read, Err(StateError::Damaged { key, .. }) if key == "/the/key"), "{stored}: {read:?}");
}

#[test]
fn damage_is_named() {
    is_damaged::<Alive>("");
    is_damaged::<Alive>(r#"{"incarnation":3}"#);
    is_damaged::<Alive>(r#"{"format":1,"incarnation":-3}"#);
    is_damaged::<Placement>(r#"{"format":1,"replicas":[],"leader":3}"#);
    is_damaged::<Placement>(r#"{"format":1,"replicas":[1,2],"leader":3}"#);
    is_damaged::<Placement>(r#"{"format":1,"replicas":[2,1],"leader":1}"#);
    is_damaged::<Placement>(r#"{"format":1,"replicas":[1,1],"leader":1}"#);
    is_damaged::<ClusterConfig>(r#"{"format":1,"shards":0,"replicas":3}"#);
    is_damaged::<ClusterConfig>(r#"{"format":1,"shards":16385,"replicas":3}"#);
    is_damaged::<ClusterConfig>(r#"{"format":1,"shards":8,"replicas":10}"#);
    is_damaged::<SlotMap>(r#"{"format":1,"version":1,"runs":[[1,0]]}"#);
    is_damaged::<NextId>(r#"{"format":1,"next":0}"#);
    let stored = String::from_utf8(encode(&record())).unwrap();
    for (good, bad) in
        [(r#""capacity":2"#, r#""capacity":0"#), ("hub-0", ""), ("hub-0", "a b"), ("draining", "away")]
    {
        is_damaged::<NodeRecord>(&stored.replace(good, bad));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(stored in prop::collection::vec(any::<u8>(), 0..200), path in ".{0,40}") {
        let _ = decode::<NodeRecord>("/k", &stored);
        let _ = decode::<Placement>("/k", &stored);
        let _ = decode::<SlotMap>("/k", &stored);
        let _ = Keys::new("/k").unwrap().parse(&path);
    }

    #[test]
    fn no_change_of_one_byte_makes_a_reader_panic(at in 0usize..120, byte in any::<u8>()) {
        let mut stored = encode(&record());
        if let Some(place) = stored.get_mut(at) {
            *place = byte;
        }
        if let Ok(read) = decode::<NodeRecord>("/k", &stored) {
            prop_assert_eq!(read.check(), Ok(()));
        }
    }
}
