//! What is written is read back, and any bytes at all are read without a panic.

use super::*;
use crate::transport::fuzzing;
use crate::transport::hub::ask::{Ask, Begin, Revoked, Shown};
use crate::*;
use ::base::{
    DocId, FeedPlace, Hash, Heads, Labels, Level, NodeId, Op, PathStep, Shape, ShardId, Slot, TenantId,
    Timestamp, Unit, UserId,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What is read back says the same in words, and writes the same bytes. The words leave out a part of hashes, the bytes
/// could leave out a field: both together nothing.
fn check<T: Form + Debug>(value: T) {
    let form = encode(&value);
    let read: T = decode(&form).unwrap();
    assert_eq!(format!("{read:?}"), format!("{value:?}"));
    assert_eq!(encode(&read), form);
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn labels() -> impl Strategy<Value = Labels> {
    btree_map(text(), text(), 0..3)
}

fn shared() -> impl Strategy<Value = Arc<str>> {
    text().prop_map(Arc::from)
}

fn user() -> impl Strategy<Value = UserId> {
    "[a-z0-9@._-]{1,20}".prop_map(|name| UserId::new(&name).unwrap())
}

fn caller() -> impl Strategy<Value = Caller> {
    ("[a-z]{1,9}", user()).prop_map(|(tenant, user)| Caller { tenant: TenantId::new(&tenant).unwrap(), user })
}

fn id() -> impl Strategy<Value = DocId> {
    (0..16_384u16, any::<[u8; 16]>()).prop_map(|(slot, random)| DocId::mint(Slot::new(slot).unwrap(), random))
}

fn heads() -> impl Strategy<Value = Heads> {
    vec(any::<[u8; 32]>().prop_map(Hash), 0..4).prop_map(|mut heads| {
        heads.sort();
        heads
    })
}

fn level() -> impl Strategy<Value = Level> {
    prop::sample::select(&Level::ALL)
}

fn at() -> impl Strategy<Value = Timestamp> {
    any::<u64>().prop_map(Timestamp)
}

fn shard() -> impl Strategy<Value = ShardId> {
    any::<u32>().prop_map(ShardId)
}

fn revision() -> impl Strategy<Value = Revision> {
    (shard(), any::<u64>()).prop_map(|(shard, index)| Revision { shard, index })
}

fn place() -> impl Strategy<Value = FeedPlace> {
    any::<(u64, u32)>().prop_map(|(index, number)| FeedPlace { index, number })
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..64).prop_map(Bytes::from)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn op() -> impl Strategy<Value = Op> {
    let step = prop_oneof![any::<usize>().prop_map(PathStep::Index), text().prop_map(PathStep::Key)];
    let path = vec(step, 0..3);
    prop_oneof![
        (path.clone(), value()).prop_map(|(path, value)| Op::Set { path, value }),
        path.clone().prop_map(|path| Op::Delete { path }),
        (path.clone(), value()).prop_map(|(path, value)| Op::Insert { path, value }),
        (path.clone(), any::<usize>(), any::<usize>(), text())
            .prop_map(|(path, position, delete, insert)| Op::Splice { path, position, delete, insert }),
        (path, any::<i64>()).prop_map(|(path, by)| Op::Increment { path, by }),
    ]
}

fn key() -> impl Strategy<Value = EditKey> {
    (text(), any::<[u8; 32]>()).prop_map(|(key, request_hash)| EditKey { key, request_hash })
}

fn precondition() -> impl Strategy<Value = Precondition> {
    (of(vec(text(), 0..3)), vec(text(), 0..3), any::<bool>()).prop_map(
        |(match_any, match_none, must_not_exist)| Precondition { match_any, match_none, must_not_exist },
    )
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let limit = prop::sample::select(
        &[
            LimitKind::Document,
            LimitKind::Change,
            LimitKind::Depth,
            LimitKind::AccessEntries,
            LimitKind::Export,
            LimitKind::Labels,
        ][..],
    );
    prop_oneof![
        Just(Refusal::NotFound),
        (level(), level()).prop_map(|(needed, held)| Refusal::Forbidden { needed, held }),
        text().prop_map(|tag| Refusal::Precondition { tag }),
        any::<(u64, u64)>().prop_map(|(asked, newest)| Refusal::UnknownVersion { asked, newest }),
        any::<(u64, u64)>().prop_map(|(asked, newest)| Refusal::UnknownRevision { asked, newest }),
        text().prop_map(|hash| Refusal::UnknownHeads { hash }),
        (any::<Option<usize>>(), text())
            .prop_map(|(operation, reason)| Refusal::BadEdit { operation, reason }),
        (limit, any::<usize>(), any::<Option<usize>>()).prop_map(|(what, limit, actual)| Refusal::TooLarge {
            what,
            limit,
            actual
        }),
        Just(Refusal::KeyReused),
        (shard(), text(), duration()).prop_map(|(shard, reason, retry_after)| Refusal::Unavailable {
            shard,
            reason,
            retry_after
        }),
        shard().prop_map(|shard| Refusal::Unknown { shard }),
        duration().prop_map(|retry_after| Refusal::Busy { retry_after }),
        any::<u64>().prop_map(|spare| Refusal::DiskFull { spare }),
        (shard(), any::<Option<u64>>())
            .prop_map(|(shard, leader)| Refusal::Elsewhere { shard, leader: leader.map(NodeId) }),
        text().prop_map(|reason| Refusal::Damaged { reason }),
        place().prop_map(|place| Refusal::FeedGone { place }),
        text().prop_map(|reason| Refusal::Internal { reason }),
    ]
}

fn at_state() -> impl Strategy<Value = At> {
    prop_oneof![Just(At::Now), any::<u64>().prop_map(At::Version), heads().prop_map(At::Heads)]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Text), Just(Shape::Json)]
}

