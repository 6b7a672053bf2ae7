//! Guides as HTML, and as Markdown whose links lead to pages of the hub.

use super::links::{Headings, Place, place};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};

const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// A guide as HTML. `file` is where it stands in the repository. HTML within it is shown as text.
pub(super) fn html(markdown: &str, file: &str) -> String {
    let mut events: Vec<_> = Parser::new_ext(markdown, OPTIONS).collect();
    name_headings(&mut events);
    let mut led_nowhere = Vec::new();
    let shown = events.into_iter().flat_map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let href = href(&dest_url, file, "");
            led_nowhere.push(href.is_none());
            let dest = href.map(|href| Tag::Link { link_type, dest_url: href.into(), title, id });
            [dest.map(Event::Start), None]
        }
        Event::End(TagEnd::Link) => {
            let nowhere = led_nowhere.pop().unwrap_or_default();
            [(!nowhere).then_some(Event::End(TagEnd::Link)), None]
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let source = href(&dest_url, file, "").unwrap_or_default();
            [Some(Event::Start(Tag::Image { link_type, dest_url: source.into(), title, id })), None]
        }
        // A wide table scrolls by itself, so that the page does not.
        Event::Start(table @ Tag::Table(_)) => {
            let around = "<div class=\"wide\" tabindex=\"0\">";
            [Some(Event::Html(around.into())), Some(Event::Start(table))]
        }
        Event::End(TagEnd::Table) => [Some(Event::End(TagEnd::Table)), Some(Event::Html("</div>\n".into()))],
        Event::Html(text) | Event::InlineHtml(text) => [Some(Event::Text(text)), None],
        other => [Some(other), None],
    });
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut out, shown.flatten());
    // The policy of the pages allows no style within a page. The `<` of a text is escaped: these are the renderer's own.
    for cell in ["th", "td"] {
        for side in ["left", "center", "right"] {
            let style = format!("<{cell} style=\"text-align: {side}\">");
            out = out.replace(&style, &format!("<{cell} class=\"{side}\">"));
        }
    }
    out
}

/// A short text as HTML, without a page around it.
pub(super) fn fragment(markdown: &str) -> String {
    html(markdown, "docs/fragment.md")
}

fn name_headings(events: &mut [Event<'_>]) {
    let mut headings = Headings::default();
    for at in 0..events.len() {
        if !matches!(events[at], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let inside = events[at..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let words = inside.filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            _ => None,
        });
        let name = headings.name(&words.collect::<String>());
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
            *id = Some(name.into());
        }
    }
}

/// Where a link leads on the hub; `extension` stands behind the names of pages.
fn href(link: &str, file: &str, extension: &str) -> Option<String> {
    match place(link, file) {
        Place::AsWritten => Some(link.to_owned()),
        Place::Page { slug, heading } => Some(format!("/docs/{slug}{extension}{heading}")),
        Place::Asset(name) => Some(format!("/docs/{name}")),
        Place::Nowhere => None,
    }
}

/// A guide as it was written, but for its links. One that leads to what a hub does not show is its text alone.
pub(super) fn twin(markdown: &str, file: &str) -> String {
    let mut out = String::with_capacity(markdown.len() + 256);
    let mut copied = 0;
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        let Event::Start(
            Tag::Link { link_type: LinkType::Inline, dest_url, .. }
            | Tag::Image { link_type: LinkType::Inline, dest_url, .. },
        ) = event
        else {
            continue;
        };
        let written = &markdown[range.clone()];
        let Some((shown, _)) = written.rsplit_once("](") else { continue };
        if range.start < copied {
            continue;
        }
        out.push_str(&markdown[copied..range.start]);
        match href(&dest_url, file, ".md") {
            Some(href) => out.extend([shown, "](", &href, ")"]),
            None => out.push_str(shown.trim_start_matches('!').trim_start_matches('[')),
        }
        copied = range.end;
    }
    out.push_str(&markdown[copied..]);
    out
}

/// The first sentence below the title.
pub(super) fn first_sentence(markdown: &str) -> String {
    let mut words = String::new();
    let mut inside = false;
    for event in Parser::new_ext(markdown, OPTIONS) {
        match event {
            Event::Start(Tag::Paragraph) => inside = true,
            Event::End(TagEnd::Paragraph) if !words.trim().is_empty() => break,
            Event::Text(text) | Event::Code(text) if inside => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak if inside => words.push(' '),
            _ => {}
        }
    }
    let end = words.find(". ").map_or(words.len(), |at| at + 1);
    words[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_becomes_html_with_links_of_the_hub() {
        let html = html(
            "# A `b` c\n\nSee [feeds](feed.md#tokens), [code](../src/x.rs) <script>x</script>.",
            "docs/a.md",
        );
        let expected = "<h1 id=\"a-b-c\">A <code>b</code> c</h1>\n<p>See <a href=\"/docs/feed#tokens\">feeds</a>, code \
                        &lt;script&gt;x&lt;/script&gt;.</p>\n";
        assert_eq!(html, expected);
    }

    #[test]
    fn columns_are_aligned_by_the_style_sheet() {
        let html = html("| a | b |\n|---|--:|\n| `<td style=\"text-align: right\">` | 2 |\n", "docs/a.md");
        assert!(
            html.contains("<th class=\"right\">b</th>") && html.contains("<td class=\"right\">2</td>"),
            "{html}"
        );
        assert!(html.contains("<code>&lt;td style=\"text-align: right\"&gt;</code>"), "{html}");
    }

    #[test]
    fn a_twin_differs_in_its_links_alone() {
        let markdown = "# A\n\nSee [feeds\nof *it*](feed.md#tokens), [code](../src/x.rs), <https://x.y>,\n![drawn](architecture.svg).\n";
        let expected = "# A\n\nSee [feeds\nof *it*](/docs/feed.md#tokens), code, <https://x.y>,\n![drawn](/docs/architecture.svg).\n";
        assert_eq!(twin(markdown, "docs/a.md"), expected);
    }

    #[test]
    fn a_page_is_summed_up_by_its_first_sentence() {
        assert_eq!(first_sentence("# A\n\nOne `b`\nhere. Two.\n\nThree."), "One b here.");
        assert_eq!(first_sentence("# A\n"), "");
    }
}
