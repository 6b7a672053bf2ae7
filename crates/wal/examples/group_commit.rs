//! Measures group commit against a bare loop of write and fdatasync with the same grouping, on the same disk, and prints
//! one line for each group size: `cargo run --release -p wal --example group_commit [folder]`.
//!
//! The bare file is preallocated and already written, as a segment is. Both sides alternate five times; medians count.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wal::{Entry, GroupId, Options, Wal};

const RECORD_BYTES: usize = 200;
const ALTERNATIONS: usize = 5;
const ROUND: Duration = Duration::from_millis(600);
const BARE_FILE_BYTES: u64 = 256 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let bare = bare_file(&folder.path().join("bare"))?;
    let (wal, _) = Wal::open(&folder.path().join("wal"), Options::default())?;
    let mut next_index = 1;
    let mut bare_at = 0;
    for waiting in [1, 10, 100, 1000] {
        let mut rates = (Vec::new(), Vec::new());
        for _ in 0..ALTERNATIONS {
            rates.0.push(rate(waiting, || bare_round(&bare, &mut bare_at, waiting)));
            rates.1.push(rate(waiting, || log_round(&wal, &mut next_index, waiting)));
            wal.purge_to(GroupId(1), next_index - 1, Bytes::new())?;
        }
        let (bare, log) = (median(rates.0), median(rates.1));
        println!("{waiting:>5} waiting: bare {bare:>9.0}/s, log {log:>9.0}/s, ratio {:.2}", log / bare);
    }
    let stats = wal.stats();
    println!("{} syncs, median below {:?}", stats.syncs, stats.sync_quantile(0.5));
    wal.close();
    Ok(())
}

/// A file that is preallocated and written once.
fn bare_file(path: &Path) -> std::io::Result<File> {
    let mut file = File::create_new(path)?;
    for _ in 0..BARE_FILE_BYTES >> 20 {
        file.write_all(&[0; 1 << 20])?;
    }
    file.sync_all()?;
    Ok(file)
}

fn bare_round(file: &File, at: &mut u64, waiting: usize) {
    let bytes = vec![7; waiting * RECORD_BYTES];
    if *at + bytes.len() as u64 > BARE_FILE_BYTES {
        *at = 0;
    }
    file.write_all_at(&bytes, *at).expect("the file takes a write");
    file.sync_data().expect("the file syncs");
    *at += bytes.len() as u64;
}

/// One submission a record, and a wait for all of them.
fn log_round(wal: &Wal, next_index: &mut u64, waiting: usize) {
    let (sender, receiver) = mpsc::sync_channel(waiting);
    for _ in 0..waiting {
        let entry = Entry { index: *next_index, term: 1, payload: Bytes::from_static(&[7; RECORD_BYTES]) };
        *next_index += 1;
        let sender = sender.clone();
        let done = move |result| sender.send(result).expect("the round waits");
        wal.append(GroupId(1), vec![entry], Box::new(done)).expect("the log takes it");
    }
    for _ in 0..waiting {
        receiver.recv().expect("every callback comes").expect("it is on disk");
    }
}

/// Records a second.
fn rate(waiting: usize, mut round: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed() < ROUND {
        round();
        rounds += 1;
    }
    (rounds * waiting) as f64 / start.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
