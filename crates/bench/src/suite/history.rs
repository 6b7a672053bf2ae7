//! `history`: does an edit cost more when there is much to remember?
//!
//! The same one-character edit of 10 KB of text, at a history of 50,000 changes (ours) and of 100 (the peer): at the
//! newest version, at one that is ten versions old, and as a replacement of the whole text. One edit at a time. Editing
//! adds to a history, so the short ones are made anew for each turn and take only a few edits each.

use super::Setting;
use super::prose::prose;
use crate::client::Rest;
use crate::measure::{Alternation, Figure, Goal, Measured, Report, Worker, alternate, sequence};
use crate::server::{Hub, Scratch};
use anyhow::{Context, Result};
use rand::Rng;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;
use tokio::task::{JoinSet, LocalSet};

/// The text.
const CONTENT_BYTES: usize = 10 << 10;
/// Changes of a long history.
const LONG: u64 = 50_000;
/// Changes of a short one.
const SHORT: u64 = 100;
/// Connections that build the long history.
const BUILDERS: usize = 8;
/// Edits of each kind in a turn, on either side.
const EDITS: usize = 100;
/// Over how many short documents they are spread, so that none becomes long.
const SHORT_DOCUMENTS: usize = 5;
/// How old an old version is.
const BEHIND: u64 = 10;
/// How often the building tells how far it is, in changes.
const TOLD_EVERY: u64 = 5_000;

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let long = build_long(&hub).await?;
    for kind in [Kind::Now, Kind::Behind, Kind::Replace] {
        let turns = compare(&hub, &long, kind).await?;
        tell(kind, &turns, report)?;
    }
    let hub = Hub::start(hub.stop().await?).await?;
    let opened = Instant::now();
    Rest::open(hub.addr(), hub.owner_token()).await?.get(&long.id).await?;
    report.add(&Figure::new("history.cold_open", "ms", opened.elapsed().as_secs_f64() * 1e3))?;
    hub.stop().await?;
    Ok(())
}

/// Which edit.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// One character, at the newest version.
    Now,
    /// One character, at a version that is [`BEHIND`].
    Behind,
    /// The whole text with one character changed, at the newest version.
    Replace,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Now => "history.now",
            Kind::Behind => "history.ten_behind",
            Kind::Replace => "history.replace",
        }
    }

    /// What the ratio of long to short may be; a replacement is only told.
    fn goal(self) -> Option<Goal> {
        match self {
            Kind::Now => Some(Goal::RatioAtMost(2.0)),
            Kind::Behind => Some(Goal::RatioAtMost(4.0)),
            Kind::Replace => None,
        }
    }
}

async fn compare(hub: &Hub, long: &Text, kind: Kind) -> Result<Alternation<Measured>> {
    let pid = hub.process().pid();
    alternate(
        kind.name(),
        async || {
            let mut editors = [Editor::of(hub, long, kind).await?];
            sequence(&mut editors, EDITS, pid).await
        },
        async || {
            let mut editors = Vec::with_capacity(SHORT_DOCUMENTS);
            for _ in 0..SHORT_DOCUMENTS {
                editors.push(Editor::of(hub, &build_short(hub).await?, kind).await?);
            }
            sequence(&mut editors, EDITS / SHORT_DOCUMENTS, pid).await
        },
    )
    .await
}

fn tell(kind: Kind, turns: &Alternation<Measured>, report: &mut Report) -> Result<()> {
    let (ours, peer) = turns.medians(Measured::median_micros);
    let latency = Figure::new(format!("{}.latency", kind.name()), "us", ours).against(peer);
    let (ours, peer) = turns.medians(Measured::server_micros);
    let cpu = Figure::new(format!("{}.server_cpu", kind.name()), "us/edit", ours).against(peer);
    for figure in [latency, cpu] {
        let judged = kind.goal().into_iter().fold(figure, Figure::judged);
        report.add(&judged.unless_client_was_busy(turns.client_share()))?;
    }
    Ok(())
}

