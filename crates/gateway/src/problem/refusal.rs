//! What a shard's refusal looks like to a client. Exhaustive: a new refusal does not compile until it has its problem.

use super::{Kind, Problem};
use rpc::{LimitKind, Refusal};
use std::time::Duration;

/// How soon a client should ask again when the shard has no guess.
const SOON: Duration = Duration::from_secs(1);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NotFound => Problem::not_found(),
            Refusal::Forbidden { needed, held } => Problem::new(Kind::Forbidden, detail)
                .with("needed", needed.as_str())
                .with("held", held.as_str()),
            Refusal::Precondition { tag } => Problem::new(Kind::PreconditionFailed, detail).with("tag", tag),
            Refusal::UnknownVersion { asked, newest } => {
                Problem::new(Kind::UnknownVersion, detail).with("asked", asked).with("newest", newest)
            }
            Refusal::UnknownRevision { asked, newest } => {
                let todo = "read without Hub-At-Least, and keep what the answer names";
                let detail = format!("{detail}; {todo}");
                Problem::new(Kind::UnknownRevision, detail).with("asked", asked).with("newest", newest)
            }
            Refusal::UnknownHeads { hash } => Problem::new(Kind::UnknownHeads, detail).with("hash", hash),
            Refusal::BadEdit { operation: None, .. } => Problem::new(Kind::BadEdit, detail),
            Refusal::BadEdit { operation: Some(operation), .. } => {
                Problem::new(Kind::BadEdit, detail).with("operation", operation)
            }
            Refusal::TooLarge { what, limit, actual } => {
                Problem::limit(kind_of(what), &what.to_string(), limit, actual)
            }
            Refusal::KeyReused => Problem::new(Kind::KeyReused, detail),
            Refusal::Unavailable { shard, retry_after, .. } => {
                Problem::new(Kind::ShardUnavailable, detail).with("shard", shard.0).retry_after(retry_after)
            }
            Refusal::Elsewhere { shard, .. } => {
                Problem::new(Kind::ShardUnavailable, detail).with("shard", shard.0).retry_after(SOON)
            }
            Refusal::Unknown { shard } => {
                Problem::new(Kind::OutcomeUnknown, detail).with("shard", shard.0).retry_after(SOON)
            }
            Refusal::Busy { retry_after } => Problem::new(Kind::ShardBusy, detail).retry_after(retry_after),
            Refusal::DiskFull { spare } => Problem::new(Kind::DiskFull, detail).with("spare_bytes", spare),
            Refusal::Damaged { .. } => Problem::new(
                Kind::Damaged,
                "what is stored of this document does not open; the operator finds the reason in the log",
            )
            .because(detail),
            // A place of one shard is no token: the feed asks the others for theirs, and tells `Problem::feed_gone`.
            Refusal::FeedGone { .. } => {
                let todo = "list the documents, then begin a feed without a token";
                Problem::new(Kind::FeedGone, format!("{detail}; {todo}")).with("documents", "/documents")
            }
            Refusal::Internal { reason } => Problem::internal(reason),
        }
    }
}

fn kind_of(limit: LimitKind) -> Kind {
    match limit {
        LimitKind::Document => Kind::DocumentTooLarge,
        LimitKind::Change => Kind::ChangeTooLarge,
        LimitKind::Depth => Kind::JsonTooDeep,
        LimitKind::AccessEntries => Kind::AccessListFull,
        LimitKind::Export => Kind::ExportTooLarge,
        LimitKind::Labels => Kind::TooManyLabels,
    }
}

impl Problem {
    /// There is no such document, as far as this caller may know. The same for an id that cannot exist, so that
    /// nothing can be learnt from the difference.
    pub fn not_found() -> Problem {
        Problem::new(Kind::NotFound, "there is no such document, or you may not read it")
    }

