//! When the coordinator was heard of.

use std::time::Duration;
use tokio::time::Instant;

/// When the coordinator was heard of last, and whether it was away. All times are of the clock of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact {
    began: Option<Instant>,
    heard: Option<Instant>,
    away_since: Option<Instant>,
    back_since: Option<Instant>,
    estranged: bool,
}

impl Contact {
    /// The coordinator said something.
    pub(crate) fn heard(&mut self, now: Instant) {
        if self.away_since.take().is_some() {
            self.back_since = Some(now);
        }
        self.estranged = false;
        self.began.get_or_insert(now);
        self.heard = Some(now);
    }

    /// The coordinator cannot be reached. Before it was reached for the first time it is not away, but awaited.
    pub(crate) fn lost(&mut self, now: Instant) {
        if self.heard.is_some() {
            self.away_since.get_or_insert(now);
        }
    }

    /// The coordinator answers, and keeps another cluster than the one that is known here, or none. It is as good as away.
    pub(crate) fn estranged(&mut self, now: Instant) {
        self.lost(now);
        self.estranged = true;
    }

    /// Whether the coordinator, when it was last reached, kept another cluster than the one that is known here, or none.
    pub fn is_estranged(&self) -> bool {
        self.estranged
    }

    /// How old what is known may be: the time since the coordinator said something. `None` if it never did.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.heard.map(|heard| now.saturating_duration_since(heard))
    }

    /// Whether the coordinator was heard of for the first time less than this time ago, or never. Who has just started does
    /// not know whether it was away.
    pub fn is_new(&self, time: Duration, now: Instant) -> bool {
        self.began.is_none_or(|began| now.saturating_duration_since(began) < time)
    }

    /// Whether the coordinator is away now.
    pub fn is_away(&self) -> bool {
        self.away_since.is_some()
    }

    /// Whether the coordinator is away, or has been back for less than this time.
    pub fn was_away_within(&self, time: Duration, now: Instant) -> bool {
        let is_just_back = |back: Instant| now.saturating_duration_since(back) < time;
        self.is_away() || self.back_since.is_some_and(is_just_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_remembered_from_its_end() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let minute = Duration::from_secs(60);
        let mut contact = Contact::default();
        contact.lost(at(0));
        assert!(!contact.is_away() && contact.age(at(1)).is_none());
        assert!(contact.is_new(minute, at(1_000)));
        contact.heard(at(10));
        assert!(contact.is_new(minute, at(69)) && !contact.is_new(minute, at(70)));
        assert!(!contact.was_away_within(minute, at(10)));
        contact.lost(at(100));
        contact.lost(at(200));
        assert!(contact.was_away_within(minute, at(1_000)));
        assert_eq!(contact.age(at(1_000)), Some(Duration::from_secs(990)));
        contact.heard(at(1_000));
        assert!(contact.was_away_within(minute, at(1_059)));
        assert!(!contact.was_away_within(minute, at(1_060)));
        assert!(!contact.is_new(minute, at(1_000)));
    }
}
