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
use crdt::admit::{Admission, Intake, Refused};
use rpc::Refusal;
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
}

/// Looks into uploads, in order, on top of the content. A wrong one ends its session, and leaves no trace for the others.
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
        let Some(arrived) = arrive(shard, intake, upload, limits) else { continue };
        if arrived.changes.is_empty() {
            taken.empty.push(arrived);
            continue;
        }
        taken.parts.push(part(doc, &content.key, intake, &arrived));
        taken.arrived.push(arrived);
    }
    taken
}

/// Looks into one upload. `None`: its session is not to be heard.
pub(super) fn arrive(
    shard: &Shard,
    intake: &mut Intake<'_>,
    upload: Upload,
    limits: &Limits,
) -> Option<Arrived> {
    if upload.session.is_over() {
        return None;
    }
    match upload.session.live.standing(shard, upload.session.user()) {
        Ok(Standing::Open(level)) if level >= Level::Write => {}
        Ok(Standing::Vacant) => {}
        // It is shown to the session by what it says next.
        Ok(_) => return None,
        Err(fault) => {
            upload.session.end(fault.into());
            return None;
        }
    }
    match intake.admit(&upload.bytes, &admission_limits(limits)) {
        Ok(Admission { changes, orphans }) => Some(Arrived { upload, changes, orphans }),
        Err(refused) => {
            metrics::counter!("sync_refused_total", "reason" => name(&refused)).increment(1);
            upload.session.end(Refusal::BadEdit { operation: None, reason: refused.to_string() });
            None
        }
    }
}

/// What is taken at once. A row of a change counts with what it takes in memory while it is looked at.
fn admission_limits(limits: &Limits) -> crdt::admit::Limits {
    const MEMORY_PER_BYTE: u64 = 4;
    crdt::admit::Limits {
        inflated_bytes: limits.change_bytes as u64 * MEMORY_PER_BYTE,
        orphans: limits.sync_orphans,
    }
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
