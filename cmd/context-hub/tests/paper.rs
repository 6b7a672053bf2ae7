//! A real editing history through a real hub: nothing of either writer is lost.

use anyhow::Result;
use bench::paper::{Paper, Trace};
use bench::server::{Hub, HubFiles};
use std::path::Path;

/// Debug builds of the hub are slow; the release build takes the whole paper.
const EDITS: usize = if cfg!(debug_assertions) { 20_000 } else { usize::MAX };
/// Marks of the second writer.
const MARKS: usize = if cfg!(debug_assertions) { 80 } else { 500 };

#[tokio::test]
async fn two_writers_of_a_paper_keep_all_they_wrote() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub =
        Hub::start(HubFiles::below(folder.path(), Path::new(env!("CARGO_BIN_EXE_context-hub")))).await?;
    let paper = Paper {
        addr: hub.addr(),
        token: hub.owner_token().to_owned(),
        trace: Trace::of_the_paper()?.first(EDITS),
        chunk: 250,
        marks: MARKS,
        seed: 1,
    };
    let outcome = paper.write(|_| {}).await?;
    assert!(outcome.most_stale > 1, "no mark was made at a version that was left behind");
    hub.stop().await?;
    Ok(())
}
