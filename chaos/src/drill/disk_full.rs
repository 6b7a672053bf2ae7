//! A disk that fills up: writes are refused with 507 and a problem document, reads go on, and with room again writes do.
//!
//! One time it fills up to below the hub's reserve, the next time to the last byte, under writes that were accepted
//! when there still was room. In the second case the hub may end instead, for its supervisor to start it again: by itself,
//! with a code that says that it failed and a message that says on what. Then it must start, and have lost nothing.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use hyper::{Method, StatusCode};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::mount::{MountFlags, UnmountFlags};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Plan;
use super::audit::{Damage, audit};
use super::stand::{SharedLedger, Stand};
use super::workload::Workload;
use crate::client::{Answer, Ask, Client};
use crate::hub::Hub;
use crate::ledger::{DocumentId, Mark};

/// The disk: room for the log, the store, and the reserve below which the hub refuses writes.
const DISK_BYTES: u64 = 640 << 20;
/// What is left of a disk that is filled in part: less than the hub's reserve.
const LEFT_BYTES: u64 = 64 << 20;
/// The unit in which the last bytes are filled.
const CRUMB_BYTES: usize = 4096;
/// How long the hub may take to notice a change of room; it measures about once a second.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
/// For a hub that takes writes until the disk is all but full.
const NO_RESERVE: [&str; 2] = ["DISK_RESERVE_MB", "0"];
/// How long a hub may take to end: it answers first what it has begun.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// What a hub says that ends because its store is on a full disk.
const REASON: &str = "the local store cannot be written any more";
/// How long the writers write before the disk fills up.
const CALM: Duration = Duration::from_millis(500);
/// The pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Where the probe's marks begin, far from those of the writers.
const FIRST_PROBE: u64 = 1 << 48;

/// Fills the disk and makes room again once a round.
pub async fn run(stand: &mut Stand, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let disk = Tmpfs::mount(stand.make_folder("disk")?)?;
    stand.spec.data_dir = disk.0.join("data");
    let mut hub = stand.up().await?;
    let mut probe = Probe::new(stand).await?;
    let workload = Workload::start(stand, plan.writers).await?;
    let mut violations = Vec::new();
    for round in 1..=plan.rounds {
        let found = if round % 2 == 0 {
            stand.down();
            hub.stop().await?;
            let (found, again) = to_the_brim(stand, &mut probe, &disk.0).await?;
            hub = again;
            found
        } else {
            sleep(CALM).await;
            probe.fill_and_empty(&disk.0, LEFT_BYTES).await
        };
        violations.extend(found.into_iter().map(|what| format!("fill {round}: {what}")));
        plan.progress.inc(1);
    }
    violations.extend(workload.finish().await);
    violations.extend(audit(stand, Damage::Impossible).await?);
    hub.stop().await?;
    violations.extend(stand.verify_log()?.violation());
    Ok(violations)
}

/// Fills the disk to the last byte, faster than the hub notices. What was not as it should be, and a hub as at first.
async fn to_the_brim(
    stand: &mut Stand,
    probe: &mut Probe,
    disk: &Path,
) -> anyhow::Result<(Vec<String>, Hub)> {
    stand.spec.env.push(NO_RESERVE.map(str::to_owned).into());
    let mut hub = stand.up().await?;
    sleep(CALM).await;
    let mut found = probe.fill_and_empty(disk, 0).await;
    stand.down();
    if found.is_empty() {
        hub.stop().await?;
    } else {
        found = expect_end(&mut hub, stand, &found).await.into_iter().collect();
        stand.notes.push("a hub ended on the full disk, as it should, and was started again".to_owned());
        hub.kill().await?;
    }
    stand.spec.env.pop();
    Ok((found, stand.up().await?))
}

/// A hub that does not keep its promises on a full disk has to end and say why; what it did instead.
async fn expect_end(hub: &mut Hub, stand: &Stand, found: &[String]) -> Option<String> {
    let found = found.join("; ");
    match hub.ended_within(ENDED_WITHIN).await {
        Err(_) => Some(format!("the hub goes on although {found}")),
        Ok(status) if status.code() != Some(1) => Some(format!("the hub ends with {status} after {found}")),
        Ok(_) => {
            let said = fs::read_to_string(&stand.spec.log).unwrap_or_default();
            (!said.contains(REASON)).then(|| format!("the hub ends without its reason after {found}"))
        }
    }
}

/// A client that sends each request once and looks at the answer.
struct Probe {
    client: Client,
    ledger: SharedLedger,
    next: u64,
    /// A document to read while the disk is full.
    known: DocumentId,
}

