//! `observers`: one document with 1,500 readers.
//!
//! One socket types ten characters a second, 1,500 read, each with an acknowledgement. Measured is, for each reader and
//! each character, the time from when the key was due until the reader has it. In the end a stock client reads the text.

use super::Setting;
use super::prose::prose;
use crate::crowd::{Follower, Host, Seat, StockPeer, Typing};
use crate::measure::{Figure, Goal, Histogram, Report, Usage, Used};
use crate::server::{Hub, Scratch};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};

/// Between two characters.
const PACE: Duration = Duration::from_millis(100);
/// Changes before the first measured one.
const HISTORY: usize = 100;
/// How late a reader may be, at the 99th percentile.
const P99_GOAL_MILLIS: f64 = 100.0;
/// After the last character, how long it may take to everyone.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many readers, how many characters.
struct Scale {
    readers: usize,
    characters: usize,
}

const WHOLE: Scale = Scale { readers: 1_500, characters: 300 };
const QUICK: Scale = Scale { readers: 50, characters: 20 };

/// What everyone shares.
#[derive(Default)]
struct Stage {
    /// When each character was due.
    due: RefCell<Vec<Instant>>,
    latency: RefCell<Histogram>,
}

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let place = Host::hub(hub.addr(), hub.owner_token()).new_document()?;
    let typing = Rc::new(Typing::record(prose(HISTORY + scale.characters), &[HISTORY])?);
    StockPeer::bring(&place, typing.document_at(HISTORY)?).await?;
    let writer = Follower::open(&place, &typing, HISTORY).await?;
    let mut readers = Vec::with_capacity(scale.readers);
    for _ in 0..scale.readers {
        readers.push(Follower::open(&place, &typing, HISTORY).await?);
    }

    let stage = Rc::new(Stage::default());
    let usage = Usage::begin(hub.process().pid())?;
    LocalSet::new().run_until(perform(writer, readers, &stage, scale.characters)).await?;
    let used = usage.end()?;

    let changes = HISTORY + scale.characters;
    let text = StockPeer::text_at(&place, &[typing.stroke(changes - 1)?.hash]).await?;
    ensure!(text == typing.text_at(changes), "the document does not hold what was typed");
    tell(report, &stage.latency.borrow(), used)?;
    hub.stop().await.map(drop)
}

fn tell(report: &mut Report, latency: &Histogram, used: Used) -> Result<()> {
    let busy = used.client_share();
    let millis = |quantile| latency.quantile(quantile).as_secs_f64() * 1e3;
    report.add(&Figure::new("observers.p50", "ms", millis(0.5)))?;
    let p99 = Figure::new("observers.p99", "ms", millis(0.99)).judged(Goal::Below(P99_GOAL_MILLIS));
    report.add(&p99.unless_client_was_busy(busy))?;
    let cpu = used.server_cpu.as_secs_f64() * 1e6 / latency.count() as f64;
    report.add(&Figure::new("observers.server_cpu", "us/delivery", cpu))?;
    let percent = [used.server_share(), busy].map(|share| share * 100.0);
    eprintln!("observers: server at {:.0} %, clients at {:.0} % of their core", percent[0], percent[1]);
    Ok(())
}

async fn perform(
    mut writer: Follower,
    readers: Vec<Follower>,
    stage: &Rc<Stage>,
    characters: usize,
) -> Result<()> {
    let mut watching = JoinSet::new();
    for reader in readers {
        watching.spawn_local(watch(reader, stage.clone(), characters));
    }
    let start = Instant::now() + PACE;
    for (number, due) in (0..characters).map(|number| (number, start + PACE * number as u32)) {
        sleep_until(due).await;
        stage.due.borrow_mut().push(due);
        writer.type_next()?;
        writer.reach(HISTORY + number + 1).await?;
    }
    let all_watched = async {
        while let Some(ended) = watching.join_next().await {
            ended.context("a reader panicked")??;
        }
        Ok(())
    };
    tokio::select! {
        watched = all_watched => watched,
        () = sleep(PATIENCE) => anyhow::bail!("not every character came to everyone within {PATIENCE:?}"),
    }
}

/// A reader, until it has the last character.
async fn watch(mut reader: Follower, stage: Rc<Stage>, characters: usize) -> Result<()> {
    let mut seen = 0;
    while seen < characters {
        let has = reader.next().await? - HISTORY;
        for number in seen..has {
            let waited = stage.due.borrow()[number].elapsed();
            stage.latency.borrow_mut().record(waited);
        }
        seen = has;
    }
    Ok(())
}
