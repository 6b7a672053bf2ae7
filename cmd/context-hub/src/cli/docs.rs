//! The documents of a hub that runs.

use super::HubArgs;
use base::{DocId, UserId};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Args)]
pub struct DocsArgs {
    #[command(subcommand)]
    pub verb: DocsVerb,
    #[command(flatten)]
    pub hub: HubArgs,
}

#[derive(Subcommand)]
pub enum DocsVerb {
    /// Make a document, and print its id
    New(NewArgs),
    /// List the documents that you may read
    Ls(ListArgs),
    /// Print the content of a document, now or as it was
    Get(GetArgs),
    /// Replace the content of a document; what others wrote meanwhile is merged
    Put(PutArgs),
    /// Change parts of a document
    Patch(PatchArgs),
    /// Open a document in an editor, and merge what you save
    Edit(EditArgs),
    /// Rename a document, or change its labels
    Set(SetArgs),
    /// Print the versions of a document, the newest first
    History(HistoryArgs),
    /// Print what changed between two versions
    Diff(DiffArgs),
    /// Make the content what it was at a version, as a new edit
    Restore(RestoreArgs),
    /// Let somebody read or change a document; without a user, print who may
    Share(ShareArgs),
    /// Delete documents for good
    Rm(RemoveArgs),
    /// Show a document while it changes
    Watch(WatchArgs),
}

/// The two types of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShapeArg {
    /// One text
    Text,
    /// A JSON object
    Json,
}

/// How a write is named.
#[derive(Args, Clone, Default)]
pub struct WriteArgs {
    /// The name of this edit: sent again with the same key, it is done once. Minted if none is given
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// The state that an edit was made against.
#[derive(Args, Clone, Default)]
#[group(multiple = false)]
pub struct StateArgs {
    /// Made against this version: merged with what came after it
    #[arg(long, value_name = "N")]
    pub version: Option<u64>,
    /// Made against the state with these heads, with commas between them: merged with what came after it
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    pub heads: Vec<String>,
    /// Refused if the tag of the document is another one by now
    #[arg(long, value_name = "ETAG")]
    pub if_match: Option<String>,
    /// Made against the newest version, whatever it is
    #[arg(long)]
    pub latest: bool,
}

#[derive(Args)]
pub struct NewArgs {
    /// The content, - for standard input; an empty document if there is none. *.automerge is imported with its history
    pub file: Option<PathBuf>,
    /// Its name [default: the name of the file]
    #[arg(long)]
    pub name: Option<String>,
    /// What it holds [default: json for *.json, otherwise text]
    #[arg(long = "type", value_enum)]
    pub shape: Option<ShapeArg>,
    /// A label; again and again
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub labels: Vec<(String, String)>,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Args)]
pub struct ListArgs {
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Go on behind an earlier page
    #[arg(long)]
    pub cursor: Option<String>,
    /// All of them, page by page
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Only those of this type
    #[arg(long = "type", value_enum)]
    pub shape: Option<ShapeArg>,
    /// Only those of this user
    #[arg(long, value_name = "USER")]
    pub owner: Option<UserId>,
    /// Only those with this label; again and again
    #[arg(long = "label", value_name = "KEY[=VALUE]")]
    pub labels: Vec<String>,
    /// Only those whose name begins so
    #[arg(long, value_name = "PREFIX")]
    pub name: Option<String>,
    /// In this order: updated_at, created_at or name; - in front turns it around
    #[arg(long, value_name = "[-]FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Print how many there are, and nothing else
    #[arg(long, conflicts_with_all = ["all", "cursor"])]
    pub count: bool,
}

/// How a document is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// All that the hub says of it
    Json,
    /// The bare content
    Text,
    /// The lines with their numbers
    Numbered,
    /// The Automerge file, with all of its history
    Automerge,
}

impl Format {
    /// The word for it in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Text => "text",
            Format::Numbered => "numbered",
            Format::Automerge => "automerge",
        }
    }
}

#[derive(Args)]
pub struct GetArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// As it was at this version
    #[arg(long, value_name = "N", conflicts_with = "heads")]
    pub version: Option<u64>,
    /// As it was at these heads, with commas between them
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    pub heads: Vec<String>,
    /// In this form [default: the content]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

#[derive(Args)]
pub struct PutArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// The new content, - for standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

/// What a patch is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PatchType {
    /// Operations of the hub
    Ops,
    /// JSON Patch, RFC 6902
    JsonPatch,
    /// JSON Merge Patch, RFC 7396
    Merge,
    /// A unified diff
    Diff,
    /// Search and replace
    Replace,
}

#[derive(Args)]
pub struct PatchArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// The patch, - for standard input
    pub file: PathBuf,
    /// What it is written in [default: by its name: *.diff, *.patch, *.ops.json, *.json-patch, *.merge-patch,
    /// *.replace.json]
    #[arg(long = "type", value_enum)]
    pub kind: Option<PatchType>,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Args)]
pub struct EditArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Args)]
pub struct SetArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// Its new name
    #[arg(long, required_unless_present_any = ["labels", "unlabel"])]
    pub name: Option<String>,
    /// A label that it is to have; again and again
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub labels: Vec<(String, String)>,
    /// A label that it is to lose; again and again
    #[arg(long, value_name = "KEY")]
    pub unlabel: Vec<String>,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Args)]
pub struct HistoryArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Go on behind an earlier page
    #[arg(long)]
    pub cursor: Option<String>,
    /// All of them, page by page
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

#[derive(Args)]
pub struct DiffArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// The version before
    pub from: u64,
    /// The version after [default: the newest]
    pub to: Option<u64>,
}

#[derive(Args)]
pub struct RestoreArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// The version
    pub version: u64,
    #[command(flatten)]
    pub write: WriteArgs,
}

/// What can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Grant {
    /// Nothing: takes access away
    None,
    /// See the document
    Read,
    /// Change its content, its name and its labels
    Write,
    /// Share it
    Admin,
}

impl Grant {
    /// The word for it in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Grant::None => "none",
            Grant::Read => "read",
            Grant::Write => "write",
            Grant::Admin => "admin",
        }
    }
}

#[derive(Args)]
pub struct ShareArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
    /// With whom
    #[arg(requires = "level")]
    pub user: Option<UserId>,
    /// What they may do
    #[arg(value_enum)]
    pub level: Option<Grant>,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Args)]
pub struct RemoveArgs {
    /// The documents: UUIDs or automerge: URLs
    #[arg(required = true)]
    pub ids: Vec<DocId>,
    /// Do not ask; nothing is asked either where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Args)]
pub struct WatchArgs {
    /// The document: a UUID or an automerge: URL
    pub id: DocId,
}

/// A label with its value.
fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is no label: write key=value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_key_and_a_value() {
        assert_eq!(label("team=a=b"), Ok(("team".to_owned(), "a=b".to_owned())));
        assert_eq!(label("old="), Ok(("old".to_owned(), String::new())));
        assert!(label("team").is_err() && label("=a").is_err());
    }
}
