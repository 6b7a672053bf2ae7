//! Making edits: what each asks for becomes changes of the open document, not committed yet.
//!
//! Blocking and computing; runs on a worker, with the document's state held.

use super::Fault;
use super::fault::bad_edit;
use super::keyring::Keyring;
use super::open::{Loaded, Pending};
use super::quarantine::Quarantine;
use super::stored::{self, context};
use crate::command::{EditDocument, EditId, EditPart};
use crate::store::{DocKey, Lookup, Receipt, Space, StoreView, join_heads, key, split_heads};
use base::{Heads, Level, Limits, heads_tag};
use crdt::{Made, Stamp};
use rpc::{Base, Caller, Edit, EditKey, Refusal, Write};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use vault::{Kind, seal};

/// What edits are made with.
pub struct Bench<'a> {
    /// The store of the shard, as it is when the work begins.
    pub view: &'a StoreView<'a>,
    /// Where keys come from.
    pub keyring: &'a Keyring,
    /// What must not be opened.
    pub quarantine: &'a Quarantine,
    /// What is too large.
    pub limits: &'a Limits,
    /// The leader's time.
    pub now_ms: u64,
}

/// A batch of edits, made.
#[derive(Default)]
pub struct Batch {
    /// Edits to put into the log, and their askers, in the same order.
    pub parts: Vec<EditPart>,
    /// Who waits for each part.
    pub waiting: Vec<Pending>,
    /// Answers that are certain whatever becomes of the parts.
    pub settled: Vec<(Pending, Settled)>,
    /// Edits to be made again once this batch is through.
    pub again: Vec<Pending>,
    /// The version that the parts were made on.
    pub version: u64,
}

/// An answer that needs no log entry.
pub enum Settled {
    /// No.
    Refused(Refusal),
    /// It was done before: the document as it was at that version.
    DoneAt(u64),
}

impl Batch {
    /// The command for the parts, if there are any.
    pub fn command(&mut self, doc: &DocKey, time_ms: u64) -> Option<EditDocument> {
        let parts = std::mem::take(&mut self.parts);
        let command = EditDocument {
            tenant: doc.tenant.as_str().to_owned(),
            document: *doc.id.as_bytes(),
            version: self.version,
            parts,
            time_ms,
        };
        (!command.parts.is_empty()).then_some(command)
    }
}

/// How an edit turned out.
enum Verdict {
    Part(EditPart),
    Settled(Settled),
    /// Its answer hangs on edits before it in the batch.
    Later,
}

/// Makes a batch of edits on a document, loading it if it is not in step with the store.
pub fn make(bench: &Bench<'_>, doc: &DocKey, state: &mut Option<Loaded>, edits: Vec<Pending>) -> Batch {
    let loaded = match in_step(bench, doc, state) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return refuse_all(edits, || Refusal::NotFound),
        Err(fault) => {
            let refusal = Refusal::from(fault);
            return refuse_all(edits, || refusal.clone());
        }
    };
    let mut batch = Batch { version: loaded.head.version, ..Batch::default() };
    let mut ids = HashSet::new();
    for pending in edits {
        let edit = edit_id(&pending.caller, &pending.write.key);
        if !ids.insert(edit.key) {
            batch.again.push(pending);
            continue;
        }
        let verdict = verdict(bench, doc, loaded, &pending, edit, !batch.parts.is_empty());
        match verdict.unwrap_or_else(|fault| Verdict::Settled(Settled::Refused(fault.into()))) {
            Verdict::Part(part) => {
                batch.parts.push(part);
                batch.waiting.push(pending);
            }
            Verdict::Settled(settled) => batch.settled.push((pending, settled)),
            Verdict::Later => batch.again.push(pending),
        }
    }
    // What was made before the panic is whole, and goes into the log; the rest of the document is read anew.
    if loaded.document.is_poisoned() {
        *state = None;
    }
    batch
}

fn refuse_all(edits: Vec<Pending>, refusal: impl Fn() -> Refusal) -> Batch {
    let settled = edits.into_iter().map(|pending| (pending, Settled::Refused(refusal()))).collect();
    Batch { settled, ..Batch::default() }
}

/// The document at the newest stored version; `None` if it is not there.
pub fn in_step<'s>(
    bench: &Bench<'_>,
    doc: &DocKey,
    state: &'s mut Option<Loaded>,
) -> Result<Option<&'s mut Loaded>, Fault> {
    let Some(head) = stored::head(bench.view, doc)? else {
        *state = None;
        return Ok(None);
    };
    match state {
        Some(loaded) if loaded.head.version == head.version && loaded.head.heads == head.heads => {
            loaded.head = head;
        }
        _ => {
            *state = None;
            let load = || Loaded::load(bench.keyring, bench.view, doc, head.clone());
            *state = Some(bench.quarantine.open(doc, head.version, load)?);
        }
    }
    Ok(state.as_mut())
}

