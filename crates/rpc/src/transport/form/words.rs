//! Forms of requests, answers and refusals. Numbers of variants and the order of fields are fixed: add at the end.

use super::{Form, In, Malformed, Out, choice, record};
use crate::{
    Access, AccessEntry, At, Base, Caller, Changes, ChangesPage, Compare, Comparison, Create, Delete, Edit,
    EditKey, Ephemeral, Event, EventKind, Export, Exported, Filter, Health, History, Import, LabelFilter,
    LimitKind, List, Order, Page, Place, Precondition, Read, Redeem, Redeemed, Refusal, Revision, Select,
    Selection, SetMetadata, ShardHealth, ShardState, Share, Size, SortBy, SortKey, Summary, Synced, Update,
    UpdateParts, Version, Versions, Write,
};
use ::base::FeedPlace;
use std::sync::Arc;

record!(Caller { tenant, user });
record!(EditKey { key, request_hash });
record!(Precondition { match_any, match_none, must_not_exist });
record!(Create { name, shape, content, key, labels });
record!(Read { id, at, at_least });
record!(Delete { id, precondition, key });
record!(Write { id, base, edit, precondition, key });
record!(Share { id, principal, level, key });
record!(Access { owner, entries, revision });
record!(Revision { shard, index });
record!(AccessEntry { principal, level });
record!(List { shard, after, limit });
record!(Page { documents, next });
record!(Summary { id, name, shape, owner, version, heads, level, created_at, updated_at, labels });
record!(SetMetadata { id, name, clear_labels, labels, precondition, key });
record!(Select { shard, filter, order, after, limit, count });
record!(Selection { documents, more, count });
record!(Filter { shape, owner, labels, name_prefix });
record!(LabelFilter { key, value });
record!(Order { by, descending });
record!(Place { key, id });
record!(History { id, before, limit });
record!(Versions { versions, next, revision });
record!(Version { version, heads, at, authors, size });
record!(Size { changes, bytes });
record!(Compare { id, from, to });
record!(Comparison { from, to, ops, revision });
record!(Export { id, at });
record!(Exported { version, heads, file, revision });
record!(Import { name, file, key });
record!(FeedPlace { index, number });
record!(Changes { shard, since, document, limit, wait });
record!(ChangesPage { events, place, more });
record!(Event { place, document, kind, version, heads, authors, at });
record!(Health { shards, disk_low });
record!(ShardHealth { shard, state });
record!(Redeem { id, once, expires });
record!(Ephemeral { sender, session, count, data });
record!(UpdateParts { from, version, heads, authors, at, ops, changes });

choice!(At { 0 => Now, 1 => Version(version), 2 => Heads(heads) });
choice!(Base { 0 => Now, 1 => Version(version), 2 => Heads(heads) });
choice!(Edit { 0 => Replace(content), 1 => Operations { ops, unit } });
choice!(EventKind { 0 => Created, 1 => Changed, 2 => Shared { principal, level }, 3 => Revoked, 4 => Deleted, 5 => Metadata });
choice!(SortBy { 0 => Id, 1 => UpdatedAt, 2 => CreatedAt, 3 => Name });
choice!(SortKey { 0 => Id, 1 => Time(at), 2 => Name(name) });
choice!(ShardState { 0 => Serving, 1 => Starting { retry_after }, 2 => Broken { reason }, 3 => Following { leader } });
choice!(Redeemed { 0 => Good, 1 => Spent, 2 => Revoked });
choice!(LimitKind { 0 => Document, 1 => Change, 2 => Depth, 3 => AccessEntries, 4 => Labels, 5 => Export });
choice!(Synced { 0 => Message(message), 1 => Unavailable, 2 => Ephemeral(ephemeral), 3 => Ended(refusal) });
choice!(Refusal {
    0 => NotFound,
    1 => Forbidden { needed, held },
    2 => Precondition { tag },
    3 => UnknownVersion { asked, newest },
    4 => UnknownHeads { hash },
    5 => BadEdit { operation, reason },
    6 => TooLarge { what, limit, actual },
    7 => KeyReused,
    8 => Unavailable { shard, reason, retry_after },
    9 => Unknown { shard },
    10 => Busy { retry_after },
    11 => DiskFull { spare },
    12 => Damaged { reason },
    15 => FeedGone { place },
    16 => Internal { reason },
    17 => Elsewhere { shard, leader },
    18 => UnknownRevision { asked, newest },
});

impl Form for Arc<Ephemeral> {
    fn put(&self, out: &mut Out) {
        Ephemeral::put(self, out);
    }

    fn take(from: &mut In<'_>) -> Result<Arc<Ephemeral>, Malformed> {
        Ephemeral::take(from).map(Arc::new)
    }
}

impl Form for Arc<Update> {
    fn put(&self, out: &mut Out) {
        let Update { from, version, heads, authors, at, ops, changes, .. } = &**self;
        out.begin();
        from.put(out);
        version.put(out);
        heads.put(out);
        authors.put(out);
        at.put(out);
        ops.put(out);
        changes.put(out);
        out.end();
    }

    fn take(from: &mut In<'_>) -> Result<Arc<Update>, Malformed> {
        UpdateParts::take(from).map(|parts| Arc::new(Update::new(parts)))
    }
}
