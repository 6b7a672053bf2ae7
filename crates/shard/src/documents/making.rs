//! Making edits: what each asks for becomes changes of the open document, not committed yet.
//!
//! Blocking and computing; runs on a worker, with the document's state held.

use super::Fault;
use super::fault::bad_edit;
use super::keyring::Keyring;
use super::open::Loaded;
use super::quarantine::Quarantine;
use super::queue::{Pending, Work};
use super::stored::{self, context};
use crate::command::{EditDocument, EditId, EditPart};
use crate::live::{Arrived, STORED, Taken, Upload, Wrong};
use crate::store::{DocKey, StoreView, join_heads, split_heads};
use base::{Heads, Level, Limits, UserId, heads_tag};
use crdt::admit::{Admitted, Intake};
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

/// A batch of work, done as far as it is before the log has it.
#[derive(Default)]
pub struct Batch {
    /// To be put into the log, and who waits for each, in the same order.
    pub parts: Vec<EditPart>,
    /// Who waits for each part.
    pub askers: Vec<Asker>,
    /// Uploads without anything new.
    pub empty: Vec<Arrived>,
    /// Answers that are certain whatever becomes of the parts.
    pub settled: Vec<(Pending, Settled)>,
    /// Work to be done again once this batch is through.
    pub again: Work,
    /// The version that the parts were made on.
    pub version: u64,
    /// The heads after each part, joined; known once there is a command.
    pub heads: Vec<Vec<u8>>,
    /// Sessions to be ended, once nothing is locked.
    pub wrong: Vec<Wrong>,
    /// Uploads that take longer than they may where this batch is made: they are the first of the next.
    pub heavy: Vec<Upload>,
}

/// Who waits for a part.
pub enum Asker {
    /// Whose edit was made, and the change, where a graph is to have it.
    Edit(Box<Pending>, Vec<Admitted>),
    /// A session's upload.
    Upload(Arrived),
}

impl Asker {
    /// The changes of the part.
    pub fn changes(&self) -> &[Admitted] {
        match self {
            Asker::Edit(_, changes) => changes,
            Asker::Upload(arrived) => &arrived.changes,
        }
    }

    /// Whose part it is.
    pub fn user(&self) -> &UserId {
        match self {
            Asker::Edit(pending, _) => &pending.caller.user,
            Asker::Upload(arrived) => arrived.upload.session.user(),
        }
    }
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
        self.heads = parts.iter().map(|part| part.heads.clone()).collect();
        let command = EditDocument {
            tenant: doc.tenant.as_str().to_owned(),
            document: *doc.id.as_bytes(),
            version: self.version,
            parts,
            time_ms,
        };
        (!command.parts.is_empty()).then_some(command)
    }

    /// Adds uploads that were looked into.
    pub fn add_uploads(&mut self, taken: Taken) {
        let Taken { parts, arrived, empty, wrong, heavy } = taken;
        self.parts.extend(parts);
        self.askers.extend(arrived.into_iter().map(Asker::Upload));
        self.empty.extend(empty);
        self.wrong.extend(wrong);
        self.heavy.extend(heavy);
    }

    fn refuse(&mut self, edits: Vec<Pending>, refusal: impl Fn() -> Refusal) {
        self.settled.extend(edits.into_iter().map(|pending| (pending, Settled::Refused(refusal()))));
    }

    /// What the parts so far have changed, one chunk a part.
    fn changes(&self) -> Vec<&[u8]> {
        self.askers.iter().flat_map(Asker::changes).map(|change| &change.chunk[..]).collect()
    }
}

/// How an edit turned out.
enum Verdict {
    Part(EditPart, Option<Made>),
    Settled(Settled),
    /// Its answer hangs on edits before it in the batch.
    Later,
}

