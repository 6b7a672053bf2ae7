//! How much one patch may make the gateway do. Few bytes can ask for a lot: ten thousand insertions at the front of a long
//! list, or lines that stand nearly everywhere.

use crate::problem::{Kind, Problem};

/// Steps, of a few nanoseconds each.
const STEPS_MAX: usize = 100_000_000;

/// The steps that are left.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
}

impl Work {
    pub fn new() -> Work {
        Work { left: STEPS_MAX }
    }

    /// Does so many steps.
    pub fn take(&mut self, steps: usize) -> Result<(), Problem> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let what =
                    "the number of steps that one patch may take, such as items moved or lines compared,";
                Err(Problem::limit(Kind::PatchTooCostly, what, STEPS_MAX, None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends() {
        let mut work = Work::new();
        work.take(STEPS_MAX - 1).unwrap();
        assert_eq!(work.take(2).unwrap_err().kind, Kind::PatchTooCostly);
        work.take(1).unwrap();
        assert!(work.take(usize::MAX).is_err());
    }
}