fn verdict(
    bench: &Bench<'_>,
    doc: &DocKey,
    loaded: &mut Loaded,
    pending: &Pending,
    edit: EditId,
    others_before: bool,
) -> Result<Verdict, Fault> {
    let Pending { caller, write, .. } = pending;
    let refused = |refusal| Ok(Verdict::Settled(Settled::Refused(refusal)));
    if let Err(refusal) = permitted(bench.view, doc, loaded, caller, Level::Write)? {
        return refused(refusal);
    }
    if let Some(settled) = repeated(bench.view, doc, &edit)? {
        return Ok(Verdict::Settled(settled));
    }
    let current = loaded.document.heads();
    let tag = heads_tag(&current);
    if !write.precondition.holds(&tag) {
        // The state that rules it out may not last if it comes from an edit of this batch.
        return if others_before { Ok(Verdict::Later) } else { refused(Refusal::Precondition { tag }) };
    }
    let at = match base_heads(bench.view, doc, loaded, &write.base, current)? {
        Ok(at) => at,
        Err(refusal) => return refused(refusal),
    };
    let poisoned_before = loaded.document.is_poisoned();
    match change(bench, loaded, write, &at) {
        Ok(made) => Ok(Verdict::Part(part(doc, loaded, caller, edit, made))),
        // Not its fault: it is made again on the document as it is read anew.
        Err(_) if poisoned_before => Ok(Verdict::Later),
        Err(refusal) => refused(refusal),
    }
}

/// Whether the caller may do this now.
pub fn permitted(
    view: &StoreView<'_>,
    doc: &DocKey,
    loaded: &Loaded,
    caller: &Caller,
    needed: Level,
) -> Result<Result<Level, Refusal>, Fault> {
    Ok(match stored::level(view, doc, &loaded.head, &caller.user)? {
        None => Err(Refusal::NotFound),
        Some(held) if held < needed => Err(Refusal::Forbidden { needed, held }),
        Some(held) => Ok(held),
    })
}

/// What was answered to this edit before.
fn repeated(view: &StoreView<'_>, doc: &DocKey, edit: &EditId) -> Result<Option<Settled>, Fault> {
    let receipt = key::receipt(doc.tenant.as_str(), doc.id.slot(), &edit.key);
    let Some(record) = view.get(Space::Edits, &receipt)? else { return Ok(None) };
    let receipt = Receipt::from_record(&record)?;
    let same = receipt.request == edit.request && receipt.document == *doc.id.as_bytes();
    Ok(Some(if same { Settled::DoneAt(receipt.version) } else { Settled::Refused(Refusal::KeyReused) }))
}

/// The heads that an edit was made against.
fn base_heads(
    view: &StoreView<'_>,
    doc: &DocKey,
    loaded: &Loaded,
    base: &Base,
    current: Heads,
) -> Result<Result<Heads, Refusal>, Fault> {
    let newest = loaded.head.version;
    Ok(match base {
        Base::Now => Ok(current),
        Base::Heads(heads) => Ok(heads.clone()),
        Base::Version(version) if *version == newest => Ok(loaded.heads.clone()),
        Base::Version(version) => match stored::version(view, doc, &loaded.head, *version)? {
            Some(record) if *version < newest => Ok(split_heads(record.heads())?),
            _ => Err(Refusal::UnknownVersion { asked: *version, newest }),
        },
    })
}

fn change(
    bench: &Bench<'_>,
    loaded: &mut Loaded,
    write: &Write,
    at: &Heads,
) -> Result<Option<Made>, Refusal> {
    let stamp = Stamp { unix_ms: bench.now_ms };
    let Loaded { document, shape, .. } = loaded;
    let made = match &write.edit {
        Edit::Replace(content) => document.replace(*shape, at, content, stamp, bench.limits),
        Edit::Operations { ops, unit } => document.edit(*shape, at, ops, *unit, stamp, bench.limits),
    };
    made.map_err(|error| bad_edit(error, bench.limits))
}

fn part(doc: &DocKey, loaded: &mut Loaded, caller: &Caller, edit: EditId, made: Option<Made>) -> EditPart {
    let changes = made.map_or(vec![], |made| seal(&loaded.key, &context(doc, Kind::Change), &made.bytes));
    loaded.large_bytes += stored::large(changes.len());
    EditPart {
        principals: vec![caller.user.as_str().to_owned()],
        needs: Level::Write as u8,
        edit,
        changes,
        heads: join_heads(&loaded.document.heads()),
    }
}

/// The stored form of an edit's key: bound to the tenant and the user, so that nobody meets another's.
pub fn edit_id(caller: &Caller, edit: &EditKey) -> EditId {
    let mut digest = Sha256::new();
    for field in [caller.tenant.as_str(), caller.user.as_str(), &edit.key] {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    let digest = digest.finalize();
    EditId { key: std::array::from_fn(|i| digest[i]), request: std::array::from_fn(|i| edit.request_hash[i]) }
}
