//! Documents by their names. To read or to write a name takes two digests, and most sockets have one document: the last
//! name is remembered.

use base::DocId;
use wire::{DocumentName, document_id};

/// The names that a socket uses.
#[derive(Default)]
pub(super) struct Names {
    last: Option<(DocId, DocumentName)>,
}

impl Names {
    /// The document with this name, if it is one.
    pub fn id(&mut self, name: &str) -> Option<DocId> {
        match &self.last {
            Some((id, last)) if last.as_str() == name => Some(*id),
            _ => {
                let id = document_id(name).ok()?;
                self.last = Some((id, DocumentName::from(id)));
                Some(id)
            }
        }
    }

    /// The name of a document.
    pub fn name(&mut self, id: DocId) -> DocumentName {
        match &self.last {
            Some((last, name)) if *last == id => *name,
            _ => {
                let name = DocumentName::from(id);
                self.last = Some((id, name));
                name
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;

    #[test]
    fn names_are_those_of_the_document_whatever_came_before() {
        let ids = [1, 2].map(|n| DocId::mint(Slot::new(n).unwrap(), [n as u8; 16]));
        let mut names = Names::default();
        for id in [ids[0], ids[0], ids[1], ids[0]] {
            let name = names.name(id);
            assert_eq!(name, DocumentName::from(id));
            assert_eq!(names.id(name.as_str()), Some(id));
            assert_eq!(names.id("no name"), None);
        }
        let others: Vec<_> = ids.iter().map(|id| DocumentName::from(*id)).collect();
        let read = others.iter().map(|name| Names::default().id(name.as_str()));
        assert!(read.eq(ids.map(Some)));
    }
}
