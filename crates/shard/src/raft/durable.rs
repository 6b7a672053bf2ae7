//! How far the log of a group is known to be on this node's disk: pure.

/// The last entry whose `fdatasync` was told of.
#[derive(Debug)]
pub(super) struct Durable {
    upto: Option<u64>,
    /// How often the log was cut. What an append before a cut is told says nothing of the log after it.
    cuts: u64,
}

impl Durable {
    /// A log of which everything is on the disk.
    pub(super) fn upto(last: Option<u64>) -> Durable {
        Durable { upto: last, cuts: 0 }
    }

    /// What an append has to bring along when it is told that it is durable.
    pub(super) fn cuts(&self) -> u64 {
        self.cuts
    }

    /// An append that was begun after so many cuts has put everything up to `last` on the disk.
    pub(super) fn note(&mut self, last: u64, cuts: u64) {
        if cuts == self.cuts {
            self.upto = self.upto.max(Some(last));
        }
    }

    /// The log ends at `last_kept` from now on.
    pub(super) fn cut(&mut self, last_kept: Option<u64>) {
        self.cuts += 1;
        self.upto = self.upto.min(last_kept);
    }

    /// The last entry that is on the disk, purged or not.
    pub(super) fn last(&self) -> Option<u64> {
        self.upto
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_before_a_cut_does_not_count_after_it() {
        let mut durable = Durable::upto(Some(5));
        let before = durable.cuts();
        durable.note(7, before);
        assert_eq!(durable.last(), Some(7));
        durable.cut(Some(6));
        assert_eq!(durable.last(), Some(6));
        durable.note(9, before);
        assert_eq!(durable.last(), Some(6), "9 was cut off, and another 9 may come");
        durable.note(8, durable.cuts());
        assert_eq!(durable.last(), Some(8));
        durable.cut(None);
        assert_eq!(durable.last(), None);
    }
}
