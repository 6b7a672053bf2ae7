//! Content as plain lines: for people, for `diff`, and for readers that count lines. A text stands as it is; JSON is laid out,
//! one value a line.

mod layout;
mod unified;

pub(crate) use unified::{INLINE_WORK_BYTES, unified};

use crate::problem::Problem;
use base::Shape;
use rpc::View;

/// The content of a state as lines.
pub(crate) fn lines(view: &View) -> Result<String, Problem> {
    let strange = |error: String| Problem::internal(format!("the content of {}: {error}", view.id));
    match view.shape {
        Shape::Text => serde_json::from_slice(&view.content)
            .map_err(|error: serde_json::Error| strange(error.to_string())),
        Shape::Json => {
            let content = str::from_utf8(&view.content).map_err(|error| strange(error.to_string()))?;
            Ok(layout::laid_out(content))
        }
    }
}

/// The same lines, each behind its number, as `cat -n` shows them.
pub(crate) fn numbered(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + text.len() / 4 + 16);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        write!(out, "{number:>6}\t{line}").expect("a string takes every write");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_from_one() {
        assert_eq!(numbered("a\n\nb"), "     1\ta\n     2\t\n     3\tb");
        assert_eq!(numbered("a\r\n"), "     1\ta\r\n");
        assert_eq!(numbered(""), "");
    }
}
