//! What a hub says about itself: every page that it names is there, and asks for nothing from elsewhere.

use crate::support::{Reply, TestHub};
use std::collections::{BTreeMap, BTreeSet};

/// What a browser accepts.
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// Where the links of a page lead: in HTML, and in Markdown.
fn links(page: &Reply) -> BTreeSet<String> {
    let text = page.text();
    let between = |before: &'static str, after: char| {
        text.split(before).skip(1).filter_map(move |rest| rest.split(after).next()).map(str::to_owned)
    };
    match page.header("content-type") {
        "text/html; charset=utf-8" => between(" href=\"", '"').chain(between(" src=\"", '"')).collect(),
        "text/markdown; charset=utf-8" | "text/plain; charset=utf-8" => between("](", ')').collect(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test]
async fn every_link_of_every_page_resolves() {
    let hub = TestHub::start().await;
    let anyone = hub.anyone();
    let mut pages: BTreeMap<String, Reply> = BTreeMap::new();
    let mut todo = vec!["/docs".to_owned(), "/llms.txt".to_owned(), "/docs/problems.md".to_owned()];
    let mut wanted = BTreeSet::new();
    while let Some(path) = todo.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let page = anyone.get(&path).headers(&[BROWSER]).send().await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let html = page.header("content-type").starts_with("text/html");
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            let (to, heading) = link.split_once('#').unwrap_or((&link, ""));
            let to = if to.is_empty() { &path } else { to };
            assert!(to.starts_with('/'), "{path} leads to {link}");
            todo.push(to.to_owned());
            if html && !heading.is_empty() {
                wanted.insert((to.to_owned(), heading.to_owned(), path.clone()));
            }
        }
        if html {
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert!(!page.text().contains("<script"), "{path}");
        }
        pages.insert(path, page);
    }
    for (to, heading, from) in wanted {
        let there = pages[&to].text().contains(&format!(" id=\"{heading}\""));
        assert!(there, "{from} leads to {to}#{heading}");
    }
    assert!(pages.len() > 100, "{} pages", pages.len());
}

#[tokio::test]
async fn a_page_comes_in_the_form_that_is_asked_for() {
    let hub = TestHub::start().await;
    let anyone = hub.anyone();
    let shown = anyone.get("/docs/feed").headers(&[BROWSER]).send().await;
    assert_eq!(shown.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(shown.header("vary"), "accept, accept-encoding");
    let plain = anyone.get("/docs/feed").send().await;
    assert_eq!(plain.header("content-type"), "text/markdown; charset=utf-8");
    assert!(plain.text().starts_with("# The change feed\n"));
    let twin = anyone.get("/docs/feed.md").headers(&[BROWSER]).send().await;
    assert_eq!(twin.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(twin.text(), plain.text());
    let problem = anyone.get("/docs/problems/not-found").headers(&[BROWSER]).send().await;
    assert!(problem.text().contains("<h2 id=\"not-found\">"), "{problem:?}");
    anyone.get("/docs/nothing").headers(&[BROWSER]).send().await.problem(404, "unknown-path");
    anyone.get("/docs/adr/nothing").send().await.problem(404, "unknown-path");
}

#[tokio::test]
async fn the_description_is_the_one_that_is_committed() {
    let hub = TestHub::start().await;
    let served = hub.anyone().get("/openapi.json").send().await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text(), include_str!("../../../../docs/openapi.json"));
}
