//! How many writes were acknowledged, with the gaps of shards whose leader failed.

use std::fmt;

use super::super::Report;
use super::super::figures::grouped;
use super::super::scale::{Scale, round_step};
use super::{LEFT, lasting};
use crate::history::Micros;

/// How high the chart is.
pub const HEIGHT: f64 = 110.0;

/// Draws the chart below `top`.
pub fn draw(f: &mut fmt::Formatter<'_>, report: &Report, scale: &Scale, top: f64) -> fmt::Result {
    let timeline = &report.timeline;
    let per_second = 1e6 / timeline.column.0.max(1) as f64;
    let rates: Vec<f64> = timeline.acknowledged.iter().map(|writes| *writes as f64 * per_second).collect();
    let most = round_step(rates.iter().copied().fold(1.0, f64::max));
    let bottom = top + HEIGHT;
    for gap in report.gaps.all.iter().filter(|gap| gap.led) {
        let (x, width) = (scale.x(gap.from), scale.span(gap.from, gap.to));
        write!(f, r#"<rect class="gap-band" x="{x:.1}" y="{top:.1}" width="{width:.1}" height="{HEIGHT}">"#)?;
        lasting(f, &format!("{} took no write", gap.shard), gap.from, gap.to)?;
        f.write_str("</rect>\n")?;
    }
    for part in [0.0, 0.5, 1.0] {
        let y = bottom - HEIGHT * part;
        writeln!(f, r#"<path class="grid" d="M{LEFT} {y:.1}H{:.1}"/>"#, scale.left + scale.width)?;
        let (x, y) = (LEFT - 8.0, y + 4.0);
        let rate = most * part;
        let rate = if most < 4.0 { format!("{rate:.1}") } else { grouped(rate as u64) };
        writeln!(f, r#"<text class="tick" x="{x:.1}" y="{y:.1}" text-anchor="end">{rate}</text>"#)?;
    }
    let outline = outline(&rates, timeline.column, scale, bottom, most);
    let (Some(first), Some(last)) = (outline.first(), outline.last()) else { return Ok(()) };
    let points: Vec<String> = outline.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let line = points.join("L");
    let (left, right) = (first.0, last.0);
    writeln!(f, r#"<path class="rate-area" d="M{left:.1} {bottom:.1}L{line}L{right:.1} {bottom:.1}Z"/>"#)?;
    writeln!(f, r#"<path class="rate-line" d="M{line}"/>"#)
}

/// The steps of the chart: two corners a column.
fn outline(rates: &[f64], column: Micros, scale: &Scale, bottom: f64, most: f64) -> Vec<(f64, f64)> {
    let corners = (0_u64..).zip(rates).flat_map(|(number, rate)| {
        let y = bottom - HEIGHT * (rate / most).min(1.0);
        let (from, to) = (Micros(number * column.0), Micros((number + 1) * column.0));
        [(scale.x(from), y), (scale.x(to), y)]
    });
    corners.collect()
}
