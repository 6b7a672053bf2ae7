//! The type of a document that nobody named: the one that its changes show.

use base::Shape;

use super::Summary;
use super::run::{Kind, Place};

/// Where a text document has its text.
const CONTENT: &str = "content";

/// The type of a document that begins with these changes: a text if its root map has had the one key `content`, and
/// only texts there. Known without opening it, because a document may be born with megabytes.
pub fn shape<'a>(changes: impl IntoIterator<Item = &'a Summary>) -> Shape {
    let at_root =
        changes.into_iter().flat_map(|change| change.runs.iter()).filter_map(|(run, _)| match &run.place {
            Place::Key { object: None, key, kind } => Some((&**key, *kind)),
            _ => None,
        });
    let mut texts = 0;
    for place in at_root {
        match place {
            (CONTENT, Kind::Text) => texts += 1,
            _ => return Shape::Json,
        }
    }
    if texts > 0 { Shape::Text } else { Shape::Json }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admit::Limits;
    use crate::graph::Graph;
    use automerge::transaction::Transactable;
    use automerge::{AutoCommit, ObjType, ROOT};

    fn shape_of(mut doc: AutoCommit) -> Shape {
        let admission = Graph::new().admit(&doc.save(), &Limits::default()).unwrap();
        shape(admission.changes.iter().map(|change| &change.summary))
    }

    #[test]
    fn a_text_alone_at_content_is_a_text() {
        let mut doc = AutoCommit::new();
        let text = doc.put_object(ROOT, CONTENT, ObjType::Text).unwrap();
        doc.splice_text(&text, 0, 0, "hello").unwrap();
        assert_eq!(shape_of(doc.clone()), Shape::Text);
        doc.put(ROOT, "other", 1).unwrap();
        assert_eq!(shape_of(doc), Shape::Json);
    }

    #[test]
    fn anything_else_is_json() {
        let mut scalar = AutoCommit::new();
        scalar.put(ROOT, CONTENT, "a string").unwrap();
        assert_eq!(shape_of(scalar), Shape::Json);
        let mut list = AutoCommit::new();
        list.put_object(ROOT, CONTENT, ObjType::List).unwrap();
        assert_eq!(shape_of(list), Shape::Json);
        let mut empty = AutoCommit::new();
        empty.empty_change(automerge::transaction::CommitOptions::default());
        assert_eq!(shape_of(empty), Shape::Json);
    }
}
