//! Search and replace: each stretch of text that is sought stands as often as is said, or nothing is done.

use super::work::Work;
use super::{Decoded, Patch, excerpt};
use crate::problem::{Kind, Problem};
use base::{Limits, PathStep, Shape};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Places that a refusal names.
const PLACES_MAX: usize = 10;

/// Stretches of text, and what takes their place.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SearchReplace")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    replacements: Vec<Replacement>,
    version: Option<u64>,
    heads: Option<Vec<String>>,
}

/// One replacement. It sees what those before it did.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replacement {
    search: String,
    replace: String,
    /// How often the text stands there. All of these places are replaced.
    #[serde(default = "once")]
    count: usize,
    /// Which string of a JSON document; none in a text.
    #[serde(default)]
    path: Vec<PathStep>,
}

fn once() -> usize {
    1
}

/// Takes a body, if its replacements are not too many.
pub(super) fn decode(body: Body, limits: &Limits) -> Result<Decoded, Problem> {
    let Body { replacements, version, heads } = body;
    if replacements.len() > limits.operations {
        let what = "the number of replacements in one request";
        let actual = Some(replacements.len());
        return Err(Problem::limit(Kind::TooManyOperations, what, limits.operations, actual));
    }
    if let Some(place) = replacements.iter().position(|replacement| replacement.search.is_empty()) {
        let detail =
            format!("replacement {place}: an empty text stands everywhere; search for what is there");
        return Err(Problem::new(Kind::InvalidBody, detail).with("replacement", place));
    }
    Ok(Decoded { patch: Patch::Search(replacements), version, heads })
}

/// Carries the replacements out.
pub(super) fn apply(
    shape: Shape,
    mut content: Value,
    replacements: &[Replacement],
    limits: &Limits,
) -> Result<Value, Problem> {
    let (mut work, mut grown) = (Work::new(), 0);
    for (place, replacement) in replacements.iter().enumerate() {
        let text = text_at(shape, &mut content, &replacement.path)
            .map_err(|problem| problem.with("replacement", place))?;
        // A step looks at some bytes at once.
        work.take(text.len() / 8 + 1)?;
        let found = text.matches(&replacement.search).count();
        if found != replacement.count {
            return Err(miscounted(text, replacement, found, place));
        }
        let comes = found.saturating_mul(replacement.replace.len());
        grown = comes.saturating_add(grown).saturating_sub(found * replacement.search.len());
        // A bound of memory; whether the document has become too large is found out where it is written.
        if grown > limits.document_bytes {
            let what = "the number of bytes that replacements add";
            return Err(Problem::limit(Kind::DocumentTooLarge, what, limits.document_bytes, None));
        }
        if found > 0 {
            *text = text.replace(&replacement.search, &replacement.replace);
        }
    }
    Ok(content)
}

fn text_at<'c>(shape: Shape, content: &'c mut Value, path: &[PathStep]) -> Result<&'c mut String, Problem> {
    let bad = |detail: String| Err(Problem::new(Kind::BadEdit, detail));
    if shape == Shape::Text && !path.is_empty() {
        return bad("a text has nothing inside that a path could lead to; leave the path out".to_owned());
    }
    let mut at = content;
    for (depth, step) in path.iter().enumerate() {
        let kind = excerpt::kind(at);
        let next = match (at, step) {
            (Value::Object(entries), PathStep::Key(key)) => entries.get_mut(key),
            (Value::Array(items), PathStep::Index(index)) => items.get_mut(*index),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return bad(format!("the path leads nowhere; after {depth} steps there is {kind}")),
        }
    }
    let kind = excerpt::kind(at);
    match at {
        Value::String(text) => Ok(text),
        _ if path.is_empty() => bad(format!("there is {kind}; name the string in it by its path")),
        _ => bad(format!("at the path there is {kind}, and not a string")),
    }
}

/// The text stands there more or less often; where it does, or where it begins at least.
fn miscounted(text: &str, replacement: &Replacement, found: usize, place: usize) -> Problem {
    let expected = replacement.count;
    let detail = format!("replacement {place} is for {expected} places, but its text stands at {found}");
    let problem = Problem::new(Kind::SearchCount, detail)
        .with("replacement", place)
        .with("search", excerpt::line(&replacement.search))
        .with("expected", expected)
        .with("found", found)
        .with("lines", lines_of(text, &replacement.search));
    if found > 0 {
        return problem;
    }
    let begins = replacement.search.lines().map(str::trim).find(|line| !line.is_empty());
    let similar =
        text.lines().enumerate().filter(|(_, line)| begins.is_some_and(|begins| line.contains(begins)));
    let shown = |(at, text): (usize, &str)| serde_json::json!({"line": at + 1, "text": excerpt::line(text)});
    problem.with("similar", similar.take(PLACES_MAX).map(shown).collect::<Vec<_>>())
}

