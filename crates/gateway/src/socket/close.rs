//! Why sockets are closed. The codes are documented in `docs/sockets.md`.
//!
//! 44xx: to connect again in the same way will not help, but for 4408. 45xx and 1012: it will, later.

use std::borrow::Cow;

/// The end of a socket, as its client learns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Close {
    pub code: Code,
    /// For people; at most 123 bytes go out.
    pub reason: Cow<'static, str>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $number:literal;)*) => {
        /// What kind of end it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code { $($(#[$doc])* $code = $number,)* }

        impl Code {
            /// Every code.
            #[cfg(test)]
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// The number as a label.
            pub fn label(self) -> &'static str {
                match self { $(Code::$code => stringify!($number),)* }
            }
        }
    };
}

codes! {
    /// The client is done.
    Normal = 1000;
    /// Not WebSocket.
    Broken = 1002;
    /// A text that is not UTF-8.
    NotUtf8 = 1007;
    /// A message above the limit.
    TooLarge = 1009;
    /// The hub stops.
    Restart = 1012;
    /// Not the protocol of this path.
    Protocol = 4400;
    /// No credential, or one that is not good any more.
    Credential = 4401;
    /// The credential was taken away.
    Revoked = 4403;
    /// There is no such document for this user, or not any more.
    NotFound = 4404;
    /// The first message did not come in time.
    Silent = 4408;
    /// The peer id is another socket's.
    Conflict = 4409;
    /// The shard does not serve now.
    Unavailable = 4503;
    /// The client does not take what is sent to it, or does not answer.
    Dead = 4508;
    /// The hub has as many sockets, or as much in hand, as it can take.
    Full = 4529;
}

/// The longest reason: a control frame has 125 bytes, two of them are the code.
const REASON_BYTES_MAX: usize = 123;

impl Close {
    pub fn new(code: Code, reason: impl Into<Cow<'static, str>>) -> Close {
        Close { code, reason: reason.into() }
    }

    /// The payload of the frame that says it.
    pub fn payload(&self) -> Vec<u8> {
        let reason = &self.reason[..self.reason.floor_char_boundary(REASON_BYTES_MAX)];
        [&(self.code as u16).to_be_bytes(), reason.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../../../docs/sockets.md");

    #[test]
    fn every_code_is_documented() {
        for code in Code::ALL {
            assert!(DOCS.contains(&format!("| {} |", code.label())), "docs/sockets.md lacks {code:?}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let payload = Close::new(Code::Protocol, "é".repeat(100)).payload();
        assert_eq!(&payload[..2], &4400u16.to_be_bytes());
        assert_eq!(payload.len(), 2 + 122);
        assert!(std::str::from_utf8(&payload[2..]).is_ok());
    }
}
