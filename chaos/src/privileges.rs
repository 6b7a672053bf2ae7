//! What a drill needs from the machine, and when it may be skipped.

use std::path::Path;

/// Whether FUSE file systems can be mounted here. Where the kernel has none the reason is printed, once a test;
/// in CI, where nothing may be skipped in silence, it panics.
pub fn can_mount() -> bool {
    let there = Path::new("/dev/fuse").exists();
    if !there {
        refuse_in_ci("/dev/fuse is not there: a power cut cannot be shown on this machine");
    }
    there
}

/// Whether this process may mount a tmpfs and make network namespaces, as root may.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        refuse_in_ci("root is needed: neither a full disk nor a network that is cut can be shown");
    }
    root
}

/// Whether a program is on the path.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if !found {
        refuse_in_ci(&format!("{name} is not installed: its drill cannot run"));
    }
    found
}

/// Prints why a drill is skipped; in CI this is a failure.
pub fn refuse_in_ci(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{reason}, and CI may not skip it");
    eprintln!("skipped: {reason}");
}
