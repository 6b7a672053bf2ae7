//! Answers that are sent shorter, to clients that say that they take them so.

use super::{Coding, tag};
use crate::request::accept::{Codings, codings};
use crate::respond::{self, Answer, Body};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY};

/// A shorter body would be gained for little, and fits a packet as it is.
const BYTES_MIN: usize = 1 << 10;

/// What is encoded where the answer is made: that takes a millisecond or two at worst. Behind more, other requests would
/// wait too long.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// What a client said of codings before its request went its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    codings: Codings,
    /// The tags that it has, for an answer that says that one of them still stands.
    known: Option<HeaderValue>,
}

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It is sent as it is.
    Keep,
    /// It is encoded where it is.
    Here(Coding),
    /// It is encoded on a thread where nobody waits behind it.
    Aside(Coding),
}

impl Wanted {
    /// What these headers say. Takes nothing of those who say nothing.
    pub fn of(headers: &HeaderMap) -> Wanted {
        let codings = codings(headers);
        let known = codings.best.and_then(|_| headers.get(IF_NONE_MATCH)).cloned();
        Wanted { codings, known }
    }

    /// What to do with an answer. Says in it that it depends on what the client takes, where it does.
    pub fn plan(&self, answer: &mut Answer) -> Plan {
        if answer.status() == StatusCode::NOT_MODIFIED {
            self.name_known(answer.headers_mut());
            return Plan::Keep;
        }
        let Some(bytes) = answer.body().whole_len() else { return Plan::Keep };
        let headers = answer.headers_mut();
        if headers.contains_key(CONTENT_ENCODING) || !is_compressible(headers) {
            return Plan::Keep;
        }
        if bytes >= BYTES_MIN {
            varies(headers);
        }
        match self.codings.best {
            Some(coding) if bytes > INLINE_BYTES_MAX => Plan::Aside(coding),
            Some(coding) if bytes >= BYTES_MIN || (bytes > 0 && self.codings.only) => Plan::Here(coding),
            _ => Plan::Keep,
        }
    }

    /// A client that has the encoded form keeps it: the tag is that of the form that it has.
    fn name_known(&self, headers: &mut HeaderMap) {
        let known = self.known.as_ref().and_then(|value| value.to_str().ok());
        let (Some(known), Some(tag)) = (known, headers.get(ETAG)) else { return };
        let mut forms = Coding::ALL.iter().filter_map(|coding| tag::encoded(tag, *coding));
        let has = |form: &HeaderValue| form.to_str().is_ok_and(|form| known.contains(form));
        if let Some(form) = forms.find(has) {
            headers.insert(ETAG, form);
        }
    }
}

/// The answer, encoded. One that would not be shorter stays as it is, unless the client takes no other.
pub(crate) fn encode(coding: Coding, wanted: &Wanted, mut answer: Answer) -> Answer {
    let Some(bare) = answer.body_mut().take_whole() else { return answer };
    let encoded = match coding.encode(&bare) {
        Ok(encoded) if encoded.len() < bare.len() || wanted.codings.only => encoded,
        Ok(_) => return with_body(answer, bare),
        Err(error) => {
            tracing::error!(%error, coding = coding.name(), "an answer could not be encoded, and is sent as it is");
            return with_body(answer, bare);
        }
    };
    let headers = answer.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    if let Some(tag) = headers.get(ETAG).and_then(|tag| tag::encoded(tag, coding)) {
        headers.insert(ETAG, tag);
    }
    with_body(answer, Bytes::from(encoded))
}

fn with_body(mut answer: Answer, body: Bytes) -> Answer {
    *answer.body_mut() = Body::whole(body);
    answer
}

