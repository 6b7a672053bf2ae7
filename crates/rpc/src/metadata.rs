//! What is said of a document beside its content.

use crate::{EditKey, Precondition};
use base::DocId;
use std::collections::BTreeMap;

/// A request to change a document's name or labels. Its version, its heads and their time stay.
#[derive(Debug, Clone)]
pub struct SetMetadata {
    /// The document.
    pub id: DocId,
    /// The new name; `None` leaves it. At most `Limits::name_bytes`.
    pub name: Option<String>,
    /// Whether all labels go that were there.
    pub clear_labels: bool,
    /// What becomes of labels, after that: the new value, or `None` to take the label away.
    pub labels: BTreeMap<String, Option<String>>,
    /// What must hold of the newest state.
    pub precondition: Precondition,
    /// Makes a retry the same change.
    pub key: EditKey,
}
