//! The content that a patch is carried out on, from its JSON text.

use crate::gate::Pass;
use crate::problem::{Kind, Problem};
use crate::request::json::{PARSER_DEPTH, take_room};
use base::Limits;
use base::json::{Bounds, Excess, measure};
use serde_json::Value;

/// Reads the content of a document. What is too large to be replaced whole is too large for this, too.
pub(super) fn parse(content: &[u8], limits: &Limits, room: &mut Pass) -> Result<Value, Problem> {
    let bounds = Bounds { depth: PARSER_DEPTH, values: limits.json_values };
    let values = measure(content, bounds).map_err(too_much)?;
    take_room(room, values, content.len())?;
    base::json::parse(content).map_err(|error| Problem::internal(format!("a view is not JSON: {error}")))
}

fn too_much(excess: Excess) -> Problem {
    match excess {
        Excess::Depth { limit } => {
            let what = "the depth of a document that is patched in this form";
            Problem::limit(Kind::JsonTooDeep, what, limit, None)
        }
        Excess::Values { limit } => {
            let what = "the number of JSON values in a document that is patched in this form";
            Problem::limit(Kind::TooManyValues, what, limit, None)
        }
        Excess::Integer { .. } => Problem::internal(format!("a view holds what no document can: {excess}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use serde_json::json;

    #[test]
    fn a_content_takes_its_room_before_it_is_read() {
        let limits = Limits { json_values: 3, ..Limits::default() };
        let gate = Gate::new(1 << 20);
        let parse = |content: &str| parse(content.as_bytes(), &limits, &mut gate.pass());
        assert_eq!(
            parse(r#"{"$serde_json::private::RawValue":"[1]"}"#).unwrap()["$serde_json::private::RawValue"],
            "[1]"
        );
        assert_eq!(parse("[1,2]").unwrap(), json!([1, 2]));
        assert_eq!(parse("[1,2,3]").unwrap_err().kind, Kind::TooManyValues);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let deep = super::parse(deep.as_bytes(), &Limits::default(), &mut gate.pass()).unwrap_err();
        assert_eq!(deep.kind, Kind::JsonTooDeep);
        let none = super::parse(b"[1,2]", &limits, &mut Gate::new(9).pass()).unwrap_err();
        assert_eq!(none.kind, Kind::NoRoomForBody);
    }
}
