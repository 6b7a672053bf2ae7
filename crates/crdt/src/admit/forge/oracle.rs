//! Asks Automerge whether it applies changes, saves the document and loads it again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{
    AutoCommit, Automerge, Change, ChangeHash, ObjId, ObjType, PatchLog, ReadDoc, ScalarValue,
    transaction::Transactable,
};
use thiserror::Error;

/// What Automerge does not survive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Broken {
    /// It panics.
    #[error("Automerge panics: {0}")]
    Panics(String),
    /// It refuses to apply a change.
    #[error("Automerge refuses a change: {0}")]
    Refuses(String),
    /// It applies the changes and saves a document that does not load.
    #[error("Automerge does not load what it saved: {0}")]
    DoesNotLoad(String),
    /// Two ways to the same document do not arrive at the same heads.
    #[error("Automerge comes to other heads: {0}")]
    OtherHeads(&'static str),
}

/// Applies the changes in these chunks in every way, saves, loads, reads and edits.
pub fn survive(chunks: &[impl AsRef<[u8]>]) -> Result<(), Broken> {
    catch_unwind(AssertUnwindSafe(|| try_out(chunks)))
        .unwrap_or_else(|cause| Err(Broken::Panics(text_of(&*cause))))
}

fn try_out(chunks: &[impl AsRef<[u8]>]) -> Result<(), Broken> {
    let changes: Vec<Change> = chunks.iter().map(|chunk| parse(chunk.as_ref())).collect::<Result<_, _>>()?;
    let expected = heads_of(&changes);

    let mut together = Automerge::new();
    together.apply_changes(changes.clone()).map_err(refuses)?;
    expect_heads(&together, &expected, "applied together")?;
    let mut log = PatchLog::active();
    let mut singly = Automerge::new();
    for change in &changes {
        singly.apply_changes_log_patches([change.clone()], &mut log).map_err(refuses)?;
    }
    expect_heads(&singly, &expected, "applied one by one")?;
    singly.make_patches(&mut log);

    for doc in [&together, &singly] {
        for saved in [doc.save(), doc.save_nocompress(), together.save_after(&[])] {
            let loaded = Automerge::load(&saved).map_err(|error| Broken::DoesNotLoad(error.to_string()))?;
            expect_heads(&loaded, &expected, "loaded")?;
            read(&loaded);
        }
        read(doc);
        edit(doc)?;
    }
    Ok(())
}

fn parse(chunk: &[u8]) -> Result<Change, Broken> {
    Change::try_from(chunk).map_err(|error| Broken::Refuses(error.to_string()))
}

fn refuses(error: automerge::AutomergeError) -> Broken {
    Broken::Refuses(error.to_string())
}

fn heads_of(changes: &[Change]) -> BTreeSet<ChangeHash> {
    let depended_on: BTreeSet<ChangeHash> =
        changes.iter().flat_map(|change| change.deps().iter().copied()).collect();
    changes.iter().map(Change::hash).filter(|hash| !depended_on.contains(hash)).collect()
}

fn expect_heads(doc: &Automerge, expected: &BTreeSet<ChangeHash>, when: &'static str) -> Result<(), Broken> {
    match doc.get_heads().into_iter().collect::<BTreeSet<_>>() == *expected {
        true => Ok(()),
        false => Err(Broken::OtherHeads(when)),
    }
}

/// Reads all there is; a document that can be loaded and not be read is of no use.
fn read(doc: &Automerge) {
    let _ = doc.hydrate(None);
    doc.get_changes(&[]).iter().for_each(|change| drop(change.decode()));
    let mut objects = vec![(automerge::ROOT, ObjType::Map)];
    while let Some((object, kind)) = objects.pop() {
        let inside: Vec<ObjId> = match kind {
            ObjType::Map | ObjType::Table => doc.map_range(&object, ..).map(|item| item.id()).collect(),
            ObjType::List | ObjType::Text => doc.list_range(&object, ..).map(|item| item.id()).collect(),
        };
        if kind == ObjType::Text {
            let _ = (doc.text(&object), doc.marks(&object), doc.spans(&object).map(Iterator::count));
        }
        objects.extend(inside.into_iter().filter_map(|id| Some((id.clone(), doc.object_type(&id).ok()?))));
    }
}

/// Makes a change on top, as any client would.
fn edit(doc: &Automerge) -> Result<(), Broken> {
    let mut doc = AutoCommit::load(&doc.save()).map_err(|error| Broken::DoesNotLoad(error.to_string()))?;
    doc.put(automerge::ROOT, "edit", ScalarValue::Int(1)).map_err(refuses)?;
    doc.commit();
    let saved = doc.save();
    AutoCommit::load(&saved).map(drop).map_err(|error| Broken::DoesNotLoad(error.to_string()))
}

fn text_of(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
}
