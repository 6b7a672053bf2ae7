//! A line of the answer: claimed, measured here, extrapolated and how.

use super::table::Claim;
use serde::Serialize;

/// The keys of a figure, and what a claim has more. It has no goal: what is claimed for machines that nobody named is not
/// what this machine is judged by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    name: &'static str,
    /// What was measured here, in the unit; nothing if nothing could be.
    ours: Option<f64>,
    peer: Option<f64>,
    unit: &'static str,
    ratio: Option<f64>,
    goal: Option<&'static str>,
    holds: Option<bool>,
    claim: &'static str,
    claimed: f64,
    /// Whether what was measured here does what is claimed.
    met_here: Option<bool>,
    /// What it was measured with.
    measured: String,
    /// What it would be on machines of its own; nothing if what was measured says so little.
    extrapolated: Option<f64>,
    /// How that was come by, or why not.
    how: String,
}

impl Line {
    /// A claim that is not measured, and why.
    pub fn unmeasured(claim: &Claim, why: &str) -> Line {
        Line {
            name: claim.name,
            ours: None,
            peer: None,
            unit: claim.unit,
            ratio: None,
            goal: None,
            holds: None,
            claim: claim.says,
            claimed: claim.number,
            met_here: None,
            measured: "not measured".to_owned(),
            extrapolated: None,
            how: why.to_owned(),
        }
    }

    /// A claim with what was measured here, and with what.
    pub fn measured(claim: &Claim, ours: f64, with: impl Into<String>) -> Line {
        let why = "nothing: what was measured is what is claimed";
        let line = Line::unmeasured(claim, why);
        Line { ours: Some(ours), met_here: Some(claim.met_by(ours)), measured: with.into(), ..line }
    }

    /// What follows for other machines, and how.
    pub fn extrapolated(self, number: f64, how: impl Into<String>) -> Line {
        Line { extrapolated: Some(number), how: how.into(), ..self }
    }

    /// The same for a claim of how many there can be: what was measured is a part, and no answer by itself.
    pub fn only_a_part(self) -> Line {
        Line { met_here: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{CREATE, SEARCH, SOCKETS};
    use super::*;

    #[test]
    fn a_line_has_the_keys_of_a_figure_and_its_own() {
        let line = Line::measured(&CREATE, 12.5, "64 connections");
        let json = serde_json::to_value(&line).unwrap();
        for key in ["peer", "ratio", "goal", "holds", "extrapolated"] {
            assert_eq!(json[key], serde_json::Value::Null, "{key}");
        }
        assert_eq!((&json["ours"], &json["claimed"]), (&12.5.into(), &50.0.into()));
        assert_eq!(json["met_here"], true);
    }

    #[test]
    fn what_is_not_measured_is_not_met() {
        let json = serde_json::to_value(Line::unmeasured(&SEARCH, "there is none")).unwrap();
        assert_eq!((json["ours"].is_null(), json["met_here"].is_null()), (true, true));
        assert_eq!(json["how"], "there is none");
    }

    #[test]
    fn a_part_says_nothing_of_the_whole() {
        let line = Line::measured(&SOCKETS, 2_000.0, "idle").extrapolated(1e6, "memory").only_a_part();
        assert_eq!((line.met_here, line.extrapolated), (None, Some(1e6)));
    }
}
