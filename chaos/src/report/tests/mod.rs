//! A report is whole, well formed and self-contained, whatever it tells.

mod sample;
mod well_formed;

use std::fs;
use std::sync::OnceLock;

use super::*;
use crate::check::gaps::Limits;
use crate::check::tests::story::{self, ms};
use crate::history::Micros;
use sample::{Mistake, drill};
use well_formed::elements;

/// The report on a drill, which is held once for all tests.
fn report(mistake: Mistake) -> &'static Report {
    static SOUND: OnceLock<Report> = OnceLock::new();
    static BROKEN: OnceLock<Report> = OnceLock::new();
    let held = if mistake == Mistake::None { &SOUND } else { &BROKEN };
    let limits = Limits { median: Micros(2_000_000), worst: Micros(4_000_000) };
    held.get_or_init(|| Report::of(&drill(mistake), &Bounds { gaps: Some(limits), ..Bounds::default() }))
}

#[test]
fn a_sound_drill_is_told_as_one() {
    let report = report(Mistake::None);
    for judged in &report.properties {
        assert_eq!(judged.verdict, Verdict::Kept, "{judged:?}");
    }
    assert_eq!(report.verdict, Verdict::Kept);
    let html = report.to_html();
    assert!(html.contains("Every promise was kept"));
    assert!(!html.contains("<h2>Violations</h2>"));
}

#[test]
fn mistakes_are_told_in_full() {
    let report = report(Mistake::Many);
    let broken: Vec<Property> = report
        .properties
        .iter()
        .filter(|judged| judged.verdict == Verdict::Broken)
        .map(|judged| judged.property)
        .collect();
    let wanted = [
        Property::NothingLost,
        Property::Converged,
        Property::Linearizable,
        Property::OneLeader,
        Property::SocketsKept,
    ];
    assert_eq!(broken, wanted, "{:#?}", report.properties);
    let html = report.to_html();
    assert!(html.contains("5 of 8 promises broken"));
    for judged in &report.properties {
        for violation in &judged.findings.violations {
            assert!(html.contains(&escape::Escaped(&violation.what).to_string()));
        }
    }
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_else() {
    for mistake in [Mistake::None, Mistake::Many] {
        let html = report(mistake).to_html();
        let elements = elements(&html).unwrap();
        for forbidden in ["script", "link", "img", "iframe"] {
            assert!(!elements.contains(&forbidden.to_owned()), "{forbidden}");
        }
        assert_eq!(html.matches("http").count(), html.matches("http://www.w3.org/2000/svg").count());
        assert_eq!(html.matches("url(").count(), html.matches("url(#").count());
        assert!(!html.contains("@import"));
        // Every fill that is named is there.
        for name in html.split("url(#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(html.contains(&format!(r#"id="{name}""#)), "{name}");
        }
    }
}

#[test]
fn what_the_hub_says_stays_text() {
    let mut lines = story::sound();
    let evil = r#"<script>alert("1")</script>&"#;
    for line in &mut lines {
        match line {
            crate::history::line::Line::Node(change) => change.node = evil.into(),
            crate::history::line::Line::Leader(seen) => seen.node = evil.into(),
            crate::history::line::Line::Start { drill, .. } => *drill = evil.into(),
            crate::history::line::Line::Replica(replica) if replica.node == "n3" => {
                replica.heads = Some(evil.into());
            }
            _ => {}
        }
    }
    let mut report = Report::of(&story::history(&lines), &Bounds::default());
    report.notes.push(evil.into());
    let html = report.to_html();
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    elements(&html).unwrap();
}

#[test]
fn nothing_at_all_is_still_a_page() {
    let report = Report::of(&History::default(), &Bounds::default());
    assert_eq!(report.verdict, Verdict::NotExamined);
    let html = report.to_html();
    elements(&html).unwrap();
    assert!(html.contains("Not everything was examined"));
    assert!(!html.contains("NaN") && !html.contains("inf"));
}

#[test]
fn every_fault_gap_and_leader_is_drawn() {
    let report = report(Mistake::None);
    let html = report.to_html();
    let led = report.gaps.all.iter().filter(|gap| gap.led).count();
    assert!(led >= 4, "{:?}", report.gaps);
    assert_eq!(html.matches(r#"<g class="gap">"#).count(), led);
    assert_eq!(html.matches(r#"class="gap-band""#).count(), led);
    let leads: usize = report.timeline.shards.iter().map(|lane| lane.leads.len()).sum();
    assert_eq!(html.matches(" in term ").count(), leads);
    assert_eq!(html.matches(r#"<g class="fault"><title>"#).count() as u64, report.counts.faults);
}

#[test]
fn the_json_is_the_report() {
    for mistake in [Mistake::None, Mistake::Many] {
        let report = report(mistake);
        let json = serde_json::to_string(report).unwrap();
        assert_eq!(&serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}

/// Other programs read these names: a change of them is a new format.
#[test]
fn the_json_has_the_names_of_format_1() {
    let bounds = Bounds { gaps: Some(Limits { median: ms(500), worst: ms(1_000) }), ..Bounds::default() };
    let report = Report::of(&story::history(&story::sound()), &bounds);
    let json = serde_json::to_string_pretty(&report).unwrap() + "\n";
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/tests/format_1.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(golden, &json).unwrap();
    }
    assert_eq!(json, fs::read_to_string(golden).unwrap());
    assert_eq!(report.format, 1);
}

/// The samples are also there to be looked at: `CHAOS_SAMPLES` names a folder that keeps them.
#[test]
fn samples_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("CHAOS_SAMPLES").map(std::path::PathBuf::from);
    let folder = kept.as_deref().unwrap_or(folder.path());
    for (name, mistake) in [("sound.html", Mistake::None), ("broken.html", Mistake::Many)] {
        let page = folder.join(name);
        fs::write(&page, report(mistake).to_html()).unwrap();
        assert!(fs::read_to_string(page).unwrap().ends_with("</html>\n"));
    }
}
