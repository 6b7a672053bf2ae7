//! A lane for each node: what it was, and how many shards it led.

use std::fmt;

use super::super::Timeline;
use super::super::escape::Escaped;
use super::super::scale::Scale;
use super::super::timeline::NodeLane;
use super::{LEFT, fits, hue, lasting, pattern};
use crate::history::Condition;

/// How high a lane is.
const HEIGHT: f64 = 24.0;
/// From one lane to the next.
pub const PITCH: f64 = 30.0;

/// Draws all lanes below `top`.
pub fn draw(f: &mut fmt::Formatter<'_>, timeline: &Timeline, scale: &Scale, top: f64) -> fmt::Result {
    for (number, lane) in timeline.nodes.iter().enumerate() {
        let y = top + PITCH * number as f64;
        let hue = hue(&timeline.nodes, &lane.node);
        let middle = y + HEIGHT / 2.0;
        let (square, text) = (LEFT - 18.0, LEFT - 24.0);
        writeln!(
            f,
            r#"<rect class="hue{hue}" x="{square:.1}" y="{:.1}" width="10" height="10" rx="2"/>"#,
            middle - 5.0
        )?;
        let name = Escaped(&lane.node);
        writeln!(
            f,
            r#"<text class="name" x="{text:.1}" y="{:.1}" text-anchor="end">{name}</text>"#,
            middle + 4.0
        )?;
        spans(f, lane, scale, y)?;
        leads(f, timeline, &lane.node, hue, scale, y)?;
    }
    Ok(())
}

fn spans(f: &mut fmt::Formatter<'_>, lane: &NodeLane, scale: &Scale, y: f64) -> fmt::Result {
    for span in &lane.spans {
        let (x, width) = (scale.x(span.from), scale.span(span.from, span.to));
        let words = span.condition.to_string();
        write!(f, "<g>")?;
        lasting(f, &format!("{} {words}", lane.node), span.from, span.to)?;
        let place = format!(r#"x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{HEIGHT}""#);
        if span.condition == Condition::Alive {
            writeln!(f, r#"<rect class="alive" {place}/></g>"#)?;
            continue;
        }
        let pattern = pattern(span.condition);
        writeln!(f, r#"<rect class="down" {place}/><rect fill="url(#{pattern})" {place}/>"#)?;
        if fits(&words, width) {
            let (x, y) = (x + width / 2.0, y + HEIGHT / 2.0 + 4.0);
            writeln!(
                f,
                r#"<text class="down-word" x="{x:.1}" y="{y:.1}" text-anchor="middle">{words}</text>"#
            )?;
        }
        writeln!(f, "</g>")?;
    }
    Ok(())
}

/// A bar as high as the share of the shards that the node leads.
fn leads(
    f: &mut fmt::Formatter<'_>,
    timeline: &Timeline,
    node: &str,
    hue: usize,
    scale: &Scale,
    y: f64,
) -> fmt::Result {
    for (from, to, led) in timeline.led_by(node) {
        let height = HEIGHT * led as f64 / timeline.shards.len() as f64;
        let (x, width) = (scale.x(from), scale.span(from, to));
        let top = y + HEIGHT - height;
        write!(f, "<g>")?;
        lasting(f, &format!("{node} leads {led}"), from, to)?;
        writeln!(
            f,
            r#"<rect class="hue{hue}" x="{x:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}"/>"#
        )?;
        let text = led.to_string();
        if fits(&text, width) {
            // Below its own bar there may be no room for it.
            let class = if height >= 15.0 { format!("on-hue{hue}") } else { "led".to_owned() };
            let y = if height >= 15.0 { y + HEIGHT - 5.0 } else { top - 2.5 };
            writeln!(f, r#"<text class="{class}" x="{:.1}" y="{y:.1}">{text}</text>"#, x + 4.0)?;
        }
        writeln!(f, "</g>")?;
    }
    Ok(())
}
