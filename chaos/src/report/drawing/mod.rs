//! The picture of a drill: acknowledged writes, nodes and shards under one axis of time.
//!
//! Nothing is told by colour alone: conditions have patterns and words, leaders have names, gaps have an outline and
//! their length. Each part has a tooltip.

mod nodes;
mod shards;
mod writes;

use std::fmt;

use super::Report;
use super::escape::Escaped;
use super::figures::seconds;
use super::scale::Scale;
use crate::check::gaps::Fault;
use crate::history::{Condition, Micros};

/// The whole width; the page scales it.
const WIDTH: f64 = 1_160.0;
/// Room for names on the left.
const LEFT: f64 = 92.0;
/// Room on the right.
const RIGHT: f64 = 14.0;
/// Room for the marks of faults.
const TOP: f64 = 30.0;
/// Between two parts.
const BETWEEN: f64 = 34.0;
/// The least distance of two marks with a number each.
const MARK: f64 = 19.0;
/// The width of a letter, about; enough to know what fits.
const LETTER: f64 = 6.4;

/// The picture.
pub struct Drawing<'r>(pub &'r Report);

/// Where everything is.
struct Layout {
    scale: Scale,
    writes: f64,
    nodes: f64,
    shards: f64,
    bottom: f64,
}

impl Layout {
    fn of(report: &Report) -> Layout {
        let scale = Scale { left: LEFT, width: WIDTH - LEFT - RIGHT, ends: report.timeline.ends };
        let writes = TOP + 24.0;
        let nodes = writes + writes::HEIGHT + BETWEEN;
        let shards = nodes + nodes::PITCH * report.timeline.nodes.len() as f64 + BETWEEN;
        let bottom = shards + shards::PITCH * report.timeline.shards.len() as f64;
        Layout { scale, writes, nodes, shards, bottom }
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let layout = Layout::of(report);
        let height = layout.bottom + 38.0;
        writeln!(
            f,
            r#"<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="What happened when" xmlns="http://www.w3.org/2000/svg">"#
        )?;
        f.write_str(PATTERNS)?;
        axis(f, &layout)?;
        writes::draw(f, report, &layout.scale, layout.writes)?;
        nodes::draw(f, &report.timeline, &layout.scale, layout.nodes)?;
        shards::draw(f, report, &layout.scale, layout.shards)?;
        faults(f, &report.gaps.faults, &layout)?;
        violations(f, report, &layout)?;
        // Last, so that no line crosses a word.
        title(f, layout.writes, "Acknowledged writes per second")?;
        title(f, layout.nodes, "Nodes, and how many shards each leads")?;
        title(f, layout.shards, "Shards, and who leads each")?;
        f.write_str("</svg>\n")
    }
}

/// Fills that differ without colour. Those of conditions have the name of the condition.
const PATTERNS: &str = r##"<defs>
<pattern id="p-killed" width="7" height="7" patternUnits="userSpaceOnUse"><path d="M0 0L7 7M7 0L0 7" class="hatch"/></pattern>
<pattern id="p-stopped" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 3H6" class="hatch"/></pattern>
<pattern id="p-frozen" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.3" class="dot"/></pattern>
<pattern id="p-cut" width="7" height="7" patternUnits="userSpaceOnUse"><path d="M-1 8L8 -1" class="hatch"/></pattern>
<pattern id="p-power" width="5" height="5" patternUnits="userSpaceOnUse"><path d="M0 1H5M0 3.5H5" class="hatch thick"/></pattern>
<pattern id="p-gap" width="5" height="5" patternUnits="userSpaceOnUse"><path d="M-1 6L6 -1" class="gap-hatch"/></pattern>
</defs>
"##;

/// The pattern of a condition.
pub fn pattern(condition: Condition) -> &'static str {
    match condition {
        Condition::Alive => "",
        Condition::Stopped => "p-stopped",
        Condition::Killed => "p-killed",
        Condition::Frozen => "p-frozen",
        Condition::Cut => "p-cut",
        Condition::PowerCut => "p-power",
    }
}

/// The colour class of a node, which is the same in all lanes.
fn hue(report_nodes: &[super::NodeLane], node: &str) -> usize {
    report_nodes.iter().position(|lane| lane.node == node).unwrap_or(0) % 7
}

/// Whether so many letters have room.
fn fits(text: &str, width: f64) -> bool {
    text.chars().count() as f64 * LETTER + 6.0 <= width
}

fn title(f: &mut fmt::Formatter<'_>, y: f64, text: &str) -> fmt::Result {
    writeln!(f, r#"<text class="part" x="{LEFT}" y="{:.1}">{text}</text>"#, y - 8.0)
}

fn axis(f: &mut fmt::Formatter<'_>, layout: &Layout) -> fmt::Result {
    let (top, bottom) = (layout.writes, layout.bottom + 4.0);
    for at in layout.scale.ticks() {
        let x = layout.scale.x(at);
        writeln!(f, r#"<path class="grid" d="M{x:.1} {top:.1}V{bottom:.1}"/>"#)?;
        let y = bottom + 23.0;
        writeln!(
            f,
            r#"<text class="tick" x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#,
            seconds(at)
        )?;
    }
    Ok(())
}

/// A line at each fault, with the number that it has in the table where there is room.
fn faults(f: &mut fmt::Formatter<'_>, faults: &[Fault], layout: &Layout) -> fmt::Result {
    let mut last = f64::MIN;
    for (number, fault) in (1_usize..).zip(faults) {
        let (x, bottom) = (layout.scale.x(fault.at), layout.bottom + 4.0);
        writeln!(f, r#"<g class="fault"><title>{} at {}</title>"#, Escaped(&fault.what), fault.at)?;
        writeln!(f, r#"<path d="M{x:.1} {TOP:.1}V{bottom:.1}"/>"#)?;
        if x - last >= MARK {
            last = x;
            writeln!(f, r#"<circle cx="{x:.1}" cy="20" r="9"/>"#)?;
            writeln!(f, r#"<text x="{x:.1}" y="23.8" text-anchor="middle">{number}</text>"#)?;
        } else {
            writeln!(f, r#"<circle cx="{x:.1}" cy="20" r="2.5"/>"#)?;
        }
        f.write_str("</g>\n")?;
    }
    Ok(())
}

/// A triangle under the axis where a violation came to light.
fn violations(f: &mut fmt::Formatter<'_>, report: &Report, layout: &Layout) -> fmt::Result {
    let y = layout.bottom + 3.0;
    for violation in report.properties.iter().flat_map(|judged| &judged.findings.violations) {
        let Some(at) = violation.at else { continue };
        let x = layout.scale.x(at);
        writeln!(f, r#"<g class="broken-mark"><title>{}</title>"#, Escaped(&violation.what))?;
        writeln!(f, r#"<path d="M{x:.1} {y:.1}l6.5 11h-13z"/></g>"#)?;
    }
    Ok(())
}

/// A tooltip for a span of time.
fn lasting(f: &mut fmt::Formatter<'_>, what: &str, from: Micros, to: Micros) -> fmt::Result {
    write!(f, "<title>{}, {from} to {to}, {}</title>", Escaped(what), to.since(from))
}
