//! Every guide is shown, and every link leads somewhere.

use super::{assets, find, llms, markdown, pages, problems, reference};
use crate::openapi;
use std::collections::HashSet;
use std::path::Path;

/// The Markdown files below a folder of the repository.
fn files(folder: &Path, root: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn every_guide_of_the_repository_is_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut there = Vec::new();
    files(&root.join("docs"), &root, &mut there);
    assert!(there.len() > 40);
    for file in there {
        assert!(pages::of_file(&file).is_some(), "{file} is no page of the hub: add it to docs/pages.rs");
    }
}

#[test]
fn every_page_has_a_name_and_a_title_of_its_own() {
    let names: HashSet<_> = pages::all().iter().map(|page| &page.slug).collect();
    assert_eq!(names.len(), pages::all().len());
    for page in pages::all() {
        assert_ne!(page.title, page.file, "{} has no heading", page.file);
        assert!(!markdown::first_sentence(page.markdown).is_empty(), "{}", page.file);
        assert!(assets::find(&page.slug).is_none());
    }
}

/// The values of `href` and `src`.
fn links(html: &str) -> impl Iterator<Item = &str> {
    let values = |name: &'static str| html.split(name).skip(1).filter_map(|rest| rest.split('"').next());
    values(" href=\"").chain(values(" src=\""))
}

/// Whether a path of the hub is one that it has, with the heading that a link to it names.
fn is_there(link: &str, from: &str) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let text = match path {
        "" => from.to_owned(),
        "/docs" => String::from_utf8(reference::page().to_vec()).unwrap(),
        "/openapi.json" | "/llms.txt" => return heading.is_empty(),
        _ => {
            let Some(name) = path.strip_prefix("/docs/") else { return false };
            if let Some(slug) = name.strip_prefix("problems/") {
                return problems::find(slug).is_some();
            }
            if assets::find(name).is_some() {
                return true;
            }
            let Some(page) = find("", name.strip_suffix(".md").unwrap_or(name)) else { return false };
            String::from_utf8(page.html().to_vec()).unwrap()
        }
    };
    heading.is_empty() || text.contains(&format!(" id=\"{heading}\""))
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let guides = pages::all().iter().map(|page| (page.slug.clone(), page.html()));
    let others = [("reference".to_owned(), reference::page())];
    let all = guides
        .chain(others)
        .chain(problems::all().map(|section| (section.slug().to_owned(), section.html())));
    let mut count = 0;
    for (name, html) in all {
        let html = std::str::from_utf8(&html).unwrap();
        for link in links(html).filter(|link| !link.contains("://")) {
            assert!(is_there(link, html), "{name} leads to {link}");
            count += 1;
        }
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn every_link_of_every_twin_leads_somewhere() {
    for page in pages::all() {
        let twin = String::from_utf8(page.twin().to_vec()).unwrap();
        let shown = markdown::html(&twin, page.file);
        for link in links(&shown).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            assert!(is_there(link, ""), "{} leads to {link}", page.slug);
        }
    }
}

#[test]
fn the_reference_shows_every_operation() {
    let html = String::from_utf8(reference::page().to_vec()).unwrap();
    for (path, item) in openapi::document()["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(html.contains(&format!("id=\"{id}\"")), "{id} of {path}");
        }
    }
    assert!(!html.contains("<script") && !html.contains("style=\""), "its policy allows neither");
}

#[test]
fn the_list_for_language_models_names_every_page() {
    let text = llms::text();
    assert!(text.starts_with("# Context Hub\n\n> "));
    for page in pages::all() {
        assert!(text.contains(&format!("](/docs/{}.md): ", page.slug)), "{}", page.slug);
    }
}
