//! The flags behind a message. A message without them comes from a library that knows version 1 alone.

/// What a message says about its sender, beside the document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

/// Stands before the flags: the one flag of the first libraries that had any, which is why the presence of
/// flags means that version 2 is understood.
const VERSION_2: u8 = 0x02;

/// A byte with this bit holds flags; others are numbers of flags that are implied.
const FLAGS: u8 = 0x80;

impl Flags {
    /// Forget what you have sent me, and find out anew what I lack.
    pub const RESET: Flags = Flags(1 << 0);
    /// I do not take your changes.
    pub const READ_ONLY: Flags = Flags(1 << 1);
    /// I know what [`Flags::RESET`] means.
    pub const KNOWS_RESET: Flags = Flags(1 << 2);

    /// No flags, from somebody who knows them.
    pub const fn none() -> Flags {
        Flags(0)
    }

    /// These flags and others.
    #[must_use]
    pub const fn and(self, others: Flags) -> Flags {
        Flags(self.0 | others.0)
    }

    /// Whether all of the others are among these.
    pub const fn has(self, others: Flags) -> bool {
        self.0 & others.0 == others.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Flags {
        Flags(bytes.iter().filter(|byte| *byte & FLAGS != 0).fold(0, |flags, byte| flags | (byte & !FLAGS)))
    }

    pub(super) fn encode(self) -> [u8; 3] {
        [2, VERSION_2, FLAGS | self.0]
    }
}
