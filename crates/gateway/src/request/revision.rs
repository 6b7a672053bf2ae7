//! `Hub-Revision` and `Hub-At-Least`: how far a shard was, and how far it has to be.
//!
//! Every answer about a document names a revision. A client that keeps the newest of each shard, and names them when it
//! reads, reads what it wrote and saw, whichever replica answers.

use crate::problem::{Kind, Problem};
use base::ShardId;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use rpc::{Revision, RevisionError};

/// The header of answers.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("hub-revision");

/// The header of requests: revisions with commas between them.
pub(crate) const AT_LEAST: HeaderName = HeaderName::from_static("hub-at-least");

/// What the header of an answer says.
pub(crate) fn value(revision: Revision) -> HeaderValue {
    HeaderValue::try_from(revision.to_string()).expect("digits and a point are visible ASCII")
}

/// The index that a shard must have come to, by the headers. What is said of other shards only has to be well formed.
pub(crate) fn at_least(headers: &HeaderMap, shard: Option<ShardId>) -> Result<Option<u64>, Problem> {
    let bad = |error: RevisionError| {
        let detail = format!("{AT_LEAST}: {error}; several have commas between them");
        Problem::new(Kind::BadHeader, detail).with("header", AT_LEAST.as_str())
    };
    let mut wanted = None;
    for line in headers.get_all(AT_LEAST) {
        let line = line.to_str().map_err(|_| bad(RevisionError))?;
        for text in line.split(',') {
            let revision: Revision = text.trim_matches([' ', '\t']).parse().map_err(bad)?;
            if Some(revision.shard) == shard {
                wanted = wanted.max(Some(revision.index));
            }
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str], shard: u32) -> Result<Option<u64>, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AT_LEAST, HeaderValue::from_static(line));
        }
        at_least(&headers, Some(ShardId(shard)))
    }

    #[test]
    fn the_one_of_the_shard_counts() {
        assert_eq!(read(&[], 3).unwrap(), None);
        assert_eq!(read(&["3.9"], 3).unwrap(), Some(9));
        assert_eq!(read(&["1.4, 3.9 ,2.0"], 3).unwrap(), Some(9));
        assert_eq!(read(&["3.9,3.12", "3.10"], 3).unwrap(), Some(12));
        assert_eq!(read(&["1.4"], 3).unwrap(), None);
    }

    #[test]
    fn what_is_no_revision_is_named_whichever_shard_it_is_of() {
        for line in ["", "3", "3.9,", "1.x,3.9", "3.9;1.2", "3 .9"] {
            let problem = read(&[line], 3).unwrap_err();
            assert_eq!(problem.kind, Kind::BadHeader, "{line:?}");
            assert!(
                problem.detail.starts_with("hub-at-least: a revision is written SHARD.INDEX"),
                "{}",
                problem.detail
            );
        }
    }
}
