//! Writing and reading fields of records.

use super::{Form, Malformed};
use bytes::Bytes;
use minicbor::data::Type;
use minicbor::encode::Error;
use minicbor::{Decoder, Encoder};
use std::convert::Infallible;

/// Where forms are written.
pub(crate) struct Out(Encoder<Vec<u8>>);

/// From where forms are read.
pub(crate) struct In<'b>(Decoder<'b>);

/// A vector takes every write.
fn written<T>(result: Result<T, Error<Infallible>>) {
    assert!(result.is_ok(), "a vector takes every write");
}

impl Out {
    pub(crate) fn new(capacity: usize) -> Out {
        Out(Encoder::new(Vec::with_capacity(capacity)))
    }

    pub(crate) fn begin(&mut self) {
        written(self.0.begin_array());
    }

    pub(crate) fn end(&mut self) {
        written(self.0.end());
    }

    pub(crate) fn number(&mut self, number: u64) {
        written(self.0.u64(number));
    }

    pub(super) fn signed(&mut self, number: i64) {
        written(self.0.i64(number));
    }

    pub(super) fn flag(&mut self, flag: bool) {
        written(self.0.bool(flag));
    }

    pub(super) fn null(&mut self) {
        written(self.0.null());
    }

    pub(super) fn text(&mut self, text: &str) {
        written(self.0.str(text));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        written(self.0.bytes(bytes));
    }

    pub(crate) fn finish(self) -> Bytes {
        self.0.into_writer().into()
    }
}

impl<'b> In<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> In<'b> {
        In(Decoder::new(bytes))
    }

    pub(crate) fn begin(&mut self) -> Result<(), Malformed> {
        match self.0.array()? {
            None => Ok(()),
            Some(_) => Err(Malformed("a record is a list without a length".to_owned())),
        }
    }

    /// The next field of the record that was begun. An older release may not have it.
    pub(crate) fn field<T: Form>(&mut self) -> Result<T, Malformed> {
        if self.0.datatype()? == Type::Break { T::absent() } else { T::take(self) }
    }

    /// Ends a record, with fields that a newer release has added.
    pub(crate) fn end(&mut self) -> Result<(), Malformed> {
        while !self.at_end()? {
            self.0.skip()?;
        }
        Ok(())
    }

    /// Whether the list that was begun ends here; if so it is behind us.
    pub(super) fn at_end(&mut self) -> Result<bool, Malformed> {
        let ends = self.0.datatype()? == Type::Break;
        if ends {
            self.0.set_position(self.0.position() + 1);
        }
        Ok(ends)
    }

    pub(super) fn at_null(&mut self) -> Result<bool, Malformed> {
        let null = self.0.datatype()? == Type::Null;
        if null {
            self.0.null()?;
        }
        Ok(null)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        Ok(self.0.u64()?)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Malformed> {
        Ok(self.0.i64()?)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        Ok(self.0.bool()?)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, Malformed> {
        Ok(self.0.str()?)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        Ok(self.0.bytes()?)
    }

    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.0.position() == self.0.input().len() {
            return Ok(());
        }
        Err(Malformed("there are bytes left over".to_owned()))
    }
}
