//! `context-hub wal`: looks at a log, and changes nothing.

use crate::cli::{WalArgs, WalFolder, WalVerb};
use anyhow::{Context, Result, bail};
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use wal::inspect::{self, Verdict};

/// Exit code 1 if `verify` finds damage.
pub fn run(args: &WalArgs) -> Result<ExitCode> {
    match &args.verb {
        WalVerb::Dump(what) => dump(what).map(|()| ExitCode::SUCCESS),
        WalVerb::Verify(what) => verify(what),
    }
}

fn folder(what: &WalFolder) -> Result<PathBuf> {
    let below = what.folder.join("wal");
    if below.is_dir() {
        return Ok(below);
    }
    if !what.folder.is_dir() {
        bail!("{} is no folder", what.folder.display());
    }
    Ok(what.folder.clone())
}

fn dump(what: &WalFolder) -> Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    inspect::dump(&folder(what)?, &mut out, what.json).context("the log cannot be read")?;
    Ok(out.flush()?)
}

fn verify(what: &WalFolder) -> Result<ExitCode> {
    let verdict = inspect::verify(&folder(what)?);
    let mut out = stdout().lock();
    if what.json {
        serde_json::to_writer(&mut out, &verdict)?;
        writeln!(out)?;
    } else {
        tell(&verdict, &mut out)?;
    }
    Ok(if verdict.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(verdict: &Verdict, out: &mut impl Write) -> Result<()> {
    for damage in &verdict.damages {
        writeln!(out, "damaged: {damage}")?;
    }
    for (group, what) in &verdict.damaged_groups {
        writeln!(out, "damaged: group {}: {what}", group.0)?;
    }
    for torn in &verdict.torn {
        writeln!(out, "torn end, which the next start cuts: {torn}")?;
    }
    for stranger in &verdict.strangers {
        writeln!(out, "not of this log, left alone: {}", stranger.display())?;
    }
    let Verdict { segments, frames, records, .. } = verdict;
    let whole = if verdict.is_whole() { "whole" } else { "damaged" };
    writeln!(out, "{whole}: {segments} segments, {frames} frames, {records} records")?;
    Ok(())
}
