//! What a benchmark says: figures, each with a goal that holds or does not.

use serde::{Serialize, Serializer};
use std::fmt;
use std::io::{self, Write};

/// Of a core: a client busier than this has become what is measured.
const CLIENT_BUSY: f64 = 0.9;

/// What must hold of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Ours over the peer's, where more is better.
    RatioAtLeast(f64),
    /// Ours over the peer's, where less is better.
    RatioAtMost(f64),
    /// Ours alone, in the figure's unit.
    Below(f64),
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::RatioAtLeast(least) => write!(f, "ratio >= {least}"),
            Goal::RatioAtMost(most) => write!(f, "ratio <= {most}"),
            Goal::Below(limit) => write!(f, "ours < {limit}"),
        }
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One measured number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// `benchmark.what`.
    name: String,
    /// What the hub's side took or made.
    ours: f64,
    /// The same of the peer, if there is one.
    peer: Option<f64>,
    /// Of both.
    unit: &'static str,
    /// Ours over the peer's.
    ratio: Option<f64>,
    /// What must hold; nothing for a figure that is only told.
    goal: Option<Goal>,
    /// Whether it does; nothing without a goal, or if the client was too busy to tell.
    holds: Option<bool>,
}

impl Figure {
    /// A figure without a peer and without a goal.
    pub fn new(name: impl Into<String>, unit: &'static str, ours: f64) -> Figure {
        Figure { name: name.into(), ours, peer: None, unit, ratio: None, goal: None, holds: None }
    }

    /// Sets it against the peer's number.
    pub fn against(mut self, peer: f64) -> Figure {
        self.peer = Some(peer);
        self.ratio = Some(self.ours / peer);
        self
    }

    /// Judges it. A goal on the ratio needs the peer's number first.
    pub fn judged(mut self, goal: Goal) -> Figure {
        self.goal = Some(goal);
        self.holds = match (goal, self.ratio) {
            (Goal::RatioAtLeast(least), Some(ratio)) => Some(ratio >= least),
            (Goal::RatioAtMost(most), Some(ratio)) => Some(ratio <= most),
            (Goal::Below(limit), _) => Some(self.ours < limit),
            (Goal::RatioAtLeast(_) | Goal::RatioAtMost(_), None) => None,
        };
        self
    }

    /// Takes the judgement back if the client used more of its core than a measurement bears.
    pub fn unless_client_was_busy(mut self, client_share: f64) -> Figure {
        if client_share > CLIENT_BUSY {
            self.holds = None;
        }
        self
    }
}

/// Where figures go, and whether any goal was missed.
#[derive(Debug, Default)]
pub struct Report {
    missed: usize,
}

impl Report {
    /// Prints a figure, one JSON line on standard output.
    pub fn add(&mut self, figure: &Figure) -> io::Result<()> {
        self.missed += usize::from(figure.holds == Some(false));
        self.line(figure)
    }

    /// Prints what has no goal and more keys than a figure, one JSON line on standard output.
    pub fn line(&mut self, told: &impl Serialize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, told)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// How many goals were missed.
    pub fn missed(&self) -> usize {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(goal: Goal, ours: f64, peer: f64, expect: bool) {
        assert_eq!(Figure::new("x", "s", ours).against(peer).judged(goal).holds, Some(expect), "{goal}");
    }

    #[test]
    fn goals_include_their_bound_on_ratios() {
        check(Goal::RatioAtLeast(0.8), 8.0, 10.0, true);
        check(Goal::RatioAtLeast(0.8), 7.9, 10.0, false);
        check(Goal::RatioAtMost(1.7), 17.0, 10.0, true);
        check(Goal::RatioAtMost(1.7), 17.1, 10.0, false);
        check(Goal::Below(500.0), 499.0, 1.0, true);
        check(Goal::Below(500.0), 500.0, 1.0, false);
    }

    #[test]
    fn a_busy_client_leaves_no_judgement() {
        let figure = Figure::new("x", "s", 1.0).against(2.0).judged(Goal::RatioAtMost(1.0));
        assert_eq!(figure.clone().unless_client_was_busy(0.90).holds, Some(true));
        assert_eq!(figure.unless_client_was_busy(0.91).holds, None);
    }

    #[test]
    fn a_line_has_every_key() {
        let figure = Figure::new("log.1", "records/s", 8.0).against(10.0).judged(Goal::RatioAtLeast(0.8));
        assert_eq!(
            serde_json::to_string(&figure).unwrap(),
            r#"{"name":"log.1","ours":8.0,"peer":10.0,"unit":"records/s","ratio":0.8,"goal":"ratio >= 0.8","holds":true}"#
        );
        assert_eq!(
            serde_json::to_string(&Figure::new("a", "s", 1.5)).unwrap(),
            r#"{"name":"a","ours":1.5,"peer":null,"unit":"s","ratio":null,"goal":null,"holds":null}"#
        );
    }
}
