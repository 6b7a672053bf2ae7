//! Reading a document's graph from the store: from the compacted chunk and the versions behind it, without opening the
//! document. Blocking and computing.

use super::content::Content;
use crate::documents::{Fault, Keyring, compacted, unsealed_versions};
use crate::store::{DocKey, Head, StoreView, split_heads};
use crdt::admit::Limits;
use crdt::graph::Misfit;

/// What is stored was admitted before, piece by piece; together it may be more than is ever taken at once.
pub const STORED: Limits = Limits { inflated_bytes: u64::MAX, orphans: 0 };

/// The content of a document as its head says.
pub fn load(keyring: &Keyring, view: &StoreView<'_>, doc: &DocKey, head: &Head) -> Result<Content, Fault> {
    let key = keyring.document_key(view, doc, head)?;
    let mut content = match compacted(view, doc, &key)? {
        None => Content::new(key, 0),
        Some((version, chunk)) => {
            let mut content = Content::new(key, version);
            let admission = content.graph.admit(&chunk, &STORED).map_err(unfit)?;
            content.add_compacted(&admission.changes, chunk.len()).map_err(misfit)?;
            content
        }
    };
    match add_since(&mut content, view, doc, head)? {
        true => Ok(content),
        false => Err(Fault::damaged("a version that is not in the compacted chunk is empty")),
    }
}

/// Brings content up to a later head. `false`: versions in between were compacted, and it is to be loaded anew.
pub fn add_since(
    content: &mut Content,
    view: &StoreView<'_>,
    doc: &DocKey,
    head: &Head,
) -> Result<bool, Fault> {
    let Some(versions) = unsealed_versions(view, doc, &content.key, head, content.version)? else {
        return Ok(false);
    };
    for (version, changes) in versions {
        if version != content.version + 1 {
            return Err(Fault::damaged(format!("version {} is missing", content.version + 1)));
        }
        let admission = content.graph.admit(&changes, &STORED).map_err(unfit)?;
        if let Some(orphan) = admission.orphans.first() {
            return Err(Fault::damaged(format!("change {} is missing", orphan.missing)));
        }
        content.add_version(&admission.changes).map_err(misfit)?;
    }
    let heads = split_heads(&head.heads)?;
    if content.version != head.version || !content.graph.heads().eq(heads) {
        return Err(Fault::damaged("the stored changes lead to other heads than the document's head record"));
    }
    Ok(true)
}

fn unfit(refused: crdt::admit::Refused) -> Fault {
    Fault::damaged(format!("a stored change is not sound: {refused}"))
}

/// A change does not fit on those before it.
pub fn misfit(misfit: Misfit) -> Fault {
    Fault::damaged(format!("a stored change does not fit: {misfit}"))
}
