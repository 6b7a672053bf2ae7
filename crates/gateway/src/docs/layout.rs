//! What is around every page.

use bytes::Bytes;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Guides that every page leads to; the others are found from them.
const NAVIGATION: [(&str, &str); 13] = [
    ("readme", "Overview"),
    ("concepts", "Concepts"),
    ("api", "By example"),
    ("cli", "Commands"),
    ("guarantees", "Guarantees"),
    ("limits", "Limits"),
    ("problems", "Problems"),
    ("feed", "Change feed"),
    ("sockets", "Sockets"),
    ("operations", "Operations"),
    ("cluster", "Cluster"),
    ("runbooks", "Runbooks"),
    ("architecture", "Architecture"),
];

/// A page: what is beside its text, and its text.
pub(super) fn page(title: &str, slug: &str, aside: &Markup, main: &Markup) -> Bytes {
    let shown = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Context Hub" }
                link rel="icon" type="image/svg+xml" href="/docs/icon.svg";
                link rel="stylesheet" href="/docs/style.css";
            }
            body {
                a class="skip" href="#text" { "Skip to the text" }
                header {
                    a class="brand" href="/docs" {
                        img src="/docs/icon.svg" alt="" width="24" height="24";
                        "Context Hub"
                    }
                    nav aria-label="Pages" {
                        (link("/docs", "Reference", slug.is_empty()))
                        @for (guide, name) in NAVIGATION {
                            (link(&format!("/docs/{guide}"), name, guide == slug))
                        }
                        a href="/openapi.json" { "OpenAPI" }
                    }
                }
                div class="columns" {
                    (aside)
                    main id="text" tabindex="-1" { (main) }
                }
            }
        }
    };
    Bytes::from(shown.into_string())
}

/// A guide around its HTML.
pub(super) fn guide(title: &str, slug: &str, text: &str) -> Bytes {
    let twin = html! {
        article { (PreEscaped(text)) }
        footer { a href={ "/docs/" (slug) ".md" } { "This page in Markdown" } }
    };
    page(title, slug, &html! {}, &twin)
}

fn link(href: &str, text: &str, current: bool) -> Markup {
    html! { a href=(href) aria-current=[current.then_some("page")] { (text) } }
}