/// Text in one form or another. What is compressed already does not get shorter.
fn is_compressible(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim_end();
    essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml", "image/svg+xml"]
            .contains(&essence)
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Caches may not hand one form to a client that asked for another.
fn varies(headers: &mut HeaderMap) {
    let mut said = headers.get_all(VARY).iter();
    if !said.any(|value| value.as_bytes().windows(ENCODING.len()).any(|part| part == ENCODING.as_bytes())) {
        headers.append(VARY, HeaderValue::from_static(ENCODING));
    }
}

const ENCODING: &str = respond::VARY_ENCODING;

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::ACCEPT_ENCODING;

    fn wanted(coding: &str, known: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, coding.parse().unwrap());
        headers.insert(IF_NONE_MATCH, known.parse().unwrap());
        Wanted::of(&headers)
    }

    fn answer(content_type: &'static str, bytes: usize) -> Answer {
        let mut answer = respond::typed(StatusCode::OK, content_type, vec![b'a'; bytes].into());
        answer.headers_mut().insert(ETAG, HeaderValue::from_static("\"4f\""));
        answer
    }

    fn plan(coding: &str, content_type: &'static str, bytes: usize) -> (Plan, bool) {
        let mut answer = answer(content_type, bytes);
        let plan = wanted(coding, "*").plan(&mut answer);
        (plan, answer.headers().contains_key(VARY))
    }

    #[test]
    fn what_gains_by_it_is_encoded() {
        let here = (Plan::Here(Coding::Gzip), true);
        assert_eq!(plan("gzip", "application/json", BYTES_MIN), here);
        assert_eq!(plan("gzip", "text/plain; version=0.0.4", INLINE_BYTES_MAX), here);
        assert_eq!(plan("gzip", "application/problem+json", BYTES_MIN), here);
        assert_eq!(plan("gzip", "text/html", INLINE_BYTES_MAX + 1), (Plan::Aside(Coding::Gzip), true));
        assert_eq!(plan("gzip", "application/json", BYTES_MIN - 1), (Plan::Keep, false));
        assert_eq!(plan("gzip", "application/vnd.automerge", BYTES_MIN), (Plan::Keep, false));
        assert_eq!(plan("br", "application/json", BYTES_MIN), (Plan::Keep, true));
        assert_eq!(plan("gzip, identity;q=0", "application/json", 1), (Plan::Here(Coding::Gzip), false));
    }

    #[test]
    fn what_goes_on_is_sent_as_it_comes() {
        let mut stream = respond::stream("application/x-ndjson", futures::stream::pending());
        assert_eq!(wanted("gzip", "*").plan(&mut stream), Plan::Keep);
    }

    #[test]
    fn an_encoded_answer_says_so_and_has_a_tag_of_its_own() {
        for coding in Coding::ALL {
            let wanted = wanted(coding.name(), "*");
            let mut encoded = encode(coding, &wanted, answer("text/plain", 5_000));
            assert_eq!(encoded.headers()[CONTENT_ENCODING], coding.name());
            assert_eq!(encoded.headers()[ETAG], format!("\"4f-{}\"", coding.name()));
            let body = encoded.body_mut().take_whole().unwrap();
            assert!(body.len() < 500, "{} bytes", body.len());
            let mut read = Vec::new();
            coding.decoder(&body).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, vec![b'a'; 5_000]);
        }
    }

    #[test]
    fn what_does_not_get_shorter_stays() {
        let kept = encode(Coding::Gzip, &wanted("gzip", "*"), answer("text/plain", 3));
        assert_eq!(
            (kept.headers().get(CONTENT_ENCODING), &kept.headers()[ETAG]),
            (None, &HeaderValue::from_static("\"4f\""))
        );
        let only = encode(Coding::Gzip, &wanted("gzip, identity;q=0", "*"), answer("text/plain", 3));
        assert_eq!(only.headers()[CONTENT_ENCODING], "gzip");
    }

    #[test]
    fn who_has_a_form_keeps_its_tag() {
        let check = |coding: &str, known: &str, expected: &str| {
            let mut kept = answer("text/plain", 0);
            *kept.status_mut() = StatusCode::NOT_MODIFIED;
            assert_eq!(wanted(coding, known).plan(&mut kept), Plan::Keep);
            assert_eq!(kept.headers()[ETAG], expected, "{known}");
        };
        check("gzip", "\"x\", \"4f-gzip\"", "\"4f-gzip\"");
        check("zstd", "W/\"4f-zstd\"", "\"4f-zstd\"");
        check("gzip", "\"4f\"", "\"4f\"");
        check("gzip", "\"4f-x-gzip\", *", "\"4f\"");
        check("identity", "\"4f-gzip\"", "\"4f\"");
    }
}
