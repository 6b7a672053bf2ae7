//! `/llms.txt`: the pages that there are, in the form of llmstxt.org.

use super::{markdown, pages};
use std::fmt::Write as _;
use std::sync::LazyLock;

const BEGINNING: &str = "\
# Context Hub

> A document store whose documents merge: people and agents write at the same time over REST, WebSockets or automerge-repo, and \
nothing that was acknowledged is lost.

Name the version that an edit was made against, and the hub merges it with what others wrote meanwhile. Send an \
`Idempotency-Key` with every write that may have to be sent again. Every refusal is `application/problem+json`, and its `type` is \
the path of a page that says what to do.

## API

- [OpenAPI 3.1](/openapi.json): every path, verb, schema and problem
- [Reference](/docs): the same for people
";

/// The list.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(make);
    &TEXT
}

fn make() -> String {
    let mut text = BEGINNING.to_owned();
    let mut chapter = "";
    for page in pages::all() {
        if page.chapter != chapter {
            chapter = page.chapter;
            let _ = write!(text, "\n## {chapter}\n\n");
        }
        let about = markdown::first_sentence(page.markdown);
        let _ = writeln!(text, "- [{}](/docs/{}.md): {about}", page.title, page.slug);
    }
    text
}
