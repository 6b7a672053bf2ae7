//! The API for people, made of its description.

use super::markdown::fragment;
use super::{curl, layout, schema};
use crate::openapi;
use bytes::Bytes;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;
use std::sync::LazyLock;

/// One operation of the description.
struct Shown {
    method: &'static str,
    path: &'static str,
    operation: &'static Value,
}

/// The page.
pub(crate) fn page() -> Bytes {
    static PAGE: LazyLock<Bytes> = LazyLock::new(|| make(openapi::document()));
    PAGE.clone()
}

fn make(document: &'static Value) -> Bytes {
    let chapters: Vec<_> = list(&document["tags"])
        .map(|tag| (tag, operations(document, &tag["name"])))
        .filter(|(_, operations)| !operations.is_empty())
        .collect();
    let schemas = members(&document["components"]["schemas"]);
    let aside = html! {
        aside { nav aria-label="Operations" {
            @for (tag, operations) in &chapters {
                h2 { a href={ "#" (word(&tag["name"])) } { (word(&tag["name"])) } }
                ul { @for shown in operations { li { (entry(shown)) } } }
            }
            h2 { a href="#schemas" { "Schemas" } }
        } }
    };
    let main = html! {
        h1 { "Reference" }
        p { "Version " (word(&document["info"]["version"])) ". The same for programs: " a href="/openapi.json" { "OpenAPI 3.1" } "." }
        (text(&document["info"]["description"]))
        p { "The examples take " code { "HUB" } " and " code { "TOKEN" } " from the shell:" }
        pre tabindex="0" { code { "HUB=http://127.0.0.1:8080\nTOKEN=$(cat data/owner.token)" } }
        @for (tag, operations) in &chapters {
            section id=(word(&tag["name"])) {
                h2 { (word(&tag["name"])) }
                (text(&tag["description"]))
                @for shown in operations { (article(shown)) }
            }
        }
        section id="schemas" {
            h2 { "Schemas" }
            @for (name, schema) in schemas {
                article id={ "schema-" (name) } { h3 { (name) } (schema::whole(schema)) }
            }
        }
    };
    layout::page("Reference", "", &aside, &main)
}

fn operations(document: &'static Value, tag: &Value) -> Vec<Shown> {
    let of_path = |(path, item): (&'static String, &'static Value)| {
        members(item).map(move |(method, operation)| Shown { method, path, operation })
    };
    let all = members(&document["paths"]).flat_map(of_path);
    all.filter(|shown| list(&shown.operation["tags"]).any(|one| one == tag)).collect()
}

fn entry(shown: &Shown) -> Markup {
    html! {
        a href={ "#" (word(&shown.operation["operationId"])) } {
            span class={ "method " (shown.method) } { (shown.method.to_uppercase()) } " "
            span class="path" { (shown.path) }
        }
    }
}

fn article(shown: &Shown) -> Markup {
    let Shown { method, path, operation } = shown;
    let guarded = list(&operation["security"]).next().is_some();
    html! {
        article class="operation" id=(word(&operation["operationId"])) {
            h3 { (word(&operation["summary"])) }
            p class="line" {
                span class={ "method " (method) } { (method.to_uppercase()) } " " code { (path) }
                @if guarded { " " span class="needed" { "takes a token" } }
            }
            (text(&operation["description"]))
            pre tabindex="0" { code { (curl::command(method, path, operation)) } }
            (parameters(&operation["parameters"]))
            (body(&operation["requestBody"]["content"]))
            (answers(&operation["responses"]))
        }
    }
}

fn parameters(parameters: &'static Value) -> Markup {
    html! {
        @if list(parameters).next().is_some() {
            h4 { "Parameters" }
            div class="wide" tabindex="0" { table {
                thead { tr { th { "Name" } th { "Where" } th { "Type" } th { "Meaning" } } }
                tbody { @for parameter in list(parameters) { tr {
                    td { code { (word(&parameter["name"])) } }
                    td { (word(&parameter["in"])) }
                    td { (schema::brief(&parameter["schema"])) }
                    td { (text(&parameter["description"])) }
                } } }
            } }
        }
    }
}

fn body(content: &'static Value) -> Markup {
    html! {
        @if members(content).next().is_some() {
            h4 { "Body" }
            ul { @for (media, body) in members(content) { li { code { (media) } ": " (schema::brief(&body["schema"])) } } }
        }
    }
}

fn answers(answers: &'static Value) -> Markup {
    html! {
        h4 { "Answers" }
        div class="wide" tabindex="0" { table {
            thead { tr { th { "Status" } th { "Body" } th { "Headers" } th { "Meaning" } } }
            tbody { @for (status, answer) in members(answers) { tr {
                td { code { (status) } }
                td { @for (at, (media, body)) in members(&answer["content"]).enumerate() {
                    @if at > 0 { br; }
                    code { (media) } ": " (schema::brief(&body["schema"]))
                } }
                td { @for (name, _) in members(&answer["headers"]) { code { (name) } " " } }
                td { (text(&answer["description"])) }
            } } }
        } }
    }
}

fn text(markdown: &Value) -> Markup {
    html! { @if let Some(markdown) = markdown.as_str() { (PreEscaped(fragment(markdown))) } }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &'static Value) -> impl Iterator<Item = &'static Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &'static Value) -> impl Iterator<Item = (&'static String, &'static Value)> {
    value.as_object().into_iter().flatten()
}
