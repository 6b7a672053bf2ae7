//! Reads every document back and holds it against the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::PATIENCE;
use super::stand::Stand;
use crate::client::{Answer, Ask, Client};
use crate::ledger::{DocumentId, Violation};

/// Documents on one page of the list.
const PAGE: usize = 100;

/// What to make of an answer that names damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// There is none: such an answer fails the audit.
    Impossible,
    /// It was done on purpose: a document that is refused as damaged is not lost in silence.
    Expected,
}

/// What the hub holds.
#[derive(Default)]
struct Holdings {
    texts: BTreeMap<DocumentId, String>,
    damaged: BTreeSet<DocumentId>,
}

/// Every broken promise that the texts show.
pub async fn audit(stand: &Stand, damage: Damage) -> anyhow::Result<Vec<String>> {
    let mut client = stand.client();
    let mut documents = list(&mut client, damage).await?;
    documents.extend(stand.ledger.lock().documents());
    documents.sort();
    documents.dedup();
    let holdings = read_all(&mut client, documents, damage).await?;
    let violations = stand.ledger.lock().check(&holdings.texts);
    let silent = violations.iter().filter(|violation| !holdings.excuse(violation));
    Ok(silent.map(ToString::to_string).collect())
}

impl Holdings {
    /// Whether the hub said itself that the document is damaged.
    fn excuse(&self, violation: &Violation) -> bool {
        matches!(violation, Violation::Lost { document, .. } if self.damaged.contains(document))
    }
}

/// The ids of all documents, page by page. A damaged list ends early: what was acknowledged is known anyway.
async fn list(client: &mut Client, damage: Damage) -> anyhow::Result<Vec<DocumentId>> {
    let mut documents = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(client, format!("/documents?limit={PAGE}{cursor}"), damage).await?;
        if page.status.is_server_error() {
            return Ok(documents);
        }
        let items = page.body["documents"].as_array().context("the list holds no documents")?;
        documents.extend(items.iter().filter_map(|item| item["id"].as_str()).map(str::to_owned));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", utf8_percent_encode(next, NON_ALPHANUMERIC)),
            None => return Ok(documents),
        }
    }
}

async fn read_all(
    client: &mut Client,
    documents: Vec<DocumentId>,
    damage: Damage,
) -> anyhow::Result<Holdings> {
    let mut holdings = Holdings::default();
    for document in documents {
        let answer = get(client, format!("/documents/{document}"), damage).await?;
        if answer.status.is_server_error() {
            holdings.damaged.insert(document);
        } else if answer.status != StatusCode::NOT_FOUND {
            let content = &answer.body["content"];
            let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
            holdings.texts.insert(document, text);
        }
    }
    Ok(holdings)
}

/// An answer that is a success or a plain "not there", or, where it is expected, one that names damage.
async fn get(client: &mut Client, path: String, damage: Damage) -> anyhow::Result<Answer> {
    let ask = Ask::get(path);
    let patience = match damage {
        Damage::Impossible => PATIENCE,
        Damage::Expected => Duration::ZERO,
    };
    let answer = client.send_until_settled(&ask, patience).await?;
    let named =
        damage == Damage::Expected && answer.status.is_server_error() && answer.body["type"].is_string();
    if !answer.status.is_success() && answer.status != StatusCode::NOT_FOUND && !named {
        bail!("GET {} is answered with {}: {}", ask.path, answer.status, answer.body);
    }
    Ok(answer)
}
