//! What it costs to admit a large text that was pasted in one change: seconds, and the memory of the process at its
//! peak.
//!
//! `cargo run --release -p crdt --example admit_cost -- make 30 DIR` writes the text of 30 MB as a change, a compressed
//! change and a whole document, as stock Automerge makes them. `… -- admit FILE` admits one of them, in a process of
//! its own, because Automerge takes gigabytes to make it.

use std::path::Path;
use std::time::Instant;

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjType, ROOT};
use crdt::admit::Limits;
use crdt::graph::Graph;
use rand::Rng;
use rand::distr::Alphanumeric;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Words of three alphabets, so that characters have one, two and three bytes. Beside them there is noise, which does not
/// compress well.
const WORDS: &str =
    "The quick brown fox jumps over the lazy dog. Žluťoučký kůň úpěl ďábelské ódy. 敏捷的棕色狐狸。\n";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["make", megabytes, folder] => {
            make(megabytes.parse().expect("a number of megabytes"), folder.as_ref())
        }
        ["admit", file] => admit(file.as_ref()),
        _ => eprintln!("say `make MEGABYTES DIR` or `admit FILE`"),
    }
}

fn make(megabytes: usize, folder: &Path) {
    let bytes = megabytes << 20;
    let english = WORDS.split_inclusive('.').next().expect("there are words");
    let noise = rand::rng().sample_iter(Alphanumeric).take(bytes).map(char::from).collect();
    let repeated = |words: &str| words.repeat(bytes / words.len());
    for (name, text) in [("english", repeated(english)), ("mixed", repeated(WORDS)), ("noise", noise)] {
        let mut doc = AutoCommit::new();
        let content = doc.put_object(ROOT, "content", ObjType::Text).expect("a new document takes a text");
        doc.splice_text(&content, 0, 0, &text).expect("a text takes text");
        doc.commit();
        let mut change = doc.get_last_local_change().expect("a change was just made").clone();
        write(&folder.join(format!("{name}.change")), change.raw_bytes());
        write(&folder.join(format!("{name}.compressed")), &change.bytes());
        write(&folder.join(format!("{name}.document")), &doc.save());
    }
}

fn write(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).expect("the folder is there and has room");
    println!("{}: {} bytes", file.display(), bytes.len());
}

fn admit(file: &Path) {
    let bytes = std::fs::read(file).expect("a file that `make` wrote");
    let start = Instant::now();
    let admission = Graph::new().admit(&bytes, &Limits::default()).expect("stock changes are sound");
    let took = start.elapsed();
    let ops: u64 = admission.changes.iter().map(|change| change.summary.max_op()).sum();
    println!("{}: {ops} operations, {:.2} s, peak {}", file.display(), took.as_secs_f64(), peak());
}

/// The most memory that the process had, as the kernel says it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
