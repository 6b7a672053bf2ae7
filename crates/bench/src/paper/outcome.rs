//! What must hold in the end: nothing of either writer is lost.

use super::marks::{BrokenMark, without_marks};
use thiserror::Error;

/// What the hub lost or made twice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lost {
    /// A mark is in pieces.
    #[error(transparent)]
    Torn(#[from] BrokenMark),
    /// A mark is missing or there more than once.
    #[error("mark {number} is there {times} times instead of once")]
    Mark {
        /// Which.
        number: usize,
        /// How often it was found.
        times: usize,
    },
    /// A mark that nobody made.
    #[error("mark {number} is there, which nobody made")]
    Unknown {
        /// Which.
        number: usize,
    },
    /// Without the marks, it is another text.
    #[error("without the marks the text differs from character {at} on: {found:?} instead of {expected:?}")]
    Text {
        /// The first character that differs.
        at: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
}

/// Checks that each of the marks `0..marks` is in `content` exactly once, and that it is `text` without them.
pub fn verify(content: &str, text: &str, marks: usize) -> Result<(), Lost> {
    let (plain, numbers) = without_marks(content)?;
    let mut times = vec![0; marks];
    for number in numbers {
        *times.get_mut(number).ok_or(Lost::Unknown { number })? += 1;
    }
    if let Some((number, times)) = times.into_iter().enumerate().find(|(_, times)| *times != 1) {
        return Err(Lost::Mark { number, times });
    }
    if plain == text {
        return Ok(());
    }
    let at = plain.chars().zip(text.chars()).take_while(|(found, expected)| found == expected).count();
    let excerpt = |text: &str| text.chars().skip(at).take(24).collect();
    Err(Lost::Text { at, found: excerpt(&plain), expected: excerpt(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, expect: Result<(), &str>) {
        let found = verify(content, "text", 2).map_err(|lost| lost.to_string());
        assert_eq!(found, expect.map_err(str::to_owned));
    }

    #[test]
    fn whatever_is_lost_is_named() {
        check("te⟦🖋1⟧⟦🖋0⟧xt", Ok(()));
        check("te⟦🖋1⟧xt", Err("mark 0 is there 0 times instead of once"));
        check("⟦🖋0⟧te⟦🖋1⟧xt⟦🖋0⟧", Err("mark 0 is there 2 times instead of once"));
        check("⟦🖋0⟧⟦🖋1⟧⟦🖋2⟧text", Err("mark 2 is there, which nobody made"));
        check("⟦🖋0⟧⟦🖋1text", Err("a mark is torn apart near \"⟦🖋1text\""));
        let differs = "without the marks the text differs from character 2 on: \"st\" instead of \"xt\"";
        check("te⟦🖋0⟧s⟦🖋1⟧t", Err(differs));
        check(
            "te⟦🖋0⟧⟦🖋1⟧",
            Err("without the marks the text differs from character 2 on: \"\" instead of \"xt\""),
        );
    }
}
