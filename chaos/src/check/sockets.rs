//! No client socket is closed during the drill, unless by its own client.

use super::{Findings, Violation};
use crate::history::{History, Side};

/// Looks for sockets that were closed by the other side.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings { examined: history.sockets as u64, ..Findings::default() };
    for closing in history.closings.iter().filter(|closing| closing.by == Side::Hub) {
        let what =
            format!("the socket of {} was closed at {}: {}", closing.client, closing.at, closing.reason);
        findings.violated(Violation::of(what, []).at(closing.at));
    }
    findings
}
