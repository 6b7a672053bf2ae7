//! A lane for each shard: who led it, and when it took no writes because its leader had failed.

use std::fmt;

use super::super::Report;
use super::super::escape::Escaped;
use super::super::figures::duration;
use super::super::scale::Scale;
use super::{LEFT, fits, hue, lasting};

/// How high a lane is.
const HEIGHT: f64 = 15.0;
/// From one lane to the next.
pub const PITCH: f64 = 19.0;

/// Draws all lanes below `top`.
pub fn draw(f: &mut fmt::Formatter<'_>, report: &Report, scale: &Scale, top: f64) -> fmt::Result {
    let timeline = &report.timeline;
    for (number, lane) in timeline.shards.iter().enumerate() {
        let y = top + PITCH * number as f64;
        let baseline = y + HEIGHT - 3.8;
        let x = LEFT - 8.0;
        writeln!(
            f,
            r#"<text class="name" x="{x:.1}" y="{baseline:.1}" text-anchor="end">{}</text>"#,
            lane.shard
        )?;
        writeln!(
            f,
            r#"<rect class="nobody" x="{LEFT}" y="{y:.1}" width="{:.1}" height="{HEIGHT}"><title>{}: no leader was seen</title></rect>"#,
            scale.width, lane.shard
        )?;
        for lead in &lane.leads {
            let (x, width) = (scale.x(lead.from), scale.span(lead.from, lead.to));
            let hue = hue(&timeline.nodes, &lead.node);
            write!(f, "<g>")?;
            let words = format!("{} leads {} in term {}", lead.node, lane.shard, lead.term);
            lasting(f, &words, lead.from, lead.to)?;
            write!(
                f,
                r#"<rect class="hue{hue}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{HEIGHT}"/>"#
            )?;
            if fits(&lead.node, width) {
                let (x, name) = (x + 5.0, Escaped(&lead.node));
                write!(f, r#"<text class="on-hue{hue}" x="{x:.1}" y="{baseline:.1}">{name}</text>"#)?;
            }
            writeln!(f, "</g>")?;
        }
        for gap in report.gaps.all.iter().filter(|gap| gap.led && gap.shard == lane.shard) {
            let (x, width) = (scale.x(gap.from), scale.span(gap.from, gap.to));
            let length = duration(gap.length());
            write!(f, r#"<g class="gap">"#)?;
            lasting(f, &format!("{} took no write", lane.shard), gap.from, gap.to)?;
            let place = format!(r#"x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{HEIGHT}""#);
            write!(f, r#"<rect class="gap-ground" {place}/><rect fill="url(#p-gap)" {place}/>"#)?;
            write!(f, r#"<rect class="gap-edge" {place}/>"#)?;
            if fits(&length, width) {
                let x = x + width / 2.0;
                write!(f, r#"<text x="{x:.1}" y="{baseline:.1}" text-anchor="middle">{length}</text>"#)?;
            }
            writeln!(f, "</g>")?;
        }
    }
    Ok(())
}