fn edit() -> impl Strategy<Value = Edit> {
    let unit = prop_oneof![Just(Unit::Utf16), Just(Unit::Scalar)];
    prop_oneof![
        value().prop_map(Edit::Replace),
        (vec(op(), 0..4), unit).prop_map(|(ops, unit)| Edit::Operations { ops, unit }),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let base =
        prop_oneof![Just(Base::Now), any::<u64>().prop_map(Base::Version), heads().prop_map(Base::Heads)];
    let create = (text(), shape(), value(), key(), labels())
        .prop_map(|(name, shape, content, key, labels)| Create { name, shape, content, key, labels });
    let set = (id(), of(text()), any::<bool>(), btree_map(text(), of(text()), 0..3), precondition(), key())
        .prop_map(|(id, name, clear_labels, labels, precondition, key)| SetMetadata {
            id,
            name,
            clear_labels,
            labels,
            precondition,
            key,
        });
    let label = (text(), of(text())).prop_map(|(key, value)| LabelFilter { key, value });
    let filter = (of(shape()), of(user()), vec(label, 0..3), of(text()))
        .prop_map(|(shape, owner, labels, name_prefix)| Filter { shape, owner, labels, name_prefix });
    let by = prop::sample::select(&[SortBy::Id, SortBy::UpdatedAt, SortBy::CreatedAt, SortBy::Name][..]);
    let order = (by, any::<bool>()).prop_map(|(by, descending)| Order { by, descending });
    let sorted =
        prop_oneof![Just(SortKey::Id), at().prop_map(SortKey::Time), shared().prop_map(SortKey::Name)];
    let after = (sorted, id()).prop_map(|(key, id)| Place { key, id });
    let select = (shard(), filter, order, of(after), any::<usize>(), any::<bool>()).prop_map(
        |(shard, filter, order, after, limit, count)| Select { shard, filter, order, after, limit, count },
    );
    let write = (id(), base, edit(), precondition(), key())
        .prop_map(|(id, base, edit, precondition, key)| Write { id, base, edit, precondition, key });
    let delete =
        (id(), precondition(), key()).prop_map(|(id, precondition, key)| Delete { id, precondition, key });
    let share = (id(), user(), of(level()), key()).prop_map(|(id, principal, level, key)| Share {
        id,
        principal,
        level,
        key,
    });
    let list =
        (shard(), of(id()), any::<usize>()).prop_map(|(shard, after, limit)| List { shard, after, limit });
    let changes = (shard(), of(place()), of(id()), any::<usize>(), duration())
        .prop_map(|(shard, since, document, limit, wait)| Changes { shard, since, document, limit, wait });
    let redeem = (any::<[u8; 16]>(), any::<bool>(), at()).prop_map(|(id, once, expires)| Redeem {
        id: TicketId(id),
        once,
        expires,
    });
    let read =
        (id(), at_state(), any::<Option<u64>>()).prop_map(|(id, at, at_least)| Read { id, at, at_least });
    let history = (id(), any::<Option<u64>>(), any::<usize>()).prop_map(|(id, before, limit)| History {
        id,
        before,
        limit,
    });
    let compare = (id(), at_state(), at_state()).prop_map(|(id, from, to)| Compare { id, from, to });
    let export = (id(), at_state()).prop_map(|(id, at)| Export { id, at });
    let import = (text(), bytes(), key()).prop_map(|(name, file, key)| Import { name, file, key });
    let past = prop_oneof![
        (caller(), history).prop_map(|(caller, history)| Ask::History(caller, history)),
        (caller(), compare).prop_map(|(caller, compare)| Ask::Compare(caller, compare)),
        (caller(), export).prop_map(|(caller, export)| Ask::Export(caller, export)),
        (caller(), import).prop_map(|(caller, import)| Ask::Import(caller, import)),
    ];
    prop_oneof![
        past,
        (caller(), create).prop_map(|(caller, create)| Ask::Create(caller, create)),
        (caller(), read, of(any::<Digest>())).prop_map(|(caller, read, have)| Ask::Read(caller, read, have)),
        (caller(), write).prop_map(|(caller, write)| Ask::Write(caller, write)),
        (caller(), delete).prop_map(|(caller, delete)| Ask::Delete(caller, delete)),
        (caller(), share).prop_map(|(caller, share)| Ask::Share(caller, share)),
        (caller(), id()).prop_map(|(caller, id)| Ask::Access(caller, id)),
        (caller(), list).prop_map(|(caller, list)| Ask::List(caller, list)),
        (caller(), set).prop_map(|(caller, set)| Ask::SetMetadata(caller, set)),
        (caller(), select).prop_map(|(caller, select)| Ask::Select(caller, select)),
        (caller(), changes).prop_map(|(caller, changes)| Ask::Changes(caller, changes)),
        (caller(), redeem).prop_map(|(caller, redeem)| Ask::Redeem(caller, redeem)),
        (caller(), any::<[u8; 16]>(), at()).prop_map(|(caller, id, until)| Ask::Revoke(
            caller,
            TicketId(id),
            until
        )),
    ]
}

fn parts() -> impl Strategy<Value = ViewParts> {
    let times = (at(), at());
    (id(), shared(), shape(), user(), any::<u64>(), heads(), times, bytes(), labels()).prop_map(
        |(id, name, shape, owner, version, heads, (created_at, updated_at), content, labels)| ViewParts {
            id,
            name,
            shape,
            owner,
            version,
            heads,
            created_at,
            updated_at,
            content,
            labels,
        },
    )
}

fn version() -> impl Strategy<Value = Version> {
    let size = any::<(u64, u64)>().prop_map(|(changes, bytes)| Size { changes, bytes });
    (any::<u64>(), heads(), at(), vec(user(), 0..3), of(size))
        .prop_map(|(version, heads, at, authors, size)| Version { version, heads, at, authors, size })
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        Just(EventKind::Created),
        Just(EventKind::Changed),
        (user(), of(level())).prop_map(|(principal, level)| EventKind::Shared { principal, level }),
        Just(EventKind::Revoked),
        Just(EventKind::Deleted),
        Just(EventKind::Metadata),
    ];
    (place(), id(), kind, any::<u64>(), heads(), vec(user(), 0..3), at()).prop_map(
        |(place, document, kind, version, heads, authors, at)| Event {
            place,
            document,
            kind,
            version,
            heads,
            authors,
            at,
        },
    )
}

