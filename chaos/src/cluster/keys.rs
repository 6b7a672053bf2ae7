//! What the members of a cluster share: certificates, the key that signs tokens, the master key; and the owner's token.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::Signal;
use tokio::time::timeout;

use super::launch::{self, Launch};
use super::state::{Role, State};

/// How long a hub has to make its keys.
const MADE_WITHIN: Duration = Duration::from_secs(60);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
/// How long a verb that ends by itself may take.
const TOOL_ENDS_WITHIN: Duration = Duration::from_secs(15);
/// What of a hub's folder is kept.
const KEPT: [&str; 2] = ["signing-key.pem", "master.key"];

/// The folder of the certificates.
pub fn certificates(folder: &Path) -> PathBuf {
    folder.join("certs")
}

/// The key that signs tokens.
pub fn signing_key(folder: &Path) -> PathBuf {
    folder.join("keys").join(KEPT[0])
}

/// The file with the owner's token.
pub fn owner_token(folder: &Path) -> PathBuf {
    folder.join("owner.token")
}

/// The master key, as the program takes it.
pub fn master_key(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("keys").join(KEPT[1]);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}

/// Makes the keys, unless they are there: a hub of one process makes them at its first start, and an owner's token with them.
pub async fn make(folder: &Path, binary: &Path) -> anyhow::Result<()> {
    let keys = folder.join("keys");
    if keys.exists() {
        return Ok(());
    }
    let draft = folder.join("keys.new");
    clear(&draft)?;
    fs::create_dir(&draft)?;
    let mut args: Vec<OsString> =
        ["dev", "--json", "--addr", "127.0.0.1:0", "--shards", "1", "--data-dir"].map(OsString::from).into();
    args.push(draft.join("hub").into());
    let hub = Launch {
        program: binary.to_owned(),
        args,
        env: Vec::new(),
        namespace: None,
        out: draft.join("out"),
        log: draft.join("log"),
    };
    let launched = hub.start()?;
    let ready =
        launched.ready_line(MADE_WITHIN).await.context("a hub that was to make the keys did not start");
    // Whatever came of it: it is ours to end.
    launched.process.signal(if ready.is_ok() { Signal::TERM } else { Signal::KILL })?;
    if !launched.process.ends_within(STOPPED_WITHIN).await? {
        launched.process.signal(Signal::KILL)?;
        bail!("a hub that was to make the keys did not stop");
    }
    let ready = ready?;
    let token = ready["token_file"].as_str().context("the hub names no file with its owner's token")?;
    fs::rename(token, owner_token(folder)).context("cannot take the owner's token")?;
    let kept = draft.join("kept");
    fs::create_dir(&kept)?;
    for name in KEPT {
        fs::rename(draft.join("hub").join(name), kept.join(name))
            .with_context(|| format!("the hub made no {name}"))?;
    }
    fs::rename(&kept, &keys)?;
    clear(&draft)
}

/// Makes the certificates that are not there yet.
pub async fn certify(folder: &Path, state: &State) -> anyhow::Result<()> {
    let certs = certificates(folder);
    let mut args: Vec<OsString> = ["admin", "certs", "--dir"].map(OsString::from).into();
    args.push(certs.clone().into());
    let asked = args.len();
    for (role, kind) in [(Role::Node, "shard"), (Role::Gateway, "gateway")] {
        for member in state.with(role) {
            if !certs.join(format!("{kind}-{}.pem", member.name)).exists() {
                args.extend([format!("--{kind}").into(), member.name.clone().into()]);
            }
        }
    }
    if args.len() == asked {
        return Ok(());
    }
    tool(&state.binary, &args).await.map(drop)
}

/// Runs one of the program's verbs that ends by itself, and returns what it printed.
pub async fn tool(binary: &Path, args: &[OsString]) -> anyhow::Result<String> {
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let verb = format!("`context-hub {}`", words.join(" "));
    let mut command = Command::new(binary);
    launch::forget_settings(&mut command);
    command.args(args).stdin(Stdio::null());
    let run = tokio::process::Command::from(command).kill_on_drop(true).output();
    let output =
        timeout(TOOL_ENDS_WITHIN, run).await.with_context(|| format!("{verb} did not end in time"))?;
    let output = output.with_context(|| format!("cannot run {}", binary.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{verb} failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn clear(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
