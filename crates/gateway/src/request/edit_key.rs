//! The id of an edit: what makes a retry the same edit and not a second one.
//!
//! It is made in two steps: the head of a request may be refused before its body is read, and a large body is hashed
//! where it holds up nobody.

use crate::problem::{Kind, Problem};
use crate::router::Guarded;
use base::DocId;
use hyper::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use rpc::EditKey;
use sha2::{Digest, Sha256};
use wire::thin::Edit;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What was asked, without what may differ between two attempts: the token, the request id, how the path was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub verb: Guarded,
    pub document: Option<DocId>,
    pub headers: &'a HeaderMap,
}

/// The id of an edit whose body is not there yet.
pub(crate) struct HalfKey {
    key: String,
    digest: Sha256,
}

/// Begins with the head: takes the client's key, or a new one.
pub(crate) fn begin(asked: Asked<'_>, bytes_max: usize) -> Result<HalfKey, Problem> {
    let key = match given(asked.headers)? {
        Some(key) => {
            check_length(key, bytes_max)?;
            key.to_owned()
        }
        // From this process's generator: asking the system would be a call for each edit.
        None => {
            uuid::Builder::from_random_bytes(rand::random::<u128>().to_ne_bytes()).into_uuid().to_string()
        }
    };
    let mut digest = Sha256::new();
    digest_head(&mut digest, asked);
    Ok(HalfKey { key, digest })
}

/// The id of an edit that came as a message on a socket, where the client always names it. Sent again on any socket it is
/// the same edit if it says the same, however its JSON is written.
pub(crate) fn of_message(document: DocId, edit: &Edit, bytes_max: usize) -> Result<EditKey, Problem> {
    let Edit { id, version, ops, unit } = edit;
    check_length(id, bytes_max)?;
    let said = serde_json::to_vec(&(version, unit, ops)).expect("operations have string keys");
    let mut digest = Sha256::new();
    for part in [b"message".as_slice(), document.as_bytes(), &said] {
        digest_part(&mut digest, part);
    }
    Ok(EditKey { key: id.clone(), request_hash: digest.finalize().into() })
}

fn check_length(key: &str, bytes_max: usize) -> Result<(), Problem> {
    if key.is_empty() {
        return Err(Problem::new(Kind::InvalidBody, "an edit needs an id that is not empty"));
    }
    if key.len() > bytes_max {
        let what = "the length of an Idempotency-Key, or of the id of an edit, in bytes";
        return Err(Problem::limit(Kind::KeyTooLong, what, bytes_max, Some(key.len())));
    }
    Ok(())
}

impl HalfKey {
    /// The same with something else that was asked beside the body. What asks for nothing of the kind adds no part: its id
    /// stays what it is.
    pub fn with_part(mut self, part: &[u8]) -> HalfKey {
        digest_part(&mut self.digest, part);
        self
    }

    /// The id, with the body.
    pub fn with_body(mut self, body: &[u8]) -> EditKey {
        digest_part(&mut self.digest, body);
        EditKey { key: self.key, request_hash: self.digest.finalize().into() }
    }
}

fn given(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let bad = |reason: &str| {
        let problem = Problem::new(Kind::BadHeader, format!("idempotency-key: {reason}"));
        Err(problem.with("header", IDEMPOTENCY_KEY.as_str()))
    };
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return bad("it is given twice");
    }
    match value.to_str() {
        Ok("") => bad("it is empty"),
        Ok(key) => Ok(Some(key)),
        Err(_) => bad("it holds more than visible ASCII"),
    }
}

/// Each part goes behind its length, so that no two requests run together.
fn digest_part(digest: &mut Sha256, bytes: &[u8]) {
    digest.update((bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

fn digest_head(digest: &mut Sha256, asked: Asked<'_>) {
    let mut part = |bytes: &[u8]| digest_part(digest, bytes);
    part(asked.verb.name().as_bytes());
    part(asked.document.as_ref().map_or(&[], |id| id.as_bytes().as_slice()));
    for name in [IF_MATCH, IF_NONE_MATCH] {
        let values = asked.headers.get_all(&name);
        part(&(values.iter().count() as u64).to_le_bytes());
        values.iter().for_each(|value| part(value.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn asked(headers: &HeaderMap) -> Asked<'_> {
        Asked { verb: Guarded::Replace, document: None, headers }
    }

    #[test]
    fn a_key_is_the_clients_or_a_new_one() {
        let given = headers(&[("idempotency-key", "k1")]);
        assert_eq!(begin(asked(&given), 255).unwrap().key, "k1");
        let none = headers(&[]);
        let minted = || begin(asked(&none), 255).unwrap().key;
        assert_ne!(minted(), minted());
    }

    #[test]
    fn a_bad_key_is_refused() {
        let kind = |lines: &[(&'static str, &'static str)]| {
            begin(asked(&headers(lines)), 3).err().map(|problem| problem.kind)
        };
        assert_eq!(kind(&[("idempotency-key", "1234")]), Some(Kind::KeyTooLong));
        assert_eq!(kind(&[("idempotency-key", "")]), Some(Kind::BadHeader));
        assert_eq!(kind(&[("idempotency-key", "a"), ("idempotency-key", "a")]), Some(Kind::BadHeader));
    }

    #[test]
    fn what_was_asked_differs_in_each_of_its_parts() {
        let plain = headers(&[("idempotency-key", "k")]);
        let base = asked(&plain);
        let hash = |asked: Asked<'_>, body: &[u8]| begin(asked, 255).unwrap().with_body(body).request_hash;
        let id = "936da01f-9abd-4d9d-80c7-02af85c822a8".parse().unwrap();
        let (matching, none_matching) =
            (headers(&[("if-match", "\"a\"")]), headers(&[("if-none-match", "\"a\"")]));
        let twice = headers(&[("if-match", "\"a\""), ("if-match", "\"a\"")]);
        let heads = [
            base,
            Asked { verb: Guarded::Patch, ..base },
            Asked { document: Some(id), ..base },
            Asked { headers: &matching, ..base },
            Asked { headers: &none_matching, ..base },
            Asked { headers: &twice, ..base },
        ];
        let mut hashes: HashSet<_> = heads.iter().map(|head| hash(*head, b"body")).collect();
        hashes.insert(hash(base, b"other"));
        assert_eq!(hashes.len(), heads.len() + 1);
        let other_attempt = headers(&[("x-request-id", "2"), ("authorization", "Bearer new")]);
        assert_eq!(hash(base, b"body"), hash(Asked { headers: &other_attempt, ..base }, b"body"));
    }
}