fn summary() -> impl Strategy<Value = Summary> {
    let times = (at(), at());
    (id(), shared(), shape(), user(), any::<u64>(), heads(), level(), times, labels()).prop_map(
        |(id, name, shape, owner, version, heads, level, (created_at, updated_at), labels)| Summary {
            id,
            name,
            shape,
            owner,
            version,
            heads,
            level,
            created_at,
            updated_at,
            labels,
        },
    )
}

fn ephemeral() -> impl Strategy<Value = Ephemeral> {
    (shared(), shared(), any::<u64>(), bytes()).prop_map(|(sender, session, count, data)| Ephemeral {
        sender,
        session,
        count,
        data,
    })
}

fn update() -> impl Strategy<Value = UpdateParts> {
    (any::<(u64, u64)>(), heads(), vec(user(), 0..3), at(), vec(op(), 0..3), of(bytes())).prop_map(
        |((from, version), heads, authors, at, ops, changes)| UpdateParts {
            from,
            version,
            heads,
            authors,
            at,
            ops,
            changes,
        },
    )
}

fn health() -> impl Strategy<Value = Health> {
    let state = prop_oneof![
        Just(ShardState::Serving),
        duration().prop_map(|retry_after| ShardState::Starting { retry_after }),
        text().prop_map(|reason| ShardState::Broken { reason }),
        any::<u64>().prop_map(|leader| ShardState::Following { leader: NodeId(leader) }),
    ];
    let shard = (shard(), state).prop_map(|(shard, state)| ShardHealth { shard, state });
    (vec(shard, 0..3), any::<Option<u64>>()).prop_map(|(shards, disk_low)| Health { shards, disk_low })
}

