//! Reading Markdown, as far as links need it: headings, links, and words in backticks. Fenced blocks are skipped.

/// Something that stands on a line of a page.
#[derive(Debug, PartialEq)]
pub struct Found {
    /// The line, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// The targets of all links and pictures.
pub fn targets(page: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (line, text) in prose(page) {
        let text = without_code(text);
        let inline = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
        let html = ["href=\"", "src=\""]
            .into_iter()
            .flat_map(|key| text.match_indices(key).map(|(at, key)| &text[at + key.len()..]));
        let ends = [')', '"', ' '];
        found.extend(
            inline
                .chain(html)
                .map(|rest| Found { line, text: rest.split(ends).next().unwrap_or_default().to_owned() }),
        );
    }
    found
}

/// The anchors that the headings of a page make, as forges derive them.
pub fn anchors(page: &str) -> Vec<String> {
    let headings = prose(page).filter_map(|(_, line)| line.strip_prefix('#'));
    let mut anchors: Vec<String> = Vec::new();
    for heading in headings {
        let slug = slug(heading.trim_start_matches('#').trim());
        let repeats = anchors.iter().filter(|known| **known == slug).count();
        anchors.push(if repeats == 0 { slug } else { format!("{slug}-{repeats}") });
    }
    anchors
}

/// The words in backticks.
pub fn code(page: &str) -> Vec<Found> {
    let spans = |(line, text): (usize, &str)| {
        let spans: Vec<Found> =
            text.split('`').skip(1).step_by(2).map(|text| Found { line, text: text.to_owned() }).collect();
        spans
    };
    prose(page).flat_map(spans).collect()
}

/// The lines outside fenced blocks, numbered from 1.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, line))
    })
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_pictures_are_found_and_code_is_not() {
        let page =
            "see [a](b.md#c) and ![d](e.svg \"title\")\n`[x](y)`\n```\n[z](q)\n```\n<img src=\"f.svg\">\n";
        let found: Vec<_> = targets(page).into_iter().map(|found| (found.line, found.text)).collect();
        let wanted = [(1, "b.md#c"), (1, "e.svg"), (6, "f.svg")];
        assert_eq!(found, wanted.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn anchors_are_those_of_a_forge() {
        let page = "# The log: `wal`, and more\n## Twice\n## Twice\n```\n# not a heading\n```\n";
        assert_eq!(anchors(page), ["the-log-wal-and-more", "twice", "twice-1"]);
    }

    #[test]
    fn words_in_backticks_are_found() {
        let found: Vec<_> = code("`a/b` or `c`\n").into_iter().map(|found| found.text).collect();
        assert_eq!(found, ["a/b", "c"]);
    }
}