impl Probe {
    async fn new(stand: &Stand) -> anyhow::Result<Probe> {
        let ledger = Arc::clone(&stand.ledger);
        let mut probe = Probe { client: stand.client(), ledger, next: FIRST_PROBE, known: String::new() };
        let answer = probe.create().await?;
        probe.known = answer.body["id"].as_str().context("an empty disk takes no document")?.to_owned();
        Ok(probe)
    }

    /// Everything that is not as it should be while the disk is full and once it has room again.
    async fn fill_and_empty(&mut self, disk: &Path, left: u64) -> Vec<String> {
        let full = match Ballast::drop_on(disk, left) {
            Ok(_ballast) => self.expect_full().await,
            Err(error) => Err(error),
        };
        let room = self.expect_room().await;
        let mut found = full.unwrap_or_else(|error| vec![format!("{error:#}")]);
        found.extend(room.unwrap_or_else(|error| Some(format!("{error:#}"))));
        found
    }

    /// A write is refused as it should be, and a read goes on.
    async fn expect_full(&mut self) -> anyhow::Result<Vec<String>> {
        let answer = self.create_until(|status| status == StatusCode::INSUFFICIENT_STORAGE).await?;
        let read = self.client.send(&Ask::get(format!("/documents/{}", self.known))).await?;
        let problem =
            answer.media_type.starts_with("application/problem+json") && answer.body["type"].is_string();
        let kept = [
            (answer.status == StatusCode::INSUFFICIENT_STORAGE, "a write is not refused with 507"),
            (problem, "the refusal has no problem details"),
            (read.status.is_success(), "a read is refused"),
        ];
        let broken = kept.iter().filter(|(kept, _)| !kept);
        Ok(broken.map(|(_, what)| format!("{what}: {answer:?}, {:?}", read.status)).collect())
    }

    /// A write is taken again.
    async fn expect_room(&mut self) -> anyhow::Result<Option<String>> {
        let answer = self.create_until(|status| status.is_success()).await?;
        let taken = answer.status.is_success();
        Ok((!taken).then(|| format!("with room again a write is answered with {answer:?}")))
    }

    /// Creates documents until the answer is as wanted or the hub has had its time; the last answer.
    async fn create_until(&mut self, wanted: impl Fn(StatusCode) -> bool) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + NOTICED_WITHIN;
        loop {
            let answer = self.create().await?;
            if wanted(answer.status) || Instant::now() > deadline {
                return Ok(answer);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn create(&mut self) -> anyhow::Result<Answer> {
        self.next += 1;
        let mark = Mark(self.next);
        let text = mark.to_string();
        let body = json!({"name": text, "content": text, "doc_type": "Text"});
        self.ledger.lock().attempt(mark, None);
        let ask = Ask::edit(Method::POST, "/documents", body, format!("{:016x}", mark.0));
        let answer = self.client.send(&ask).await.context("the hub does not answer any more")?;
        if let (true, Some(id)) = (answer.status.is_success(), answer.body["id"].as_str()) {
            self.ledger.lock().acknowledge(mark, id.to_owned());
        }
        Ok(answer)
    }
}

/// A small disk in memory; unmounted when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(path: PathBuf) -> anyhow::Result<Tmpfs> {
        let size = std::ffi::CString::new(format!("size={DISK_BYTES}"))?;
        rustix::mount::mount("tmpfs", &path, "tmpfs", MountFlags::empty(), size.as_c_str())
            .context("cannot mount a tmpfs: root is needed")?;
        Ok(Tmpfs(path))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Detached, because a hub that is only just being killed may still have its files open.
        if let Err(error) = rustix::mount::unmount(&self.0, UnmountFlags::DETACH) {
            eprintln!("cannot unmount {}: {error}", self.0.display());
        }
    }
}

/// A file that takes the room; removed when dropped.
struct Ballast(PathBuf);

impl Ballast {
    fn drop_on(disk: &Path, left: u64) -> anyhow::Result<Ballast> {
        let ballast = Ballast(disk.join("ballast"));
        let room = statvfs(disk)?;
        let free = room.f_bavail * room.f_frsize;
        ensure!(free > LEFT_BYTES, "the disk is full already: {free} bytes are left");
        let mut file = File::create(&ballast.0)?;
        let bulk = free - LEFT_BYTES;
        fallocate(&file, FallocateFlags::empty(), 0, bulk)?;
        if left == 0 {
            file.seek(SeekFrom::Start(bulk))?;
            fill_up(&mut file)?;
        }
        Ok(ballast)
    }
}

/// Writes until nothing more fits; others may take room meanwhile.
fn fill_up(file: &mut File) -> io::Result<()> {
    loop {
        match file.write_all(&[0xff; CRUMB_BYTES]) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}
