//! The page: verdict first, then what happened, then [every gap and every violation](super::tables).

use std::fmt;

use super::drawing::Drawing;
use super::escape::Escaped;
use super::figures::{duration, grouped};
use super::tables::{gaps, violations};
use super::{Judged, Report};
use crate::check::Verdict;
use crate::history::Condition;

/// The style, in the page itself: a report is one file.
const STYLE: &str = include_str!("page.css");

/// The whole page.
pub struct Page<'r>(pub &'r Report);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let drill = Escaped(&report.drill);
        writeln!(
            f,
            r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>{drill}, seed {}: {}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>"#,
            report.seed,
            word(report.verdict)
        )?;
        head(f, report)?;
        promises(f, report)?;
        writeln!(f, "<section>\n<h2>What happened</h2>\n<figure>{}", Drawing(report))?;
        legend(f, report)?;
        writeln!(f, "</figure>\n</section>")?;
        gaps(f, report)?;
        violations(f, report)?;
        writeln!(f, "</main>\n</body>\n</html>")
    }
}

/// A verdict in one word.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "kept",
        Verdict::Broken => "broken",
        Verdict::Undecided => "undecided",
        Verdict::NotExamined => "not examined",
    }
}

/// A verdict as a sign: its shape differs, not only its colour.
pub fn sign(verdict: Verdict) -> String {
    let (class, path) = match verdict {
        Verdict::Kept => ("kept", "M6 12.5L10.2 16.5L18 8"),
        Verdict::Broken => ("broken", "M8 8L16 16M16 8L8 16"),
        Verdict::Undecided => ("undecided", "M9 9.4C9 5.6 15 5.6 15 9.4C15 11.8 12 11.6 12 14M12 17.4V17.6"),
        Verdict::NotExamined => ("undecided", "M8 12H16"),
    };
    format!(
        r#"<svg class="sign {class}" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/><path d="{path}"/></svg>"#
    )
}

fn head(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let broken = report.properties.iter().filter(|judged| judged.verdict == Verdict::Broken).count();
    let all = report.properties.len();
    let words = match report.verdict {
        Verdict::Kept => "Every promise was kept".to_owned(),
        Verdict::Broken => format!("{broken} of {all} promises broken"),
        Verdict::Undecided => "Not everything could be decided".to_owned(),
        Verdict::NotExamined => "Not everything was examined".to_owned(),
    };
    let drill = Escaped(&report.drill);
    let length = duration(report.timeline.ends);
    writeln!(
        f,
        r#"<header>
<p class="kicker">Drill · seed {} · {length}</p>
<h1>{drill}</h1>
<p class="verdict">{} {words}</p>
</header>"#,
        report.seed,
        sign(report.verdict)
    )?;
    let counts = &report.counts;
    let gap = |length: Option<_>| length.map_or("–".to_owned(), duration);
    let figures = [
        ("acknowledged writes", grouped(counts.acknowledged_writes)),
        ("reads", grouped(counts.reads)),
        ("unknown outcomes", grouped(counts.unknown)),
        ("faults", grouped(counts.faults)),
        ("leader changes", grouped(counts.leader_changes)),
        ("median gap", gap(report.gaps.median)),
        ("worst gap", gap(report.gaps.worst)),
    ];
    writeln!(f, r#"<dl class="figures">"#)?;
    for (name, figure) in figures {
        writeln!(f, "<div><dt>{name}</dt><dd>{figure}</dd></div>")?;
    }
    writeln!(f, "</dl>")?;
    writeln!(
        f,
        r#"<p class="aside">{} operations of {} clients on {} documents, {} of them refused.</p>
<p class="aside">The same accidents again: <code>context-hub drill run {drill} --seed {}</code></p>"#,
        grouped(counts.operations),
        grouped(counts.clients),
        grouped(counts.documents),
        grouped(counts.refused),
        report.seed
    )?;
    for note in &report.notes {
        writeln!(f, r#"<p class="aside">Note: {}</p>"#, Escaped(note))?;
    }
    Ok(())
}

fn promises(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "<section>\n<h2>Promises</h2>\n<ul class=\"promises\">")?;
    for judged in &report.properties {
        let findings = &judged.findings;
        writeln!(
            f,
            r#"<li class="{}">{}<span class="promise">{}</span><span class="how">{}</span></li>"#,
            word(judged.verdict).replace(' ', "-"),
            sign(judged.verdict),
            Escaped(&judged.promise),
            how(judged)
        )?;
        for why in &findings.undecided {
            writeln!(f, r#"<li class="why">{}</li>"#, Escaped(why))?;
        }
    }
    writeln!(f, "</ul>\n</section>")
}

fn how(judged: &Judged) -> String {
    let findings = &judged.findings;
    let looked = format!("{} {}", grouped(findings.examined), judged.property.subject());
    match judged.verdict {
        Verdict::Kept => looked,
        Verdict::Broken => {
            let broken = findings.violations.len() as u64 + findings.more;
            format!("broken {} in {looked}", times(broken))
        }
        Verdict::Undecided => format!("undecided in {looked}"),
        Verdict::NotExamined => "there was nothing to look at".to_owned(),
    }
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{} times", grouped(number)) }
}

fn legend(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let spans = report.timeline.nodes.iter().flat_map(|lane| &lane.spans);
    let mut conditions: Vec<Condition> = spans.map(|span| span.condition).collect();
    conditions.sort();
    conditions.dedup();
    writeln!(f, "<figcaption>")?;
    for condition in conditions.into_iter().filter(|condition| *condition != Condition::Alive) {
        let pattern = super::drawing::pattern(condition);
        writeln!(
            f,
            r#"<span><svg class="key" viewBox="0 0 26 14"><rect class="down" width="26" height="14"/><rect fill="url(#{pattern})" width="26" height="14"/></svg>{condition}</span>"#
        )?;
    }
    writeln!(
        f,
        r#"<span><svg class="key" viewBox="0 0 26 14"><rect class="gap-ground" width="26" height="14"/><rect fill="url(#p-gap)" width="26" height="14"/></svg>no write acknowledged, leader failed</span>
<span><svg class="key" viewBox="0 0 26 14"><g class="fault"><path d="M13 0V14"/></g></svg>fault</span>
<span><svg class="key" viewBox="0 0 26 14"><g class="broken-mark"><path d="M13 1l6.5 11h-13z"/></g></svg>violation</span>
<span>Point at anything to read its times.</span>
</figcaption>"#
    )
}
