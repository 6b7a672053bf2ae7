//! What the fuzz targets share.

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
