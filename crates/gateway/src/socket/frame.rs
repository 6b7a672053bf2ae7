//! The heads of WebSocket frames (RFC 6455, section 5). Pure.

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The head of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Whether it ends its message.
    pub last: bool,
    pub opcode: Opcode,
    pub mask: [u8; 4],
    /// Bytes of its payload.
    pub length: u64,
}

/// Why bytes are not a frame of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a reserved bit is set, but no extension was agreed upon")]
    ReservedBit,
    #[error("opcode {0} means nothing")]
    Opcode(u8),
    #[error("frames of clients are masked")]
    Unmasked,
    #[error("a control frame is whole and has at most 125 bytes")]
    Control,
    #[error("a continuation needs a message to continue, and a message ends before the next one begins")]
    Order,
    #[error("a text is not UTF-8")]
    NotUtf8,
    #[error("a message has at most {limit} bytes")]
    TooLong { limit: usize },
}

/// The longest payload of a control frame.
const CONTROL_BYTES_MAX: u64 = 125;
/// The longest head that is written: two bytes and a length of eight.
pub(crate) const HEAD_BYTES_MAX: usize = 10;

const LAST: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH_2: u8 = 126;
const LENGTH_8: u8 = 127;

impl Opcode {
    fn from_bits(bits: u8) -> Result<Opcode, FrameError> {
        Ok(match bits {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            other => return Err(FrameError::Opcode(other)),
        })
    }

    fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0,
            Opcode::Text => 1,
            Opcode::Binary => 2,
            Opcode::Close => 8,
            Opcode::Ping => 9,
            Opcode::Pong => 10,
        }
    }

    /// Whether it may stand between the frames of a message.
    pub fn is_control(self) -> bool {
        self.bits() >= 8
    }
}

impl Head {
    /// Reads the head at the beginning of `bytes`, with its length; nothing if more bytes are needed.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, FrameError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        if first & RESERVED != 0 {
            return Err(FrameError::ReservedBit);
        }
        let opcode = Opcode::from_bits(first & 0x0f)?;
        if second & MASKED == 0 {
            return Err(FrameError::Unmasked);
        }
        let (length, rest) = match second & !MASKED {
            LENGTH_2 => match rest.split_first_chunk() {
                Some((length, rest)) => (u16::from_be_bytes(*length).into(), rest),
                None => return Ok(None),
            },
            LENGTH_8 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (length.into(), rest),
        };
        let last = first & LAST != 0;
        if opcode.is_control() && (!last || length > CONTROL_BYTES_MAX) {
            return Err(FrameError::Control);
        }
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        Ok(Some((Head { last, opcode, mask: *mask, length }, bytes.len() - rest.len())))
    }
}

/// Takes the mask of a client off its payload, or puts it on.
pub(crate) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask, mask].concat().try_into().expect("twice four bytes"));
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    // What is left after whole words begins at the mask's beginning, too; it may be longer than the mask.
    rest.iter_mut().skip(mask.len()).zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

/// Writes the head of a whole message of a server.
pub(crate) fn write_head(opcode: Opcode, length: usize) -> ([u8; HEAD_BYTES_MAX], usize) {
    let mut head = [0; HEAD_BYTES_MAX];
    head[0] = LAST | opcode.bits();
    let size = match length {
        0..=125 => {
            head[1] = length as u8;
            2
        }
        126..=0xffff => {
            head[1] = LENGTH_2;
            head[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            head[1] = LENGTH_8;
            head[2..].copy_from_slice(&(length as u64).to_be_bytes());
            HEAD_BYTES_MAX
        }
    };
    (head, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(bytes: &[u8], expected: FrameError) {
        assert_eq!(Head::parse(bytes), Err(expected), "{bytes:02x?}");
    }

    #[test]
    fn heads_of_every_length_are_read() {
        let mask = [1, 2, 3, 4];
        for (length, size) in [(5, 6), (300, 8), (70_000, 14)] {
            let (mut head, bytes) = write_head(Opcode::Binary, length);
            head[1] |= MASKED;
            let bytes = [&head[..bytes], &mask].concat();
            let expected = Head { last: true, opcode: Opcode::Binary, mask, length: length as u64 };
            assert_eq!(Head::parse(&bytes), Ok(Some((expected, size))));
            for end in 0..bytes.len() {
                assert_eq!(Head::parse(&bytes[..end]), Ok(None), "{length} cut at {end}");
            }
        }
    }

    #[test]
    fn what_breaks_the_rules_is_named() {
        refused(&[0xc2, 0x80], FrameError::ReservedBit);
        refused(&[0x83, 0x80], FrameError::Opcode(3));
        refused(&[0x82, 0x05], FrameError::Unmasked);
        refused(&[0x09, 0x80], FrameError::Control);
        refused(&[0x89, 0xfe, 1, 0], FrameError::Control);
    }

    proptest! {
        #[test]
        fn unmasking_is_exclusive_or(payload: Vec<u8>, mask: [u8; 4]) {
            let mut unmasked = payload.clone();
            unmask(&mut unmasked, mask);
            let expected: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            prop_assert_eq!(unmasked, expected);
        }

        #[test]
        fn any_bytes_are_a_head_or_an_error(bytes: Vec<u8>) {
            if let Ok(Some((_, size))) = Head::parse(&bytes) {
                prop_assert!(size <= bytes.len());
            }
        }
    }
}
