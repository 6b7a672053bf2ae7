//! How a JSON Schema looks to people.

use super::markdown::fragment;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// A schema in a few words: its type, or a link to the one that it names.
pub(super) fn brief(schema: &Value) -> Markup {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.first().map_or_else(|| html! { "any" }, brief);
    }
    if let Some(either) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
        && schema["type"].is_null()
    {
        return html! { @for (at, one) in either.iter().enumerate() { @if at > 0 { " or " } (brief(one)) } };
    }
    if let Some(values) = schema["enum"].as_array() {
        return html! { @for (at, value) in values.iter().enumerate() { @if at > 0 { " or " } code { (value.to_string()) } } };
    }
    if !schema["const"].is_null() {
        return html! { code { (schema["const"].to_string()) } };
    }
    if !schema["contentSchema"].is_null() {
        return html! { "a stream of " (brief(&schema["contentSchema"])) };
    }
    if !schema["items"].is_null() {
        return html! { "list of " (brief(&schema["items"])) };
    }
    let types = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    html! { (types) @if let Some(format) = schema["format"].as_str() { " (" (format) ")" } }
}

/// What is said of a schema, in Markdown.
pub(super) fn about(schema: &Value) -> Markup {
    html! { @if let Some(text) = schema["description"].as_str() { (PreEscaped(fragment(text))) } }
}

/// A schema whole: its members, or its variants.
pub(super) fn whole(schema: &Value) -> Markup {
    let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    html! {
        (about(schema))
        @if let Some(members) = schema["properties"].as_object() {
            div class="wide" tabindex="0" { table {
                thead { tr { th { "Member" } th { "Type" } th { "Meaning" } } }
                tbody { @for (name, member) in members { (row(name, member, &schema["required"])) } }
            } }
        } @else if let Some(variants) = variants {
            p { "One of these:" }
            @for variant in variants { div class="variant" { (whole(variant)) } }
        } @else {
            p { (brief(schema)) @if let Some(pattern) = schema["pattern"].as_str() { ": " code { (pattern) } } }
        }
    }
}

fn row(name: &str, member: &Value, required: &Value) -> Markup {
    let needed = required.as_array().is_some_and(|required| required.iter().any(|one| one == name));
    html! { tr {
        td { code { (name) } @if needed { " " span class="needed" { "required" } } }
        td { (brief(member)) }
        td { (about(member)) }
    } }
}
