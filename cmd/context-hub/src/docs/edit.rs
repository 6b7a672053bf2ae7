//! `docs edit`: a document in an editor. What is saved is merged with what others wrote meanwhile.
//!
//! **Invariant:** what somebody wrote is never lost: the file goes only when the hub has taken it, or when nothing was changed.

use super::requests::{self, Content, State};
use super::{files, show};
use crate::cli::{EditArgs, ShapeArg};
use crate::hub::Hub;
use crate::output;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// What is opened if nobody names an editor.
const USUAL: &str = "vi";

/// Opens the document, and puts back what was made of it.
pub async fn edit(hub: &Hub, args: &EditArgs, json: bool) -> Result<()> {
    let before = hub.ask_json(requests::read(args.id)).await?;
    let version = before["version"].as_u64().context("the hub shows no version of the document")?;
    let content = show::content(&before);
    let (file, after) = edited(&before, &content).await?;
    if after == content {
        return unchanged(&before, json);
    }
    let sent = put_back(hub, args, &before, version, after).await;
    let document = match sent {
        Ok(document) => document,
        Err(error) => {
            let path = file.path().display();
            let again = format!(" (context-hub docs put {} {path} --version {version} sends it)", args.id);
            return Err(kept(file, &again, error));
        }
    };
    match json {
        true => output::json(&document),
        false => output::line(&format!("{}{}", show::written(&document), meanwhile(version, &document))),
    }
}

/// Lets somebody edit the content, and gives what they left.
async fn edited(before: &Value, content: &str) -> Result<(NamedTempFile, String)> {
    let extension =
        files::extension(before["name"].as_str().unwrap_or_default(), before["doc_type"] != "Json");
    let mut file = tempfile::Builder::new().prefix("context-hub-").suffix(&extension).tempfile()?;
    file.write_all(content.as_bytes())?;
    file.flush()?;
    let opened = open(file.path()).await;
    // Read by its name: many editors put a new file in place of the old one.
    let after = std::fs::read_to_string(file.path());
    match (opened, after) {
        (Ok(()), Ok(after)) => Ok((file, as_before(content, after))),
        (Err(error), Ok(after)) if after == content => Err(error),
        (Err(error), _) => Err(kept(file, "", error)),
        (Ok(()), Err(error)) => Err(kept(file, "", anyhow!(error).context("what was saved cannot be read"))),
    }
}

/// Runs the editor to its end.
async fn open(file: &Path) -> Result<()> {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| USUAL.to_owned());
    // Ctrl-C in an editor is for the editor: from here on it does not end this process.
    let _interrupts = signal(SignalKind::interrupt())?;
    // By a shell, since the variable may hold flags and quotes.
    let ended =
        Command::new("sh").args(["-c", &format!("{editor} \"$@\""), &editor]).arg(file).status().await;
    let ended = ended.context("sh does not start")?;
    if !ended.success() {
        bail!("the editor {editor:?} ended with {ended}; nothing was sent");
    }
    Ok(())
}

/// Editors end a file with a new line. Where the content had none, that one was not somebody's wish.
fn as_before(before: &str, mut after: String) -> String {
    if !before.ends_with('\n') && after.ends_with('\n') {
        after.pop();
    }
    after
}

async fn put_back(hub: &Hub, args: &EditArgs, before: &Value, version: u64, after: String) -> Result<Value> {
    let shape = if before["doc_type"] == "Json" { ShapeArg::Json } else { ShapeArg::Text };
    let content = Content::read(shape, after.into_bytes().into())?;
    hub.ask_json(requests::replace(args.id, &content, &State::Version(version), &args.write)).await
}

/// Leaves the file where it is, and says where, and how to go on.
fn kept(file: NamedTempFile, how: &str, error: anyhow::Error) -> anyhow::Error {
    let path: PathBuf = file.path().to_owned();
    match file.keep() {
        Ok(_) => error.context(format!("what you wrote is kept in {}{how}", path.display())),
        Err(failed) => {
            // Whoever cannot have the file gets its text.
            let text = std::fs::read_to_string(failed.file.path()).unwrap_or_default();
            error.context(format!("what you wrote cannot be kept; it was:\n{text}"))
        }
    }
}

fn unchanged(before: &Value, json: bool) -> Result<()> {
    match json {
        true => output::json(&json!({ "id": before["id"], "version": before["version"], "changed": false })),
        false => output::line("nothing was changed"),
    }
}

/// What the merge brought together.
fn meanwhile(version: u64, document: &Value) -> String {
    let others = document["version"].as_u64().unwrap_or_default().saturating_sub(version + 1);
    match others {
        0 => String::new(),
        1 => ", merged with one edit made meanwhile".to_owned(),
        others => format!(", merged with {others} edits made meanwhile"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_line_of_an_editor_is_no_edit() {
        assert_eq!(as_before("a", "a\n".into()), "a");
        assert_eq!(as_before("a", "a\n\n".into()), "a\n");
        assert_eq!(as_before("a\n", "a\n".into()), "a\n");
        assert_eq!(as_before("", "\n".into()), "");
    }

    #[test]
    fn edits_of_others_are_counted() {
        assert_eq!(meanwhile(7, &json!({"version": 8})), "");
        assert_eq!(meanwhile(7, &json!({"version": 10})), ", merged with 2 edits made meanwhile");
    }
}
