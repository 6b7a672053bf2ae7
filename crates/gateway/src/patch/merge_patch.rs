//! JSON Merge Patch (RFC 7396): a content that has the shape of what changes, with `null` for what goes.

use serde_json::Value;

/// Merges a patch into a content. It nests no deeper than the deeper of the two, and holds no more than both.
pub(super) fn apply(mut content: Value, patch: &Value) -> Value {
    ::json_patch::merge(&mut content, patch);
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (content, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(apply(content, &patch), expected);
        }
    }

    #[test]
    fn a_text_is_replaced_and_a_counter_is_set() {
        assert_eq!(apply(json!("old"), &json!("new")), json!("new"));
        let votes = apply(json!({"votes": {"$counter": 3}}), &json!({"votes": {"$counter": 5}}));
        assert_eq!(votes, json!({"votes": {"$counter": 5}}));
    }
}