    /// What a feed would have to tell first is not kept any more; `token` is where to begin anew.
    pub fn feed_gone(token: &str) -> Problem {
        let detail = "what happened since this token is not kept any more; list the documents, then go on from the token \
                      given here";
        Problem::new(Kind::FeedGone, detail).with("token", token).with("documents", "/documents")
    }

    /// This gateway has not learned yet which shards there are.
    pub fn no_shards() -> Problem {
        let detail = "this gateway does not know yet where the shards are";
        Problem::new(Kind::ShardUnavailable, detail).retry_after(SOON)
    }

    /// A fault of the hub. Only the log learns what failed.
    pub fn internal(cause: impl Into<String>) -> Problem {
        Problem::new(Kind::Internal, "the hub failed; the log names the reason under this request id")
            .because(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{FeedPlace, Level, ShardId};

    #[test]
    fn every_refusal_has_its_status_and_members() {
        let shard = ShardId(3);
        let after = Duration::from_millis(250);
        let too_large = |what| Refusal::TooLarge { what, limit: 5, actual: Some(9) };
        let bad_edit = |operation| Refusal::BadEdit { operation, reason: "no such key".into() };
        #[rustfmt::skip]
        let table: Vec<(Refusal, u16, &str, &[&str])> = vec![
            (Refusal::NotFound, 404, "not-found", &[]),
            (Refusal::Forbidden { needed: Level::Write, held: Level::Read }, 403, "forbidden", &["needed", "held"]),
            (Refusal::Precondition { tag: "t".into() }, 412, "precondition-failed", &["tag"]),
            (Refusal::UnknownVersion { asked: 9, newest: 2 }, 422, "unknown-version", &["asked", "newest"]),
            (Refusal::UnknownRevision { asked: 9, newest: 2 }, 422, "unknown-revision", &["asked", "newest"]),
            (Refusal::UnknownHeads { hash: "00".into() }, 422, "unknown-heads", &["hash"]),
            (bad_edit(None), 422, "bad-edit", &[]),
            (bad_edit(Some(4)), 422, "bad-edit", &["operation"]),
            (too_large(LimitKind::Document), 413, "document-too-large", &["limit", "actual"]),
            (too_large(LimitKind::Change), 413, "change-too-large", &["limit", "actual"]),
            (too_large(LimitKind::Depth), 422, "json-too-deep", &["limit", "actual"]),
            (too_large(LimitKind::Export), 422, "export-too-large", &["limit", "actual"]),
            (too_large(LimitKind::AccessEntries), 422, "access-list-full", &["limit", "actual"]),
            (too_large(LimitKind::Labels), 422, "too-many-labels", &["limit", "actual"]),
            (Refusal::KeyReused, 422, "idempotency-key-reused", &[]),
            (Refusal::Unavailable { shard, reason: "no leader".into(), retry_after: after }, 503, "shard-unavailable", &["shard"]),
            (Refusal::Elsewhere { shard, leader: None }, 503, "shard-unavailable", &["shard"]),
            (Refusal::Unknown { shard }, 503, "outcome-unknown", &["shard"]),
            (Refusal::Busy { retry_after: after }, 503, "shard-busy", &[]),
            (Refusal::DiskFull { spare: 7 }, 507, "disk-full", &["spare_bytes"]),
            (Refusal::Damaged { reason: "secret".into() }, 500, "damaged", &[]),
            (Refusal::FeedGone { place: FeedPlace::START }, 410, "feed-token-too-old", &["documents"]),
            (Refusal::Internal { reason: "secret".into() }, 500, "internal", &[]),
        ];
        for (refusal, status, slug, members) in table {
            let problem = Problem::from(refusal);
            assert_eq!(problem.kind.status(), status, "{slug}");
            assert_eq!(problem.kind.slug(), slug);
            assert_eq!(problem.members.iter().map(|member| member.0).collect::<Vec<_>>(), members, "{slug}");
            assert_eq!(problem.retry_after.is_some(), status == 503, "{slug}");
            assert!(!problem.detail.contains("secret"), "{slug} tells clients what only the log should know");
        }
    }
}
