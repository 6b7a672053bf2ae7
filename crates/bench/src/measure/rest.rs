//! Waiting until a server has nothing left to do.

use super::process_cpu;
use anyhow::Result;
use rustix::process::Pid;
use std::time::Duration;
use tokio::time::sleep;

/// How long a server is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// What it may use of a core in that time and count as at rest.
const SHARE: f64 = 0.03;
/// Looks; one that is busy after them is never at rest.
const LOOKS_MAX: u32 = 240;

/// Waits until the process is at rest, so that what came before is not measured with what comes. One that is not after two
/// minutes is taken as it is.
pub async fn at_rest(server: Pid) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        let before = process_cpu(Some(server))?;
        sleep(LOOK).await;
        if (process_cpu(Some(server))? - before).as_secs_f64() < LOOK.as_secs_f64() * SHARE {
            return Ok(());
        }
    }
    eprintln!("a server has not come to rest");
    Ok(())
}
