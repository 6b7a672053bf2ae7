//! Where the links of a page lead: guides name files of the repository, and of those a hub shows some.

use super::{assets, pages};

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To where it says.
    AsWritten,
    /// To a page, and a heading of it: `#…`, or nothing.
    Page { slug: String, heading: String },
    /// To a picture.
    Asset(&'static str),
    /// To what a hub does not show.
    Nowhere,
}

/// Where a link of the page `file` leads.
pub(super) fn place(link: &str, file: &str) -> Place {
    if link.starts_with(['#', '/']) || link.contains("://") || link.starts_with("mailto:") {
        return Place::AsWritten;
    }
    let (path, heading) = link.find('#').map_or((link, ""), |at| link.split_at(at));
    let path = beside(file, path);
    if let Some(asset) = path.strip_prefix("docs/").and_then(assets::find) {
        return Place::Asset(asset.name);
    }
    match pages::of_file(&path).or_else(|| pages::of_file(&format!("{path}/README.md"))) {
        Some(known) => Place::Page { slug: slug(known), heading: heading.to_owned() },
        None => Place::Nowhere,
    }
}

/// A path that is written as seen from a file, as seen from the root of the repository.
fn beside(file: &str, path: &str) -> String {
    let mut parts: Vec<_> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Where a file of the repository is shown, below `/docs/`.
pub(super) fn slug(file: &str) -> String {
    let name = file.strip_suffix(".md").unwrap_or(file);
    match name.strip_prefix("docs/") {
        Some(inside) => inside.strip_suffix("/README").unwrap_or(inside).to_owned(),
        None => name.to_ascii_lowercase(),
    }
}

/// The name of a heading in links, as code hosts make it: two equal ones of a page are told apart by `Headings`.
fn heading(text: &str) -> String {
    let kept = text.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Names the headings of one page.
#[derive(Default)]
pub(super) struct Headings {
    used: Vec<String>,
}

impl Headings {
    /// The name of the next heading.
    pub(super) fn name(&mut self, text: &str) -> String {
        let name = heading(text);
        let before = self.used.iter().filter(|used| **used == name).count();
        self.used.push(name.clone());
        if before == 0 { name } else { format!("{name}-{before}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(slug: &str, heading: &str) -> Place {
        Place::Page { slug: slug.into(), heading: heading.into() }
    }

    #[test]
    fn links_lead_to_pages_of_the_hub() {
        let table = [
            ("docs/feed.md", "problems.md#feed-token-too-old", page("problems", "#feed-token-too-old")),
            ("docs/adr/README.md", "0018-reigns.md", page("adr/0018-reigns", "")),
            ("docs/adr/0018-reigns.md", "../sockets.md", page("sockets", "")),
            ("ARCHITECTURE.md", "docs/adr/README.md", page("adr", "")),
            ("ARCHITECTURE.md", "docs/runbooks/", page("runbooks", "")),
            ("docs/feed.md", "../README.md", page("readme", "")),
            ("ARCHITECTURE.md", "docs/architecture.svg", Place::Asset("architecture.svg")),
            ("docs/guarantees.md", "../crates/wal/src/lib.rs", Place::Nowhere),
            ("docs/guarantees.md", "../../../../etc/passwd", Place::Nowhere),
            ("docs/guarantees.md", "https://automerge.org", Place::AsWritten),
            ("docs/guarantees.md", "#here", Place::AsWritten),
        ];
        for (file, link, expected) in table {
            assert_eq!(place(link, file), expected, "{link} in {file}");
        }
    }

    #[test]
    fn headings_have_names_of_their_own() {
        let mut headings = Headings::default();
        assert_eq!(headings.name("What `/sync` says, briefly"), "what-sync-says-briefly");
        assert_eq!(headings.name("Tokens"), "tokens");
        assert_eq!(headings.name("Tokens"), "tokens-1");
    }
}
