//! Bodies that came encoded. What they hold has the same limit as bodies that came bare, so that a few bytes cannot become
//! more than there is room for.

use super::Coding;
use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use crate::request::body::{admit, no_room};
use bytes::Bytes;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use std::io::Read;

/// What is decoded at a time.
const STEP_BYTES: usize = 32 << 10;

/// How a body was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given(Coding);

impl Given {
    /// What `Content-Encoding` says. Nothing, if the body is bare; a problem, if it is encoded in another way, or twice:
    /// that gains nothing, and each time is work.
    pub fn of(headers: &HeaderMap) -> Result<Option<Given>, Problem> {
        let mut given = None;
        for line in headers.get_all(CONTENT_ENCODING) {
            let line = line.to_str().map_err(|_| unsupported("it holds more than visible ASCII"))?;
            for name in line.split(',').map(str::trim) {
                if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                    continue;
                }
                let is = |coding: &&Coding| name.eq_ignore_ascii_case(coding.name());
                let coding = match Coding::ALL.iter().find(is) {
                    Some(coding) => *coding,
                    None if name.eq_ignore_ascii_case("x-gzip") => Coding::Gzip,
                    None => return Err(unsupported("this is neither gzip nor zstd")),
                };
                if given.replace(Given(coding)).is_some() {
                    return Err(unsupported("a body is encoded once at most"));
                }
            }
        }
        Ok(given)
    }

    /// The body as it was before, at most `limit` bytes. `memory` has to have room for the decoder, `room` grows with what
    /// it gives. This may take long: not to be done where others wait.
    pub fn decode(
        self,
        body: &[u8],
        limit: usize,
        memory: &mut Pass,
        room: &mut Pass,
    ) -> Result<Bytes, Problem> {
        let Given(coding) = self;
        if !memory.grow(coding.memory_bytes()) {
            return Err(no_room());
        }
        let broken = |error: std::io::Error| {
            let detail = format!("the body is not {}, as Content-Encoding says: {error}", coding.name());
            Problem::new(Kind::MalformedEncoding, detail)
        };
        let mut decoder = coding.decoder(body).map_err(broken)?;
        let (mut whole, mut step) = (Vec::new(), vec![0; STEP_BYTES]);
        loop {
            let read = decoder.read(&mut step).map_err(broken)?;
            if read == 0 {
                return Ok(Bytes::from(whole));
            }
            admit(read, whole.len(), limit, room)?;
            whole.extend_from_slice(&step[..read]);
        }
    }
}

/// Says which codings are taken, as RFC 9110 asks in section 15.5.16.
fn unsupported(reason: &str) -> Problem {
    let detail = format!("Content-Encoding: {reason}; send the body bare, or as one of {}", Coding::NAMES);
    let taken = HeaderValue::from_static(Coding::NAMES);
    Problem::new(Kind::UnsupportedEncoding, detail).header(ACCEPT_ENCODING, taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use proptest::prelude::*;

    fn given(lines: &[&str]) -> Result<Option<Given>, Kind> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_ENCODING, line.parse().unwrap());
        }
        Given::of(&headers).map_err(|problem| problem.kind)
    }

    fn decode(coding: Coding, body: &[u8], limit: usize) -> Result<Bytes, Kind> {
        let (memory, room) = (Gate::new(coding.memory_bytes()), Gate::new(usize::MAX));
        let (mut held, mut grown) = (memory.pass(), room.pass());
        let decoded = Given(coding).decode(body, limit, &mut held, &mut grown);
        if let Ok(decoded) = &decoded {
            assert_eq!(room.taken(), decoded.len());
        }
        decoded.map_err(|problem| problem.kind)
    }

    #[test]
    fn the_header_names_one_coding() {
        assert_eq!(given(&[]), Ok(None));
        assert_eq!(given(&["identity"]), Ok(None));
        assert_eq!(given(&["GZIP"]), Ok(Some(Given(Coding::Gzip))));
        assert_eq!(given(&["x-gzip, identity"]), Ok(Some(Given(Coding::Gzip))));
        assert_eq!(given(&["zstd"]), Ok(Some(Given(Coding::Zstd))));
        for lines in [&["br"][..], &["gzip, gzip"], &["gzip", "zstd"], &["deflate"]] {
            assert_eq!(given(lines), Err(Kind::UnsupportedEncoding), "{lines:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let zeros = vec![0; 1 << 20];
        for coding in Coding::ALL {
            let bomb = coding.encode(&zeros).unwrap();
            assert!(bomb.len() < 2_000, "{} bytes", bomb.len());
            assert_eq!(decode(coding, &bomb, zeros.len()).unwrap(), zeros);
            assert_eq!(decode(coding, &bomb, zeros.len() - 1), Err(Kind::BodyTooLarge));
            let twice = [bomb.clone(), bomb].concat();
            assert_eq!(decode(coding, &twice, zeros.len()), Err(Kind::BodyTooLarge), "the frames go on");
        }
    }

    #[test]
    fn a_decoder_takes_room_before_it_begins() {
        let body = Coding::Zstd.encode(b"text").unwrap();
        let gate = Gate::new(Coding::Zstd.memory_bytes() - 1);
        let refused = Given(Coding::Zstd).decode(&body, 10, &mut gate.pass(), &mut gate.pass());
        assert_eq!(refused.unwrap_err().kind, Kind::NoRoomForBody);
    }

    #[test]
    fn a_window_beyond_what_everyone_takes_is_refused() {
        // A frame that asks for a window of 128 MiB and holds one empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
        assert_eq!(decode(Coding::Zstd, &frame, 10), Err(Kind::MalformedEncoding));
        let fits = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3, 0x01, 0x00, 0x00];
        assert_eq!(decode(Coding::Zstd, &fits, 10), Ok(Bytes::new()));
    }

    #[test]
    fn what_is_cut_or_has_something_behind_it_is_refused() {
        for coding in Coding::ALL {
            let whole = coding.encode(b"some text, and some more text").unwrap();
            for end in 0..whole.len() {
                let cut = decode(coding, &whole[..end], 100);
                assert_eq!(cut, Err(Kind::MalformedEncoding), "{coding:?} cut at {end}");
            }
            let more = [&whole[..], b"!"].concat();
            assert_eq!(decode(coding, &more, 100), Err(Kind::MalformedEncoding), "{coding:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            for coding in Coding::ALL {
                let encoded = coding.encode(&bytes).unwrap();
                prop_assert_eq!(decode(coding, &encoded, bytes.len()).unwrap(), &bytes);
            }
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), at in 0..40_usize, byte: u8) {
            for coding in Coding::ALL {
                let _ = decode(coding, &bytes, 100);
                let mut nearly = coding.encode(b"some text, and some more text").unwrap();
                if let Some(place) = nearly.get_mut(at) {
                    *place = byte;
                }
                let _ = decode(coding, &nearly, 100);
            }
        }
    }
}
