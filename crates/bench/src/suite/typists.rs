//! `typists`: a hundred people in one document.
//!
//! A hundred clients, each behind its own place in one text, type six characters a second for a minute, each character a
//! change that depends on all that its client has seen. Each client reads what all others type. Measured is the time from
//! when a key was due until the last of the other 99 has the character; what clients have to do to merge it is not in it,
//! because they are header-only. Their cost and the server's are told apart. In the end a stock client reads the text.

use super::Setting;
use super::arrivals::Arrivals;
use crate::crowd::{Hand, Host, Ledger, StockPeer};
use crate::measure::{Figure, Goal, Report, Usage, Used};
use crate::server::{Hub, Scratch};
use anyhow::{Context, Result, ensure};
use rand::Rng;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};

/// Between two keys of one typist: six a second.
const PACE: Duration = Duration::from_nanos(1_000_000_000 / 6);
/// How late the last reader may be, at the 99th percentile.
const P99_GOAL_MILLIS: f64 = 100.0;
/// What is typed.
const KEYS: [&str; 8] = ["e", "t", "a", "o", "i", "n", "s", " "];
/// After the last key, how long everything may take to come to everyone.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many typists, for how long.
#[derive(Clone, Copy)]
struct Scale {
    typists: usize,
    time: Duration,
}

const WHOLE: Scale = Scale { typists: 100, time: Duration::from_secs(60) };
const QUICK: Scale = Scale { typists: 10, time: Duration::from_secs(3) };

/// What the typists share.
struct Class {
    arrivals: RefCell<Arrivals>,
    typists: usize,
    end: Instant,
}

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let place = Host::hub(hub.addr(), hub.owner_token()).new_document()?;
    let ledger = Rc::new(RefCell::new(Ledger::new(scale.typists)?));
    let base = ledger.borrow().base();
    StockPeer::bring(&place, base).await?;
    let mut hands = Vec::with_capacity(scale.typists);
    for number in 0..scale.typists {
        hands.push(Hand::open(&place, &ledger, number).await?);
    }

    let end = Instant::now() + scale.time;
    let class = Rc::new(Class { arrivals: RefCell::default(), typists: scale.typists, end });
    let usage = Usage::begin(hub.process().pid())?;
    LocalSet::new().run_until(type_all(hands, &class)).await?;
    let used = usage.end()?;

    let (heads, expected) = (ledger.borrow().heads(), ledger.borrow().text());
    let text = StockPeer::text_at(&place, &heads).await?;
    ensure!(text == expected, "the document does not hold what was typed");
    tell(report, &class.arrivals.borrow(), used)?;
    hub.stop().await.map(drop)
}

fn tell(report: &mut Report, arrivals: &Arrivals, used: Used) -> Result<()> {
    let busy = used.client_share();
    let p99 = Figure::new("typists.p99", "ms", arrivals.millis(0.99)).judged(Goal::Below(P99_GOAL_MILLIS));
    report.add(&Figure::new("typists.p50", "ms", arrivals.millis(0.5)))?;
    report.add(&p99.unless_client_was_busy(busy))?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / arrivals.deliveries as f64;
    report.add(&Figure::new("typists.server_cpu", "us/delivery", each(used.server_cpu)))?;
    report.add(&Figure::new("typists.client_cpu", "us/delivery", each(used.client_cpu)))?;
    eprintln!(
        "typists: {} keys, {} deliveries, server at {:.0} %, clients at {:.0} % of their core",
        arrivals.to_last.count(),
        arrivals.deliveries,
        used.server_share() * 100.0,
        busy * 100.0
    );
    Ok(())
}

/// Types until the end and waits until everything is everywhere.
async fn type_all(hands: Vec<Hand>, class: &Rc<Class>) -> Result<()> {
    let mut typists = JoinSet::new();
    for hand in hands {
        typists.spawn_local(type_along(hand, class.clone()));
    }
    let all_there = async {
        loop {
            sleep(Duration::from_millis(5)).await;
            if Instant::now() > class.end && class.arrivals.borrow().all_there() {
                return Ok(());
            }
            ensure!(
                Instant::now() < class.end + PATIENCE,
                "not every key came to everyone within {PATIENCE:?}"
            );
        }
    };
    tokio::select! {
        done = all_there => done,
        ended = typists.join_next() => ended.context("there are typists")??,
    }
}

/// One typist; goes on reading when it is done.
async fn type_along(mut hand: Hand, class: Rc<Class>) -> Result<()> {
    let mut due = Instant::now() + PACE.mul_f64(rand::rng().random());
    loop {
        let typing = due < class.end;
        tokio::select! {
            news = hand.next() => class.arrivals.borrow_mut().arrive(&news?),
            () = sleep_until(due), if typing => {
                let key = KEYS[rand::rng().random_range(0..KEYS.len())];
                for change in hand.write([key])? {
                    class.arrivals.borrow_mut().expect(change, due, class.typists - 1);
                }
                due += PACE;
            }
        }
    }
}
