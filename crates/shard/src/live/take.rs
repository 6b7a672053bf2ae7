//! Taking uploads: what of them is new and sound becomes parts of a command, not committed yet.
//!
//! No document is opened for it: admission knows from the graph that Automerge will take the changes.

use super::access::Standing;
use super::content::Content;
use super::upload::{Arrived, Upload};
use crate::command::EditPart;
use crate::documents::context;
use crate::shard::Shard;
use crate::store::{DocKey, join_heads};
use base::{Level, Limits};
use crdt::admit::{Admission, Admitted, Intake, Refused};
use rpc::Refusal;
use std::sync::Arc;
use vault::{Key, Kind, seal};

/// Uploads that were looked into.
#[derive(Default)]
pub struct Taken {
    /// To be put into the log, and what each came from, in the same order.
    pub parts: Vec<EditPart>,
    /// What each part came from.
    pub arrived: Vec<Arrived>,
    /// Uploads without anything new: there is nothing to wait for.
    pub empty: Vec<Arrived>,
    /// Sessions whose uploads are wrong, to be ended once the content is let go: a session locks itself before the content.
    pub wrong: Vec<Wrong>,
    /// What takes longer to look into than it may here, and what came behind it from the same sessions.
    pub heavy: Vec<Upload>,
}

/// A session that is to be ended, and why.
pub type Wrong = (Upload, Refusal);

/// Looks into uploads, in order, on top of the content. A wrong one is to end its session, and leaves no trace for the
/// others. No session is touched meanwhile.
pub fn take(
    shard: &Shard,
    doc: &DocKey,
    content: &Content,
    intake: &mut Intake<'_>,
    uploads: Vec<Upload>,
    limits: &Limits,
) -> Taken {
    let mut taken = Taken::default();
    for upload in uploads {
        if taken.is_wrong(&upload) {
            continue;
        }
        if taken.waits_behind(&upload) {
            taken.heavy.push(upload);
            continue;
        }
        let arrived = match arrive(shard, intake, upload, limits) {
            Ok(arrived) => arrived,
            Err(Unfit::Wrong(wrong)) => {
                taken.wrong.push(wrong);
                continue;
            }
            Err(Unfit::Heavy((mut upload, _))) => {
                upload.heavy = true;
                taken.heavy.push(upload);
                continue;
            }
        };
        if arrived.changes.is_empty() {
            taken.empty.push(arrived);
            continue;
        }
        taken.parts.push(part(doc, &content.key, intake, &arrived));
        taken.arrived.push(arrived);
    }
    taken
}

/// Looks into one upload. Of a session that may not write, or not any more, nothing is new.
pub(super) fn arrive(
    shard: &Shard,
    intake: &mut Intake<'_>,
    upload: Upload,
    limits: &Limits,
) -> Result<Arrived, Unfit> {
    match upload.session.live.standing(shard, upload.session.user()) {
        Ok(Standing::Open(level)) if level >= Level::Write => {}
        Ok(Standing::Vacant) => {}
        // It is shown to the session by what it says next. Its peer waits for an end of this nevertheless.
        Ok(_) => return Ok(Arrived { upload, changes: vec![], orphans: vec![] }),
        Err(fault) => return Err(Unfit::Wrong((upload, fault.into()))),
    }
    match intake.admit(&upload.bytes, &admission_limits(limits, upload.heavy)) {
        Ok(Admission { changes, orphans }) => {
            // A few bytes of a compressed document may have been megabytes of changes. They are not made to be stored so.
            let changes = changes.into_iter().map(Admitted::compressed).collect();
            Ok(Arrived { upload, changes, orphans })
        }
        Err(refused) => {
            let refusal = Refusal::BadEdit { operation: None, reason: refused.to_string() };
            if matches!(refused, Refused::TooLarge { .. }) && !upload.heavy {
                return Err(Unfit::Heavy((upload, refusal)));
            }
            metrics::counter!("sync_refused_total", "reason" => name(&refused)).increment(1);
            Err(Unfit::Wrong((upload, refusal)))
        }
    }
}

/// An upload that is not taken, not now at least.
pub(super) enum Unfit {
    /// It is wrong.
    Wrong(Wrong),
    /// It takes longer to look into than is allowed for what is not marked as heavy.
    Heavy(Wrong),
}

impl Taken {
    fn is_wrong(&self, upload: &Upload) -> bool {
        self.wrong.iter().any(|(wrong, _)| Arc::ptr_eq(&wrong.session, &upload.session))
    }

    fn waits_behind(&self, upload: &Upload) -> bool {
        self.heavy.iter().any(|heavy| Arc::ptr_eq(&heavy.session, &upload.session))
    }
}

/// Ends sessions.
pub fn end_wrong(wrong: Vec<Wrong>) {
    wrong.into_iter().for_each(|(upload, refusal)| upload.session.end(refusal));
}

/// What is taken at once. A row of a change counts with what it takes in memory while it is looked at, which is also a
/// measure of the time: a few bytes on the wire may be thousands of rows. What is not heavy is looked into where requests
/// are served, and must be done in a few milliseconds.
fn admission_limits(limits: &Limits, heavy: bool) -> crdt::admit::Limits {
    const MEMORY_PER_BYTE: u64 = 4;
    const LIGHT_BYTES: u64 = 1 << 20;
    let most = limits.change_bytes as u64 * MEMORY_PER_BYTE;
    let inflated_bytes = if heavy { most } else { most.min(LIGHT_BYTES) };
    crdt::admit::Limits { inflated_bytes, orphans: limits.sync_orphans }
}

fn part(doc: &DocKey, key: &Key, intake: &Intake<'_>, arrived: &Arrived) -> EditPart {
    EditPart {
        principals: vec![arrived.upload.session.user().as_str().to_owned()],
        needs: Level::Write as u8,
        edit: None,
        changes: seal(key, &context(doc, Kind::Change), &arrived.chunks()),
        heads: join_heads(&intake.heads()),
    }
}

/// The name of a refusal, for metrics.
fn name(refused: &Refused) -> String {
    let words = format!("{refused:?}");
    words.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}