/// The lines, counted from 1, in which a text begins.
fn lines_of(text: &str, search: &str) -> Vec<usize> {
    let (mut line, mut behind) = (1, 0);
    let places = text.match_indices(search).take(PLACES_MAX);
    places
        .map(|(at, _)| {
            line += text[behind..at].matches('\n').count();
            behind = at;
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run_with(shape: Shape, content: Value, body: Value, limits: &Limits) -> Result<Value, Problem> {
        let Patch::Search(replacements) = decode(serde_json::from_value(body).unwrap(), limits)?.patch else {
            unreachable!("this is what it decodes to")
        };
        apply(shape, content, &replacements, limits)
    }

    fn text(content: &str, replacements: Value) -> Result<Value, Problem> {
        run_with(Shape::Text, json!(content), json!({"replacements": replacements}), &Limits::default())
    }

    fn member<'p>(problem: &'p Problem, name: &str) -> &'p Value {
        &problem.members.iter().find(|member| member.0 == name).unwrap_or_else(|| panic!("{problem:?}")).1
    }

    #[test]
    fn what_stands_as_often_as_is_said_is_replaced() {
        let one = json!([{"search": "fox", "replace": "dog"}]);
        assert_eq!(text("The quick fox", one).unwrap(), "The quick dog");
        let all = json!([{"search": "a", "replace": "bb", "count": 3}, {"search": "bb-bb", "replace": ""}]);
        assert_eq!(text("a-a-a", all).unwrap(), "-bb");
        let none = json!([{"search": "x", "replace": "y", "count": 0}]);
        assert_eq!(text("a", none).unwrap(), "a");
        assert_eq!(text("a", json!([])).unwrap(), "a");
    }

    #[test]
    fn a_wrong_count_is_told_with_the_places() {
        let twice = text("é\nab ab\n\nab", json!([{"search": "ab", "replace": ""}])).unwrap_err();
        assert_eq!(twice.kind, Kind::SearchCount);
        assert_eq!((member(&twice, "expected"), member(&twice, "found")), (&json!(1), &json!(3)));
        assert_eq!(member(&twice, "lines"), &json!([2, 2, 4]));
        let many = text(&"x\n".repeat(99), json!([{"search": "x", "replace": ""}])).unwrap_err();
        assert_eq!(member(&many, "lines").as_array().unwrap().len(), PLACES_MAX);
        let moved = text("fn a() {\n    run();\n}\n", json!([{"search": "  run();\n}}", "replace": ""}]))
            .unwrap_err();
        assert_eq!(member(&moved, "similar"), &json!([{"line": 2, "text": "    run();"}]));
    }

    #[test]
    fn a_path_leads_to_a_string_of_a_json_document() {
        let content = || json!({"tasks": [{"title": "write"}]});
        let run = |path: Value| {
            let body = json!({"replacements": [{"search": "write", "replace": "read", "path": path}]});
            run_with(Shape::Json, content(), body, &Limits::default())
        };
        assert_eq!(run(json!(["tasks", 0, "title"])).unwrap(), json!({"tasks": [{"title": "read"}]}));
        for (path, mentions) in [
            (json!(["tasks", 1, "title"]), "after 1 steps there is a list of 1"),
            (json!(["tasks", 0]), "an object with the keys \"title\""),
            (json!([]), "name the string"),
        ] {
            let refused = run(path).unwrap_err();
            assert_eq!(refused.kind, Kind::BadEdit);
            assert!(refused.detail.contains(mentions), "{}", refused.detail);
        }
        assert_eq!(
            text("a", json!([{"search": "a", "replace": "", "path": ["a"]}])).unwrap_err().kind,
            Kind::BadEdit
        );
    }

    #[test]
    fn few_bytes_do_not_ask_for_much() {
        let limits = Limits { operations: 1, document_bytes: 1_000, ..Limits::default() };
        let run = |content: &str, replacements: Value| {
            run_with(Shape::Text, json!(content), json!({"replacements": replacements}), &limits)
        };
        let large = json!([{"search": "a", "replace": "b".repeat(200), "count": 10}]);
        assert_eq!(run("aaaaaaaaaa", large).unwrap_err().kind, Kind::DocumentTooLarge);
        let empty = json!([{"search": "", "replace": "x"}]);
        assert_eq!(run("a", empty).unwrap_err().kind, Kind::InvalidBody);
        let two = json!(vec![json!({"search": "a", "replace": "a"}); 2]);
        assert_eq!(run("a", two).unwrap_err().kind, Kind::TooManyOperations);
        let scans = json!(vec![json!({"search": "a", "replace": "a", "count": 0}); 10_000]);
        assert_eq!(text(&"b".repeat(1 << 20), scans).unwrap_err().kind, Kind::PatchTooCostly);
    }
}
