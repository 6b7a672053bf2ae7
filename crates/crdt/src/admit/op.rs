//! One operation of a change, as it is written: nothing in here has been checked against a document.

use super::limits::MAX_NUMBER;
use super::reader::Reader;
use super::typing::Typed;

/// The number of an operation and the actor that made it, as an index into a table of actors that the context
/// names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OpId {
    pub(crate) counter: u64,
    pub(crate) actor: u32,
}

/// Where in its object an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// At a key of a map.
    Map(&'a str),
    /// At the start of a list.
    Head,
    /// At (or, for an insertion, behind) an element of a list.
    Element(OpId),
}

/// What an operation does. The numbers are those of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Action {
    MakeMap = 0,
    Set = 1,
    MakeList = 2,
    Delete = 3,
    MakeText = 4,
    Increment = 5,
    MakeTable = 6,
    Mark = 7,
}

impl Action {
    pub(crate) fn from_number(number: u64) -> Option<Action> {
        Some(match number {
            0 => Action::MakeMap,
            1 => Action::Set,
            2 => Action::MakeList,
            3 => Action::Delete,
            4 => Action::MakeText,
            5 => Action::Increment,
            6 => Action::MakeTable,
            7 => Action::Mark,
            _ => return None,
        })
    }
}

/// A scalar: the type that it claims and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) code: u8,
    pub(crate) raw: &'a [u8],
}

impl Value<'_> {
    pub(crate) const NULL: u8 = 0;
    const FALSE: u8 = 1;
    const TRUE: u8 = 2;
    const UNSIGNED: u8 = 3;
    pub(crate) const SIGNED: u8 = 4;
    const FLOAT: u8 = 5;
    pub(crate) const TEXT: u8 = 6;
    const BYTES: u8 = 7;
    pub(crate) const COUNTER: u8 = 8;
    const TIMESTAMP: u8 = 9;

    /// Whether the bytes are of the type that the value claims. Types that no library makes are not valid.
    pub(crate) fn is_valid(&self) -> bool {
        match self.code {
            Self::NULL | Self::FALSE | Self::TRUE => self.raw.is_empty(),
            Self::UNSIGNED => {
                let mut bytes = Reader::new(self.raw);
                bytes.unsigned().is_ok() && bytes.is_empty()
            }
            Self::SIGNED | Self::TIMESTAMP => self.as_signed().is_some(),
            Self::COUNTER => self.as_signed().is_some_and(is_moderate),
            Self::FLOAT => self.raw.len() == size_of::<f64>(),
            Self::TEXT => std::str::from_utf8(self.raw).is_ok(),
            Self::BYTES => true,
            _ => false,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.code == Self::NULL && self.raw.is_empty()
    }

    /// The number that the bytes of a signed integer, a counter or a timestamp hold.
    pub(crate) fn as_signed(&self) -> Option<i64> {
        let mut bytes = Reader::new(self.raw);
        let value = bytes.signed().ok()?;
        bytes.is_empty().then_some(value)
    }
}

/// Whether a counter or a time is within what JavaScript holds exactly.
pub(crate) fn is_moderate(number: i64) -> bool {
    number.unsigned_abs() <= MAX_NUMBER
}

/// One operation, or typing. Its own id is the change's actor and its place in the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op<'a> {
    /// The object; none is the root map.
    pub(crate) object: Option<OpId>,
    pub(crate) key: Key<'a>,
    pub(crate) insert: bool,
    pub(crate) action: u64,
    pub(crate) value: Value<'a>,
    /// Characters that operations right after this one insert, each behind the one before; see `typing`.
    pub(crate) then: Typed<'a>,
    /// What the operation replaces.
    pub(crate) replaces: Vec<OpId>,
    pub(crate) expand: bool,
    pub(crate) mark: Option<&'a str>,
}

impl Op<'_> {
    /// Every operation that this one names.
    pub(crate) fn ids(&self) -> impl Iterator<Item = OpId> {
        let element = match self.key {
            Key::Element(id) => Some(id),
            _ => None,
        };
        self.object.into_iter().chain(element).chain(self.replaces.iter().copied())
    }
}
