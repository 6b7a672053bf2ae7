//! What the fuzz targets share.
//!
//! The decoders of a shard are compiled here a second time, from their own files: they need none of what makes that crate
//! slow to build, and would cost minutes with it.

pub mod edits;
pub mod hostile;

#[path = "../../crates/shard/src/command/mod.rs"]
pub mod command;
#[path = "../../crates/shard/src/store/records.rs"]
pub mod records;

use crdt::admit::forge;

/// libFuzzer ends the process at the first panic, even one that is caught. Targets that ask Automerge whether
/// it panics need to live on; a panic that nobody catches still ends them.
pub fn let_panics_be_caught() {
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
}

/// Ends the process if Automerge does not survive these changes.
pub fn assert_sound(chunks: &[impl AsRef<[u8]>]) {
    if let Err(broken) = forge::survive(chunks) {
        panic!("admitted, but: {broken}");
    }
}
