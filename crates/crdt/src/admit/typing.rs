//! Typing: insertions of one character each, every one behind the one before, kept as one operation.
//!
//! Most operations of most documents are such. A text of thirty megabytes that came in one change would take gigabytes
//! if each of its characters were kept with all that can be said of an operation.

use super::op::{Action, Key, Op, OpId, Value};

/// Characters that are typed behind one that an operation inserts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Typed<'a> {
    /// The characters as UTF-8.
    pub(crate) bytes: &'a [u8],
    /// How many there are.
    pub(crate) count: u64,
}

impl<'a> Op<'a> {
    /// How many operations it stands for.
    pub(crate) fn count(&self) -> u64 {
        1 + self.then.count
    }

    /// Whether another operation can become part of this one, the last of which has the id `last`.
    pub(crate) fn goes_on_with(&self, last: OpId, next: &Op<'_>) -> bool {
        next.key == Key::Element(last)
            && next.object == self.object
            && self.is_character()
            && next.is_character()
    }

    /// Whether it inserts a character and does nothing else.
    pub(crate) fn is_character(&self) -> bool {
        self.insert
            && self.action == Action::Set as u64
            && self.value.code == Value::TEXT
            && is_one_character(self.value.raw)
            && self.replaces.is_empty()
            && !self.expand
            && self.mark.is_none()
    }

    /// Takes off everything behind the first `count` operations, of which the last has the id `last`. There must be more.
    pub(crate) fn split_off(&mut self, count: u64, last: OpId) -> Op<'a> {
        debug_assert!(0 < count && count < self.count(), "both halves have something");
        let Typed { bytes, count: typed } = self.then;
        let mut starts = starts(bytes).skip(count.saturating_sub(1) as usize);
        let start = starts.next().unwrap_or(bytes.len());
        let next = starts.next().unwrap_or(bytes.len());
        self.then = Typed { bytes: &bytes[..start], count: count - 1 };
        Op {
            key: Key::Element(last),
            value: Value { raw: &bytes[start..next], ..self.value },
            then: Typed { bytes: &bytes[next..], count: typed - count },
            ..self.clone()
        }
    }
}

impl Typed<'_> {
    /// How long the characters are, in bytes: each length, and how many in a row have it.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = (usize, u64)> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let length = length_of_first(rest)?;
            let characters = rest.chunks(length).take_while(|next| length_of_first(next) == Some(length));
            let count = characters.count();
            rest = &rest[count * length..];
            Some((length, count as u64))
        })
    }
}

/// How many bytes the longest character has.
pub(crate) const CHARACTER_BYTES: usize = 4;

pub(crate) fn is_one_character(bytes: &[u8]) -> bool {
    match bytes {
        [byte] => byte.is_ascii(),
        bytes => {
            bytes.len() <= CHARACTER_BYTES
                && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
        }
    }
}

/// How long the first character is of bytes that are known to be UTF-8.
fn length_of_first(bytes: &[u8]) -> Option<usize> {
    Some(match bytes.first()? {
        ..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    })
}

/// Where characters begin in bytes that are known to be UTF-8.
fn starts(bytes: &[u8]) -> impl Iterator<Item = usize> + use<'_> {
    bytes.iter().enumerate().filter(|(_, byte)| is_start(**byte)).map(|(at, _)| at)
}

/// Whether a byte of UTF-8 begins a character.
fn is_start(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admit::rows::put_rows;

    impl<'a> Op<'a> {
        /// The operations that it stands for, the first of which has this id.
        fn unrolled(&self, first: OpId) -> impl Iterator<Item = Op<'a>> {
            let (object, code, then) = (self.object, self.value.code, self.then.bytes);
            let ends = starts(then).skip(1).chain([then.len()]);
            let more = starts(then).zip(ends).zip(0..).map(move |((start, end), number)| Op {
                object,
                key: Key::Element(OpId { counter: first.counter.wrapping_add(number), ..first }),
                insert: true,
                action: Action::Set as u64,
                value: Value { code, raw: &then[start..end] },
                then: Typed::default(),
                replaces: Vec::new(),
                expand: false,
                mark: None,
            });
            std::iter::once(Op { then: Typed::default(), ..self.clone() }).chain(more)
        }
    }

    fn typed<'a>(text: &'a str, after: Option<OpId>) -> Op<'a> {
        let first = text.chars().next().unwrap().len_utf8();
        Op {
            object: Some(OpId { counter: 1, actor: 0 }),
            key: after.map_or(Key::Head, Key::Element),
            insert: true,
            action: Action::Set as u64,
            value: Value { code: Value::TEXT, raw: &text.as_bytes()[..first] },
            then: Typed { bytes: &text.as_bytes()[first..], count: text.chars().count() as u64 - 1 },
            replaces: vec![],
            expand: false,
            mark: None,
        }
    }

    fn id(counter: u64) -> OpId {
        OpId { counter, actor: 0 }
    }

    #[test]
    fn it_is_the_operations_that_it_stands_for() {
        let op = typed("aä€😀", None);
        assert_eq!(op.count(), 4);
        let singles: Vec<_> = op.unrolled(id(7)).collect();
        let expected = [("a", None), ("ä", Some(7)), ("€", Some(8)), ("😀", Some(9))];
        assert_eq!(singles, expected.map(|(text, after)| typed(text, after.map(id))));
        for (number, pair) in singles.windows(2).enumerate() {
            assert!(pair[0].goes_on_with(id(7 + number as u64), &pair[1]));
            assert!(!pair[0].goes_on_with(id(6 + number as u64), &pair[1]));
        }
    }

    #[test]
    fn it_splits_between_characters() {
        for count in 1..4 {
            let mut front = typed("aä€😀", None);
            let back = front.split_off(count, id(6 + count));
            assert_eq!((front.count(), back.count()), (count, 4 - count));
            let both: Vec<_> = front.unrolled(id(7)).chain(back.unrolled(id(7 + count))).collect();
            assert_eq!(both, typed("aä€😀", None).unrolled(id(7)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn it_is_written_as_they_are() {
        for text in ["a", "ab", "aä€😀", "aaaääbbb€€😀a"] {
            let op = typed(text, None);
            let lengths =
                op.then.lengths().flat_map(|(length, count)| std::iter::repeat_n(length, count as usize));
            assert!(lengths.eq(text.chars().skip(1).map(char::len_utf8)), "{text}");
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            put_rows(&mut together, std::slice::from_ref(&op), 7);
            put_rows(&mut alone, &op.unrolled(id(7)).collect::<Vec<_>>(), 7);
            assert_eq!(together, alone, "{text}");
        }
    }

    #[test]
    fn what_is_more_than_a_character_stands_alone() {
        let long = Op { value: Value { code: Value::TEXT, raw: b"ab" }, ..typed("a", None) };
        let next = typed("b", Some(id(1)));
        assert!(!long.goes_on_with(id(1), &next));
        let marked = Op { expand: true, ..typed("a", None) };
        assert!(!marked.goes_on_with(id(1), &next));
        let elsewhere = Op { object: Some(id(9)), ..next.clone() };
        assert!(typed("a", None).goes_on_with(id(1), &next));
        assert!(!typed("a", None).goes_on_with(id(1), &elsewhere));
    }
}
