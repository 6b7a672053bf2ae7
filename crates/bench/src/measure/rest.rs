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
/// Looks in a row that must find it so: a hub puts off some work until nobody has written for a second.
const LOOKS_AT_REST: u32 = 4;
/// Looks; one that is busy after them is never at rest.
const LOOKS_MAX: u32 = 240;

/// Waits until the process is at rest, so that what came before is not measured with what comes. One that is not after two
/// minutes is taken as it is.
pub async fn at_rest(server: Pid) -> Result<()> {
    let mut in_a_row = 0;
    for _ in 0..LOOKS_MAX {
        let before = process_cpu(Some(server))?;
        sleep(LOOK).await;
        let rests = (process_cpu(Some(server))? - before).as_secs_f64() < LOOK.as_secs_f64() * SHARE;
        in_a_row = if rests { in_a_row + 1 } else { 0 };
        if in_a_row == LOOKS_AT_REST {
            return Ok(());
        }
    }
    eprintln!("a server has not come to rest");
    Ok(())
}