/// Makes a batch of edits on a document, on top of the uploads that are in the batch already. Loads the document if it is
/// not in step with the store. `intake` is of its graph, if somebody follows it.
pub fn make(
    bench: &Bench<'_>,
    doc: &DocKey,
    state: &mut Option<Loaded>,
    batch: &mut Batch,
    mut intake: Option<&mut Intake<'_>>,
    edits: Vec<Pending>,
) {
    let loaded = match in_step(bench, doc, state) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return batch.refuse(edits, || Refusal::NotFound),
        Err(fault) => {
            let refusal = Refusal::from(fault);
            return batch.refuse(edits, || refusal.clone());
        }
    };
    batch.version = loaded.head.version;
    // All at once: what it costs hangs on the document more than on the changes.
    if let Err(error) = loaded.document.apply(&batch.changes()) {
        *state = None;
        tracing::error!(document = %doc.id, %error, "Automerge does not take changes that were admitted");
        drop_uploads(batch);
        batch.again.edits = edits;
        return;
    }
    let mut ids = HashSet::new();
    for pending in edits {
        let edit = edit_id(&pending.caller, &pending.write.key);
        if !ids.insert(edit.key) {
            batch.again.edits.push(pending);
            continue;
        }
        let verdict = verdict(bench, doc, loaded, &pending, edit, !batch.parts.is_empty());
        match verdict.unwrap_or_else(|fault| Verdict::Settled(Settled::Refused(fault.into()))) {
            Verdict::Part(part, made) => {
                batch.parts.push(part);
                batch.askers.push(Asker::Edit(Box::new(pending), admit(doc, intake.as_deref_mut(), made)));
            }
            Verdict::Settled(settled) => batch.settled.push((pending, settled)),
            Verdict::Later => batch.again.edits.push(pending),
        }
    }
    // What was made before the panic is whole, and goes into the log; the rest of the document is read anew.
    if loaded.document.is_poisoned() {
        *state = None;
    }
}

/// Takes an own change into the graph that is to have it.
fn admit(doc: &DocKey, intake: Option<&mut Intake<'_>>, made: Option<Made>) -> Vec<Admitted> {
    let Some((intake, made)) = intake.zip(made) else { return vec![] };
    match intake.admit(&made.bytes, &STORED) {
        Ok(admission) => admission.changes,
        Err(refused) => {
            // The graph then is not in step with the version, and is read anew; which shows whether it is so bad.
            tracing::error!(document = %doc.id, %refused, "a change of the hub's own is not admitted");
            vec![]
        }
    }
}

/// Ends the sessions whose changes Automerge did not survive: nothing of them goes into the log.
fn drop_uploads(batch: &mut Batch) {
    batch.parts.clear();
    for asker in batch.askers.drain(..) {
        if let Asker::Upload(arrived) = asker {
            let reason = "Automerge does not take these changes".to_owned();
            batch.wrong.push((arrived.upload, Refusal::BadEdit { operation: None, reason }));
        }
    }
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
    let in_step = match state {
        Some(loaded) if loaded.head.version == head.version && loaded.head.heads == head.heads => {
            loaded.head = head.clone();
            true
        }
        Some(loaded) => loaded.catch_up(bench.view, doc, &head)?,
        None => false,
    };
    if !in_step {
        *state = None;
        let load = || Loaded::load(bench.keyring, bench.view, doc, head.clone());
        *state = Some(bench.quarantine.open(doc, head.version, load)?);
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
    // First, for who could write then and asks again: what was done stays done, whatever they may do now.
    match stored::done_before(bench.view, &doc.tenant, doc.id.slot(), &edit) {
        Ok(None) => {}
        Ok(Some(receipt)) => return Ok(Verdict::Settled(Settled::DoneAt(receipt.version))),
        Err(refusal) => return refused(refusal),
    }
    if let Err(refusal) = permitted(bench.view, doc, loaded, caller, Level::Write)? {
        return refused(refusal);
    }
    let current = loaded.document.heads();
    let tag = heads_tag(&current);
    if !write.precondition.holds(&tag) {
        // The state that rules it out may not last if it comes from an edit of this batch. What is stored does: without this,
        // others who write in every batch would keep it from its answer.
        let stored = heads_tag(&loaded.heads);
        return match write.precondition.holds(&stored) {
            true if others_before => Ok(Verdict::Later),
            true => refused(Refusal::Precondition { tag }),
            false => refused(Refusal::Precondition { tag: stored }),
        };
    }
    let at = match base_heads(bench.view, doc, loaded, &write.base, current)? {
        Ok(at) => at,
        Err(refusal) => return refused(refusal),
    };
    let poisoned_before = loaded.document.is_poisoned();
    match change(bench, loaded, write, &at) {
        Ok(made) => {
            let part = part(doc, loaded, caller, edit, made.as_ref());
            Ok(Verdict::Part(part, made))
        }
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

fn part(doc: &DocKey, loaded: &mut Loaded, caller: &Caller, edit: EditId, made: Option<&Made>) -> EditPart {
    let changes = made.map_or(vec![], |made| seal(&loaded.key, &context(doc, Kind::Change), &made.bytes));
    loaded.changes_behind += usize::from(made.is_some());
    loaded.large_bytes += stored::large(changes.len());
    EditPart {
        principals: vec![caller.user.as_str().to_owned()],
        needs: Level::Write as u8,
        edit: Some(edit),
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
