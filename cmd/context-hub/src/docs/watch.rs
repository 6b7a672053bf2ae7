//! `docs watch`: shows a document while it changes, to people as differences and to programs as lines of JSON.

use super::{print, requests};
use crate::cli::WatchArgs;
use crate::hub::target::Token;
use crate::hub::{Hub, Target};
use crate::output;
use base::plain;
use client::{Client, Document, Event, Events};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Watches until the document is gone or somebody presses Ctrl-C.
pub async fn watch(hub: &Hub, args: &WatchArgs, json: bool) -> anyhow::Result<()> {
    // A socket is tried for again and again, as long as it takes. That there is nothing to wait for is said at once, as by
    // every other verb.
    hub.ask(requests::history(args.id, 1, None)).await?;
    let hub = connect(hub.target.clone())?;
    let document = tokio::select! {
        document = hub.follow(args.id) => document?,
        _ = tokio::signal::ctrl_c() => return Ok(()),
    };
    let mut screen = Screen { json, shown: None };
    let mut events = document.events();
    screen.snapshot(&document)?;
    let ended = tokio::select! {
        ended = follow(&document, &mut events, &mut screen) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    let why = document.ended();
    document.close().await;
    ended?;
    why.map_or(Ok(()), |why| Err(why.into()))
}

fn connect(hub: Target) -> anyhow::Result<Client> {
    let token = hub.token()?;
    let client = match hub.token {
        // Read again at every connection: it may have been renewed.
        Token::File(_) => {
            let url = hub.url.clone();
            Client::with_tokens(&url, move || hub.token().unwrap_or_default())
        }
        Token::Given(_) | Token::Missing => Client::new(&hub.url, token),
    };
    Ok(client?)
}

async fn follow(document: &Document, events: &mut Events, screen: &mut Screen) -> anyhow::Result<()> {
    while let Some(event) = events.next().await {
        screen.event(document, event)?;
    }
    Ok(())
}

/// What has been shown.
struct Screen {
    json: bool,
    /// The version that was shown last, and its content.
    shown: Option<(u64, Value)>,
}

impl Screen {
    fn event(&mut self, document: &Document, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Snapshot => self.snapshot(document),
            Event::Update(update) => {
                let Some((version, content)) = &mut self.shown else { return Ok(()) };
                // A snapshot may have come in between.
                if update.from != *version {
                    return Ok(());
                }
                let lines = print::update(&update, content);
                plain::apply(content, &update.ops)?;
                *version = update.version;
                self.say(&wire::thin::FromHub::Update((*update).clone()), &lines)
            }
            Event::Presence(said) => {
                let lines = format!("  {} says {}\n", said.from, said.data);
                self.say(&wire::thin::FromHub::Presence((*said).clone()), &lines)
            }
            Event::Access(access) => {
                let lines = format!("-- you may {} now\n", access.as_str());
                self.say(&wire::thin::FromHub::Access { access }, &lines)
            }
            Event::Online => self.say(&json!({"type": "online"}), ""),
            Event::Offline { why } => {
                output::progress(&format!("not connected: {}", output::plain(&why)));
                self.say(&json!({"type": "offline", "why": why}), "")
            }
        }
    }

    fn snapshot(&mut self, document: &Document) -> anyhow::Result<()> {
        let copy = document.read(Clone::clone);
        self.shown = Some((copy.version, copy.content.clone()));
        let lines = print::snapshot(&copy);
        let message = json!({
            "type": "snapshot", "id": document.id(), "name": copy.name, "doc_type": copy.shape,
            "version": copy.version, "heads": copy.heads, "access": copy.access, "content": copy.content,
        });
        self.say(&message, &lines)
    }

    fn say(&self, message: &impl serde::Serialize, lines: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", output::json_text(message))?;
        } else {
            // Names, keys, presence: all of it may be the words of others.
            out.write_all(output::lines(lines).as_bytes())?;
        }
        Ok(out.flush()?)
    }
}