/// A text with a history; its newest version is shared by those who edit it.
#[derive(Debug, Clone)]
struct Text {
    id: String,
    version: Rc<Cell<u64>>,
}

impl Text {
    async fn create(rest: &mut Rest) -> Result<Text> {
        let made = rest.create("history", &prose(CONTENT_BYTES)).await?;
        Ok(Text { id: made.id, version: Rc::new(Cell::new(made.version)) })
    }

    fn saw(&self, version: u64) {
        self.version.set(self.version.get().max(version));
    }
}

async fn build_short(hub: &Hub) -> Result<Text> {
    let mut rest = Rest::open(hub.addr(), hub.owner_token()).await?;
    let text = Text::create(&mut rest).await?;
    grow(rest, text.clone(), Rc::new(Cell::new(SHORT - 1))).await?;
    Ok(text)
}

async fn build_long(hub: &Hub) -> Result<Text> {
    let started = Instant::now();
    let mut rest = Rest::open(hub.addr(), hub.owner_token()).await?;
    let text = Text::create(&mut rest).await?;
    let missing = Rc::new(Cell::new(LONG - 1));
    let local = LocalSet::new();
    let mut builders = JoinSet::new();
    for _ in 0..BUILDERS {
        let rest = Rest::open(hub.addr(), hub.owner_token()).await?;
        builders.spawn_local_on(grow(rest, text.clone(), missing.clone()), &local);
    }
    local.run_until(async { builders.join_all().await.into_iter().collect::<Result<()>>() }).await?;
    eprintln!("history: {LONG} changes in {:.0?}", started.elapsed());
    Ok(text)
}

/// Edits until no change is missing any more, always at the newest version that any of the editors has seen.
async fn grow(mut rest: Rest, text: Text, missing: Rc<Cell<u64>>) -> Result<()> {
    while let Some(left) = missing.get().checked_sub(1) {
        missing.set(left);
        let changed = rest.patch(&text.id, text.version.get(), "utf16", &one_character()).await?;
        text.saw(changed.version);
        if left > 0 && left % TOLD_EVERY == 0 {
            eprintln!("history: {left} changes to go");
        }
    }
    Ok(())
}

/// Replaces a character by another. It never makes the text shorter, so any position below its first length is there
/// in every version.
fn one_character() -> Value {
    let mut random = rand::rng();
    let position = random.random_range(0..CONTENT_BYTES);
    let letter = char::from(random.random_range(b'a'..=b'z'));
    json!([{ "op": "splice", "position": position, "delete": 1, "insert": letter }])
}

/// Makes one edit of its kind a step.
struct Editor {
    rest: Rest,
    text: Text,
    content: String,
    kind: Kind,
}

impl Editor {
    async fn of(hub: &Hub, text: &Text, kind: Kind) -> Result<Editor> {
        let mut rest = Rest::open(hub.addr(), hub.owner_token()).await?;
        let now = rest.get(&text.id).await?;
        text.saw(now.version);
        Ok(Editor { rest, text: text.clone(), content: now.content, kind })
    }
}

impl Worker for Editor {
    async fn step(&mut self) -> Result<()> {
        let Editor { rest, text, content, kind } = self;
        let version = text.version.get();
        let changed = match kind {
            Kind::Now => rest.patch(&text.id, version, "utf16", &one_character()).await?,
            Kind::Behind => {
                let old = version.checked_sub(BEHIND).context("a short history is longer than that")?;
                rest.patch(&text.id, old, "utf16", &one_character()).await?
            }
            Kind::Replace => {
                let position = rand::rng().random_range(0..CONTENT_BYTES);
                content.replace_range(position..=position, "#");
                rest.put(&text.id, version, content).await?
            }
        };
        text.saw(changed.version);
        *content = changed.content;
        Ok(())
    }
}
