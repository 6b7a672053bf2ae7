//! What has to be read: each gap, and each violation with the operations that show it.

use std::fmt;

use super::Report;
use super::escape::Escaped;
use super::figures::{duration, grouped};
use super::page::sign;
use crate::check::gaps::Gap;
use crate::check::{Verdict, Violation};

/// Rows of gaps that are shown without being asked for.
const ROWS_OPEN: usize = 24;

/// Every gap of a shard whose leader failed.
pub fn gaps(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let led: Vec<&Gap> = report.gaps.all.iter().filter(|gap| gap.led).collect();
    let others = report.gaps.all.iter().filter(|gap| !gap.led).map(Gap::length).max();
    writeln!(f, "<section>\n<h2>Gaps</h2>")?;
    writeln!(
        f,
        r#"<p>The longest time between two acknowledged writes to a shard at each fault of its leader, measured whole: from the last acknowledgement before it.</p>"#
    )?;
    if let Some(others) = others {
        let others = duration(others);
        writeln!(
            f,
            r#"<p class="aside">Shards that the victim did not lead: {others} at most, their own pauses included.</p>"#
        )?;
    }
    if led.is_empty() {
        return writeln!(f, r#"<p class="aside">No leader failed.</p>"#)
            .and_then(|()| writeln!(f, "</section>"));
    }
    let worst = led.iter().map(|gap| gap.length().0).max().unwrap_or(1).max(1);
    let open = if led.len() <= ROWS_OPEN { r#" open="open""# } else { "" };
    writeln!(f, "<details{open}><summary>{} gaps</summary>", grouped(led.len() as u64))?;
    writeln!(
        f,
        r#"<div class="wide"><table><thead><tr><th class="number">fault</th><th>what</th><th>shard</th><th class="number">from</th><th class="number">to</th><th class="number">gap</th><th class="bars"></th></tr></thead><tbody>"#
    )?;
    for gap in led {
        let share = gap.length().0 as f64 / worst as f64 * 100.0;
        let length = duration(gap.length());
        let length = if gap.open { format!("{length}, open") } else { length };
        let fault = report.gaps.faults.get(gap.fault - 1).map_or("", |fault| &fault.what);
        let row = if gap.open { r#" class="open""# } else { "" };
        writeln!(
            f,
            r#"<tr{row}><td class="number"><span class="mark">{}</span></td><td>{}</td><td>{}</td><td class="number">{}</td><td class="number">{}</td><td class="number">{length}</td><td class="bars"><span class="bar" style="width:{share:.1}%"></span></td></tr>"#,
            gap.fault,
            Escaped(fault),
            gap.shard,
            gap.from,
            gap.to
        )?;
    }
    writeln!(f, "</tbody></table></div></details>\n</section>")
}

/// Every violation in full.
pub fn violations(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let broken = report.properties.iter().filter(|judged| judged.verdict == Verdict::Broken);
    if broken.clone().next().is_none() {
        return Ok(());
    }
    writeln!(f, r#"<section><h2>Violations</h2>"#)?;
    for judged in broken {
        writeln!(f, "<h3>{} {}</h3>", sign(judged.verdict), Escaped(&judged.promise))?;
        for found in &judged.findings.violations {
            violation(f, found)?;
        }
        if judged.findings.more > 0 {
            writeln!(f, r#"<p class="aside">And {} more.</p>"#, grouped(judged.findings.more))?;
        }
    }
    writeln!(f, "</section>")
}

fn violation(f: &mut fmt::Formatter<'_>, violation: &Violation) -> fmt::Result {
    writeln!(f, r#"<article><p class="what">{}</p>"#, Escaped(&violation.what))?;
    if let Some(document) = &violation.document {
        writeln!(f, r#"<p class="aside">Document <code>{}</code></p>"#, Escaped(document))?;
    }
    if !violation.witnesses.is_empty() {
        writeln!(
            f,
            r#"<div class="wide"><table><thead><tr><th class="number">sent</th><th class="number">ended</th><th>client</th><th class="number">operation</th><th>asked</th><th>outcome</th></tr></thead><tbody>"#
        )?;
        for witness in &violation.witnesses {
            writeln!(
                f,
                r#"<tr><td class="number">{}</td><td class="number">{}</td><td>{}</td><td class="number">{}</td><td class="words">{}</td><td class="words">{}</td></tr>"#,
                witness.invoked,
                witness.ended,
                witness.client,
                witness.operation.0,
                Escaped(&witness.asked),
                Escaped(&witness.outcome)
            )?;
        }
        writeln!(f, "</tbody></table></div>")?;
    }
    writeln!(f, "</article>")
}
