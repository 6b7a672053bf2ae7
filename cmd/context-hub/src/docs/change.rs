//! `docs new`, `put`, `patch`, `set`: writes that are made from files and flags.

use super::requests::{self, Content, State};
use super::{files, show};
use crate::cli::{NewArgs, PatchArgs, PutArgs, SetArgs, ShapeArg};
use crate::exit::Usage;
use crate::hub::{Ask, Hub};
use crate::output;
use anyhow::Result;
use base::DocId;
use std::path::Path;

/// Makes a document, and prints its id.
pub async fn new(hub: &Hub, args: &NewArgs, json: bool) -> Result<()> {
    let name =
        || args.name.clone().unwrap_or_else(|| args.file.as_deref().map(files::name).unwrap_or_default());
    let ask = match args.file.as_deref() {
        Some(file) if args.shape.is_none() && files::is_automerge(file) => {
            if !args.labels.is_empty() {
                return Err(
                    Usage("an imported document has no labels yet: give them by `docs set`".into()).into()
                );
            }
            requests::import(&name(), files::read(file)?, &args.write)
        }
        file => {
            let shape = args.shape.unwrap_or_else(|| files::shape(file.unwrap_or(Path::new("-"))));
            let content =
                file.map(|file| anyhow::Ok(Content::read(shape, files::read(file)?)?)).transpose()?;
            requests::create(&name(), shape, content, &args.labels, &args.write)
        }
    };
    let made = hub.ask_json(ask).await?;
    match json {
        true => output::json(&made),
        false => output::line(&output::plain(made["id"].as_str().unwrap_or_default())),
    }
}

/// Replaces the content.
pub async fn put(hub: &Hub, args: &PutArgs, json: bool) -> Result<()> {
    let state = State::required(&args.state)?;
    let bytes = files::read(&args.file)?;
    let content = Content::read(shape_of(hub, args.id).await?, bytes)?;
    told(hub, requests::replace(args.id, &content, &state, &args.write), json).await
}

/// Only the hub knows what a document holds, and so what the bytes of a file mean.
async fn shape_of(hub: &Hub, id: DocId) -> Result<ShapeArg> {
    let document = hub.ask_json(requests::read(id)).await?;
    Ok(if document["doc_type"] == "Json" { ShapeArg::Json } else { ShapeArg::Text })
}

/// Changes parts.
pub async fn patch(hub: &Hub, args: &PatchArgs, json: bool) -> Result<()> {
    let unclear =
        || Usage("the name of the file does not tell what kind of patch it is: give --type".to_owned());
    let kind = args.kind.or_else(|| files::patch_type(&args.file)).ok_or_else(unclear)?;
    let state = State::of(&args.state);
    let ask = requests::patch(args.id, kind, files::read(&args.file)?, state.as_ref(), &args.write)?;
    told(hub, ask, json).await
}

/// Renames it, or changes its labels.
pub async fn set(hub: &Hub, args: &SetArgs, json: bool) -> Result<()> {
    told(hub, requests::set(args), json).await
}

/// Sends a write, and says what it did.
pub async fn told(hub: &Hub, ask: Ask, json: bool) -> Result<()> {
    let document = hub.ask_json(ask).await?;
    match json {
        true => output::json(&document),
        false => output::line(&show::written(&document)),
    }
}
