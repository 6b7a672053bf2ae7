//! What each call says of its connection, in headers: the version of the wire, who calls whom, and which connection it is.

use base::NodeId;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The version of the wire. Members of one major version understand each other; a minor one adds what can be skipped.
pub const WIRE_VERSION: WireVersion = WireVersion { major: 1, minor: 0 };

/// A version of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireVersion {
    /// Another one is refused.
    pub major: u32,
    /// Another one is understood.
    pub minor: u32,
}

const VERSION: HeaderName = HeaderName::from_static("context-hub-wire");
const FROM: HeaderName = HeaderName::from_static("context-hub-from");
const TO: HeaderName = HeaderName::from_static("context-hub-to");
const LINK: HeaderName = HeaderName::from_static("context-hub-link");

/// Which connection of a process: `number` grows with each that it makes to the same peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkId {
    /// Random, once for each process.
    pub boot: u64,
    /// From 1.
    pub number: u64,
}

/// What the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    /// What the caller speaks.
    pub version: WireVersion,
    /// The caller, if it is a node that has its number.
    pub from: Option<NodeId>,
    /// Whom it means to reach, where it matters.
    pub to: Option<NodeId>,
    /// The connection.
    pub link: LinkId,
}

/// Why a call is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HelloError {
    #[error("the call lacks the header {0}, or it does not read; is this a member of a cluster?")]
    Header(&'static str),
    #[error(
        "this member speaks version {ours} of the wire, the caller version {theirs}; upgrade one release at a time"
    )]
    Version { ours: WireVersion, theirs: WireVersion },
    #[error("this is node {ours}, not node {wanted}; it has another address now")]
    OtherNode { ours: NodeId, wanted: NodeId },
}

impl Hello {
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let mut put = |name: HeaderName, value: String| {
            let value = HeaderValue::try_from(value).expect("digits and dots are a header's value");
            headers.insert(name, value);
        };
        put(VERSION, self.version.to_string());
        put(LINK, format!("{}.{}", self.link.boot, self.link.number));
        if let Some(from) = self.from {
            put(FROM, from.to_string());
        }
        if let Some(to) = self.to {
            put(TO, to.to_string());
        }
    }

    /// Reads the headers, and refuses what speaks another version or looks for another node than `us`.
    pub(crate) fn read(headers: &HeaderMap, us: Option<NodeId>) -> Result<Hello, HelloError> {
        let (major, minor) = pair(headers, &VERSION).ok_or(HelloError::Header("context-hub-wire"))?;
        let version = WireVersion { major, minor };
        if major != WIRE_VERSION.major {
            return Err(HelloError::Version { ours: WIRE_VERSION, theirs: version });
        }
        let (boot, number) = pair(headers, &LINK).ok_or(HelloError::Header("context-hub-link"))?;
        let node = |name: &HeaderName| text(headers, name).and_then(|text| text.parse().ok()).map(NodeId);
        let (from, to) = (node(&FROM), node(&TO));
        if let (Some(wanted), Some(ours)) = (to, us)
            && wanted != ours
        {
            return Err(HelloError::OtherNode { ours, wanted });
        }
        Ok(Hello { version, from, to, link: LinkId { boot, number } })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn pair<T: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Option<(T, T)> {
    let (one, two) = text(headers, name)?.split_once('.')?;
    Some((one.parse().ok()?, two.parse().ok()?))
}

impl std::fmt::Display for WireVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(major: u32) -> HeaderMap {
        let version = WireVersion { major, minor: 9 };
        let link = LinkId { boot: u64::MAX, number: 2 };
        let mut headers = HeaderMap::new();
        Hello { version, from: Some(NodeId(3)), to: Some(NodeId(4)), link }.write(&mut headers);
        headers
    }

    #[test]
    fn another_major_version_is_refused_with_both_named() {
        let read = Hello::read(&hello(WIRE_VERSION.major), Some(NodeId(4))).unwrap();
        assert_eq!((read.from, read.to, read.link.number), (Some(NodeId(3)), Some(NodeId(4)), 2));
        let error = Hello::read(&hello(WIRE_VERSION.major + 1), None).unwrap_err().to_string();
        assert!(error.contains("version 1.0") && error.contains("version 2.9"), "{error}");
    }

    #[test]
    fn who_is_not_meant_says_so() {
        let error = Hello::read(&hello(1), Some(NodeId(5))).unwrap_err();
        assert_eq!(error, HelloError::OtherNode { ours: NodeId(5), wanted: NodeId(4) });
        assert_eq!(Hello::read(&HeaderMap::new(), None), Err(HelloError::Header("context-hub-wire")));
    }
}