proptest! {
    #[test]
    fn requests(ask in ask()) {
        check(ask);
    }

    #[test]
    fn refusals(refusal in refusal()) {
        check::<Result<(), Refusal>>(Err(refusal));
    }

    #[test]
    fn answers(
        level in level(), revision in revision(),
        access in (user(), vec((user(), level()), 0..3)),
        page in (vec(summary(), 0..3), of(id())), counted: Option<u64>,
        feed in (vec(event(), 0..3), place(), any::<bool>()),
        health in health(),
        redeemed in prop::sample::select(&[Redeemed::Good, Redeemed::Spent, Redeemed::Revoked][..]),
    ) {
        let entries = access.1.into_iter().map(|(principal, level)| AccessEntry { principal, level }).collect();
        check(Access { owner: access.0, entries, revision });
        check(revision);
        check(Selection { documents: page.0.clone(), more: page.1.is_some(), count: counted });
        check(Page { documents: page.0, next: page.1 });
        check(ChangesPage { events: feed.0, place: feed.1, more: feed.2 });
        check(health);
        check(redeemed);
        check::<Result<(), Refusal>>(Ok(()));
        check(Shown::Same(level, revision));
    }

    #[test]
    fn pasts(
        versions in vec(version(), 0..3), next in any::<Option<u64>>(), parts in parts(), ops in vec(op(), 0..3),
        version in any::<u64>(), heads in heads(), file in bytes(), revision in revision(),
    ) {
        check(Versions { versions, next, revision });
        check(Exported { version, heads, file, revision });
        let other = Arc::new(View::new(ViewParts { version, ..parts.clone() }));
        let form = encode(&Comparison { from: Arc::new(View::new(parts)), to: other.clone(), ops, revision });
        let read: Comparison = decode(&form).unwrap();
        prop_assert_eq!(digest_of(&read.to), digest_of(&other));
        prop_assert_eq!(encode(&read), form);
    }

    #[test]
    fn views(parts in parts(), level in level(), revision in revision()) {
        let view = Arc::new(View::new(parts.clone()));
        let digest = digest_of(&view);
        let form = encode(&Shown::View(digest, Seen { view: view.clone(), level, revision }));
        let Shown::View(named, seen) = decode(&form).unwrap() else { panic!("another variant") };
        let made = &seen.view;
        prop_assert_eq!((named, seen.level, seen.revision), (digest, level, revision));
        prop_assert_eq!((made.id, &made.name, made.shape, &made.owner), (parts.id, &parts.name, parts.shape, &parts.owner));
        prop_assert_eq!((made.version, &made.heads, &made.content), (parts.version, &parts.heads, &parts.content));
        prop_assert_eq!((made.created_at, made.updated_at, &made.tag), (parts.created_at, parts.updated_at, &view.tag));
        prop_assert_eq!(digest_of(made), digest);
        // What differs has another name.
        let other = View::new(ViewParts { version: parts.version ^ 1, ..parts });
        prop_assert_ne!(digest_of(&other), digest);
    }

    #[test]
    fn sessions(
        caller in caller(), id in id(), since in any::<Option<u64>>(), changes in any::<bool>(), message in bytes(),
        ephemeral in ephemeral(), refusal in refusal(), update in update(), level in level(), ticket in any::<[u8; 16]>(),
    ) {
        check(Begin { caller: caller.clone(), id, since, changes, resumed: changes });
        check(Revoked { caller, id: TicketId(ticket) });
        check(Synced::Message(message));
        check(Synced::Unavailable);
        check(Synced::Ephemeral(Arc::new(ephemeral.clone())));
        check(Synced::Ended(refusal.clone()));
        check(Followed::Update(Arc::new(Update::new(update))));
        check(Followed::Ephemeral(Arc::new(ephemeral)));
        check(Followed::Level(level));
        check(Followed::Ended(refusal));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        fuzzing::decode_words(&bytes);
    }

    /// Bytes that are nearly right go deeper than random ones.
    #[test]
    fn damaged_bytes_are_read_without_a_panic(ask in ask(), parts in parts(), revision in revision(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let seen = Seen { view: Arc::new(View::new(parts)), level: Level::Read, revision };
        for form in [encode(&ask), encode(&Followed::Snapshot(seen))] {
            let mut form = form.to_vec();
            let at = at.index(form.len());
            form[at] = with;
            fuzzing::decode_words(&form);
            form.truncate(at);
            fuzzing::decode_words(&form);
        }
    }
}

/// A newer release may add fields at the end, and variants.
#[test]
fn what_a_newer_release_adds_is_skipped_or_named() {
    let mut out = Out::new(0);
    out.begin();
    out.number(1);
    out.number(7);
    vec![String::from("new")].put(&mut out);
    out.end();
    assert_eq!(decode::<At>(&out.finish()).unwrap(), At::Version(7));
    let mut out = Out::new(0);
    out.begin();
    out.number(77);
    out.end();
    let error = decode::<At>(&out.finish()).unwrap_err().to_string();
    assert!(error.contains("At number 77 is of a newer release"), "{error}");
}

/// An older release ends a record before the fields that a newer one has added.
#[test]
fn what_an_older_release_lacks_is_none_if_it_may_be() {
    struct Newer {
        principal: UserId,
        level: Option<Level>,
    }
    record!(Newer { principal, level });
    let form = |also: Option<Level>| {
        let mut out = Out::new(0);
        out.begin();
        UserId::new("ada").unwrap().put(&mut out);
        also.iter().for_each(|level| level.put(&mut out));
        out.end();
        out.finish()
    };
    for sent in [None, Some(Level::Write)] {
        let Newer { principal, level } = decode(&form(sent)).unwrap();
        assert_eq!((principal.as_str(), level), ("ada", sent));
    }
    let error = decode::<AccessEntry>(&form(None)).unwrap_err().to_string();
    assert!(error.contains("a field is missing"), "{error}");
}

/// A view that an older release has written has no labels.
#[test]
fn a_view_of_an_older_release_is_read_without_labels() {
    let owner = UserId::new("ada").unwrap();
    let mut out = Out::new(0);
    out.begin();
    DocId::mint(Slot::new(1).unwrap(), [0; 16]).put(&mut out);
    Arc::<str>::from("notes").put(&mut out);
    Shape::Text.put(&mut out);
    owner.put(&mut out);
    3u64.put(&mut out);
    Heads::new().put(&mut out);
    Timestamp(1).put(&mut out);
    Timestamp(2).put(&mut out);
    Bytes::from_static(b"\"x\"").put(&mut out);
    out.end();
    let parts: ViewParts = decode(&out.finish()).unwrap();
    assert!(parts.labels.is_empty() && parts.version == 3 && parts.owner == owner);
}

/// The bytes of a request and of an answer, which other releases read.
#[test]
fn forms_are_pinned() {
    let caller = Caller { tenant: TenantId::new("t").unwrap(), user: UserId::new("u").unwrap() };
    let id = DocId::mint(Slot::new(1).unwrap(), [0; 16]);
    let read = encode(&Ask::Read(caller, Read { id, at: At::Version(2), at_least: None }, None));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(&read),
        "9f019f61746175ff9f5000040000000080008000000000000000".to_owned() + "9f0102fff6fff6ff"
    );
    let refused = encode::<Result<(), Refusal>>(&Err(Refusal::Unknown { shard: ShardId(3) }));
    assert_eq!(hex(&refused), "9f019f0903ffff");
}
