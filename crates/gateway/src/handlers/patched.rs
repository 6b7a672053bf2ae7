//! `PATCH` in a form that makes a content out of a content: the state that the patch names is read, the patch carried out on
//! it, and what comes out written as a difference to that state.
//!
//! A state never changes once it has a name, so a patch that is sent again gives the same again; what makes it one edit is
//! its key, as for every write. Only a patch that is made for what is there now (`If-Match` without a version) may meet
//! another state the second time, and perhaps the one that it left itself: then the shard is asked whether it was done.

use super::{Call, aside, read, refused_write};
use crate::app::App;
use crate::patch::{self, Decoded, Form, Patch};
use crate::problem::Problem;
use crate::request::base::base_of;
use crate::request::conditions::Conditions;
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use base::{DocId, Level};
use hyper::StatusCode;
use hyper::header::HeaderMap;
use rpc::{At, Base, Caller, Edit, EditKey, Precondition, Read, Refusal, Seen, Unit, Write};
use serde_json::Value;

pub(super) async fn answer(app: &App, mut call: Call, form: Form) -> Outcome {
    let id = call.document()?;
    let in_query: &[&str] = if form.names_its_state() { &[] } else { &["version", "heads"] };
    let named = read::at(&call.query(in_query)?)?;
    let conditions = Conditions::of(&call.parts.headers)?;
    let key = call.half_key(app, Guarded::Patch, Some(id))?;
    let key = key.with_part(form.name().as_bytes()).with_part(fingerprint(&named).as_bytes());
    let decode = move |body: &[u8], limits: &_, room: &mut _| patch::decode(form, body, limits, room);
    let (Decoded { patch, version, heads }, key) = call.edit(app, key, decode).await?;
    let base = match named {
        At::Now => base_of(version, heads, &conditions)?,
        At::Version(version) => Base::Version(version),
        At::Heads(heads) => Base::Heads(heads),
    };
    let precondition = conditions.for_write();

    let caller = call.caller();
    let read = Read { id, at: at(&base), at_least: None };
    let seen = app.shards.read(caller.clone(), read).await.map_err(refused_write(key.key.clone()))?;
    let content = match allowed(&seen, &base, &precondition) {
        Ok(()) => carry_out(app, &mut call, patch, &seen).await,
        Err(problem) => Err(problem),
    };
    let content = match content {
        Ok(content) => content,
        // What a name stands for was the same the first time, and so was the refusal.
        Err(problem) if base != Base::Now && seen.level >= Level::Write => return Err(problem),
        Err(problem) => return done_before(app, caller, id, key, &call.parts.headers).await?.ok_or(problem),
    };
    let refused = refused_write(key.key.clone());
    // The very state that the patch was carried out on, and not what has become of it since.
    let base = Base::Heads(seen.view.heads.clone());
    let write = Write { id, base, edit: Edit::Replace(content), precondition, key };
    let seen = app.shards.write(caller, write).await.map_err(refused)?;
    Ok(respond::written(StatusCode::OK, &seen, &call.parts.headers))
}

/// The state that a query names, as part of an edit's fingerprint: never change it.
fn fingerprint(named: &At) -> String {
    match named {
        At::Now => String::new(),
        At::Version(version) => format!("version={version}"),
        At::Heads(heads) => heads.iter().map(|head| format!("head={head} ")).collect(),
    }
}

fn at(base: &Base) -> At {
    match base {
        Base::Now => At::Now,
        Base::Version(version) => At::Version(*version),
        Base::Heads(heads) => At::Heads(heads.clone()),
    }
}

/// What can be told of the refusal before the patch is carried out. The shard has the last word.
fn allowed(seen: &Seen, base: &Base, precondition: &Precondition) -> Result<(), Problem> {
    if seen.level < Level::Write {
        return Err(Refusal::Forbidden { needed: Level::Write, held: seen.level }.into());
    }
    if *base == Base::Now && !precondition.holds(&seen.view.tag) {
        return Err(Refusal::Precondition { tag: seen.view.tag.clone() }.into());
    }
    Ok(())
}

/// Carries a patch out on a state, where nobody waits behind it.
async fn carry_out(app: &App, call: &mut Call, patch: Patch, seen: &Seen) -> Result<Value, Problem> {
    let (limits, mut room) = (app.limits, call.room.take());
    let (shape, content) = (seen.view.shape, seen.view.content.clone());
    let work = move || (patch.apply(shape, &content, &limits, &mut room), room);
    let (applied, room) = aside(work).await?;
    call.room = room;
    applied
}

/// The answer to the edit with this key, if it was done before. It is asked for by an edit that cannot be done: a shard looks
/// at the key first, and at what must hold afterwards.
async fn done_before(
    app: &App,
    caller: Caller,
    id: DocId,
    key: EditKey,
    headers: &HeaderMap,
) -> Result<Option<respond::Answer>, Problem> {
    let refused = refused_write(key.key.clone());
    let never = Precondition { must_not_exist: true, ..Precondition::default() };
    let edit = Edit::Operations { ops: vec![], unit: Unit::default() };
    let write = Write { id, base: Base::Now, edit, precondition: never, key };
    match app.shards.write(caller, write).await {
        Ok(seen) => Ok(Some(respond::written(StatusCode::OK, &seen, headers))),
        Err(Refusal::Precondition { .. }) => Ok(None),
        Err(refusal) => Err(refused(refusal)),
    }
}
