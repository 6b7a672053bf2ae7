//! A bit that changes on the disk.
//!
//! In the middle of the log the hub must refuse to start and name the file, `wal verify` must name it too, and with the
//! bit as it was nothing may be missing. In the store, which can be rebuilt, the hub may start; but then every document
//! reads as it was acknowledged or is refused as damaged, and no wrong text is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Plan;
use super::audit::{Damage, audit};
use super::segment::{flip, segments};
use super::stand::Stand;
use super::workload::Workload;
use crate::hub::StartError;

/// How long the writers fill the log before it is damaged.
const FILL: Duration = Duration::from_secs(2);

/// Flips one bit of the log and one of the store a round.
pub async fn run(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let mut violations = fill(stand, plan).await?;
    let sound = stand.path("sound");
    let data = stand.spec.data_dir.clone();
    copy_folder(&data, &sound)?;
    for _ in 0..plan.rounds {
        violations.extend(flip_in_log(stand).await?);
        violations.extend(flip_in_store(stand).await?);
        fs::remove_dir_all(&data)?;
        copy_folder(&sound, &data)?;
        plan.progress.inc(1);
    }
    let hub = stand.up().await?;
    violations.extend(audit(stand, Damage::Impossible).await?);
    hub.stop().await?;
    Ok(violations)
}

/// Writes, stops, starts and stops: the store then holds documents in its files and not only in its journal.
async fn fill(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let hub = stand.up().await?;
    let workload = Workload::start(stand, plan.writers).await?;
    tokio::time::sleep(FILL).await;
    let refusals = workload.finish().await;
    stand.down();
    hub.stop().await?;
    stand.up().await?.stop().await?;
    stand.down();
    Ok(refusals)
}

async fn flip_in_log(stand: &mut Stand) -> anyhow::Result<Vec<String>> {
    let (path, offset) = choose_in_log(stand)?;
    let bit = stand.dice.random_range(0..8);
    flip(&path, offset, bit)?;
    let place = format!("bit {bit} of byte {offset} of {}", path.display());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut violations = Vec::new();
    match stand.up().await {
        Ok(hub) => {
            stand.down();
            hub.stop().await?;
            violations.push(format!("the hub starts although {place} is flipped"));
        }
        Err(StartError::Ended { log, .. }) if log.contains(&name) => {}
        Err(error) => {
            violations.push(format!("{place} is flipped and the hub does not name the file: {error:#}"))
        }
    }
    let verdict = stand.verify_log()?;
    if verdict.code != Some(1) || !verdict.said.contains(&name) {
        violations.push(format!("{place} is flipped and `wal verify` says {verdict:?}"));
    }
    flip(&path, offset, bit)?;
    Ok(violations)
}

/// A byte of a frame in the older half of the log, so that valid frames are certain to follow.
fn choose_in_log(stand: &mut Stand) -> anyhow::Result<(PathBuf, u64)> {
    let segments = segments(&stand.spec.wal_dir()).context("cannot read the log's folder")?;
    let frames: Vec<_> = segments
        .iter()
        .flat_map(|segment| segment.frames.iter().map(|frame| (segment.path.clone(), frame.clone())))
        .collect();
    let older = &frames[..frames.len() / 2];
    let (path, frame) = older.choose(&mut stand.dice).context("the log holds too few frames")?;
    Ok((path.clone(), stand.dice.random_range(frame.clone())))
}

async fn flip_in_store(stand: &mut Stand) -> anyhow::Result<Vec<String>> {
    let (path, offset) = choose_in_store(stand)?;
    let bit = stand.dice.random_range(0..8);
    flip(&path, offset, bit)?;
    let place = format!("bit {bit} of byte {offset} of {}", path.display());
    let hub = match stand.up().await {
        Ok(hub) => hub,
        // Refusing to start is allowed; doing so without a word on why is not.
        Err(StartError::Ended { log, .. }) if !log.trim().is_empty() => return Ok(Vec::new()),
        Err(error) => return Ok(vec![format!("{place} is flipped and the hub only says: {error:#}")]),
    };
    let violations = audit(stand, Damage::Expected).await;
    stand.down();
    hub.kill().await?;
    Ok(violations?.into_iter().map(|violation| format!("{place} is flipped: {violation}")).collect())
}

/// A byte that is not zero, of a file of the store: zeros are mostly room that nobody reads.
fn choose_in_store(stand: &mut Stand) -> anyhow::Result<(PathBuf, u64)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(&stand.spec.data_dir)? {
        let path = entry?.path();
        if path.is_dir() && path != stand.spec.wal_dir() {
            collect_files(&path, &mut files)?;
        }
    }
    let path = files.choose(&mut stand.dice).context("the store has no files")?.clone();
    let bytes = fs::read(&path)?;
    let set: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] != 0).collect();
    let offset = *set.choose(&mut stand.dice).context("the store's file holds only zeros")?;
    Ok((path, offset as u64))
}

/// Every file below a folder that is not all zeros.
fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_files(&path, files)?;
        } else if fs::read(&path)?.iter().any(|&byte| byte != 0) {
            files.push(path);
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
