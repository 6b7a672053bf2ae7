//! Admission against stock Automerge: what it makes is taken, what it does not survive is not.

mod bombs;
mod hostile;
mod intake;
mod large;
mod sound;
mod stock;

use base::Hash;

use super::forge::{Forged, ForgedId, ForgedOp, survive};
use super::{Admission, Limits, Refused};
use crate::graph::Graph;

const ALICE: &[u8] = &[0xa1; 16];
const BOB: &[u8] = &[0xb0; 16];

fn admit(graph: &Graph, bytes: &[u8]) -> Result<Admission, Refused> {
    graph.admit(bytes, &Limits::default())
}

/// The graph that these chunks make, all of which must be admitted.
fn graph_of(chunks: &[impl AsRef<[u8]>]) -> Graph {
    Graph::from_changes(chunks.iter().map(AsRef::as_ref), &Limits::default()).expect("the history is sound")
}
