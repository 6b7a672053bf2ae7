//! `agents`: a person types where agents pour in text.
//!
//! Fifty agents write ten thousand operations each into one document: changes of ten characters, up to fifty of them in a
//! message, the next message when the server has confirmed the one before, as fast as that goes. Once they do so alone;
//! once a person types ten characters a second into the same document, until they are done. Measured is the time from when
//! the person's key was due until a second person, who only reads, has the character; and how much longer the agents
//! took than alone. Agents and people all read everything, header-only. Runs alternate, and the hub comes to rest between
//! them; a figure is the median. In the end of each a stock client reads the text.

use super::Setting;
use super::arrivals::Arrivals;
use super::prose::prose;
use crate::crowd::{Hand, Host, Ledger, StockPeer};
use crate::measure::{Figure, Goal, Report, Usage, Used, at_rest, median};
use crate::server::{Hub, Scratch};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, interval, sleep};

/// Characters, that is operations, of a change.
const CHANGE_OPERATIONS: usize = 10;
/// Changes of a message.
const MESSAGE_CHANGES: usize = 50;
/// Between two keys of the person.
const PACE: Duration = Duration::from_millis(100);
/// How late the second person may be, at the 95th percentile.
const P95_GOAL_MILLIS: f64 = 250.0;
/// How much longer agents may take because of the person.
const SLOWER_GOAL: f64 = 1.5;
/// After everyone is done, how long the person's last keys may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many agents, how much.
struct Scale {
    agents: usize,
    operations: usize,
    turns: usize,
}

const WHOLE: Scale = Scale { agents: 50, operations: 10_000, turns: 3 };
const QUICK: Scale = Scale { agents: 5, operations: 1_000, turns: 1 };

/// What a run saw.
struct Run {
    agents: Duration,
    used: Used,
    person: Arrivals,
}

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    let scratch = Scratch::below(&setting.folder)?;
    let hub = Hub::start(setting.hub_in(&scratch)).await?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for turn in 1..=scale.turns {
        for (person, runs) in [(false, &mut alone), (true, &mut together)] {
            // What the run before left to be put away is put away.
            at_rest(hub.process().pid()).await?;
            let run = LocalSet::new().run_until(one_run(&hub, &scale, person)).await?;
            tell(turn, person, &run);
            runs.push(run);
        }
    }
    let busy = together.iter().map(|run: &Run| run.used.client_share()).fold(0.0, f64::max);
    let late = median(together.iter().map(|run| run.person.millis(0.95)));
    let p95 = Figure::new("agents.person_p95", "ms", late).judged(Goal::Below(P95_GOAL_MILLIS));
    report.add(&p95.unless_client_was_busy(busy))?;
    let seconds = |runs: &[Run]| median(runs.iter().map(|run| run.agents.as_secs_f64()));
    let slower = Figure::new("agents.done", "s", seconds(&together)).against(seconds(&alone));
    report.add(&slower.judged(Goal::RatioAtMost(SLOWER_GOAL)).unless_client_was_busy(busy))?;
    hub.stop().await.map(drop)
}

fn tell(turn: usize, person: bool, run: &Run) {
    let who = if person { "with a person" } else { "alone" };
    eprint!("agents {who} {turn}: done after {:.2?}, ", run.agents);
    if person {
        eprint!("{} keys, p50 {:.1} ms, ", run.person.to_last.count(), run.person.millis(0.5));
    }
    let percent = |share: f64| share * 100.0;
    eprintln!(
        "server at {:.0} %, clients at {:.0} %",
        percent(run.used.server_share()),
        percent(run.used.client_share())
    );
}

/// The agents, and two people, of whom the first types or not.
async fn one_run(hub: &Hub, scale: &Scale, person: bool) -> Result<Run> {
    let place = Host::hub(hub.addr(), hub.owner_token()).new_document()?;
    let ledger = Rc::new(RefCell::new(Ledger::new(scale.agents + 2)?));
    let base = ledger.borrow().base();
    StockPeer::bring(&place, base).await?;
    let mut hands = Vec::with_capacity(scale.agents + 2);
    for number in 0..scale.agents + 2 {
        hands.push(Hand::open(&place, &ledger, number).await?);
    }
    let (typist, reader) = (hands.pop().context("two people")?, hands.pop().context("two people")?);

    let arrivals = Rc::new(RefCell::new(Arrivals::default()));
    let usage = Usage::begin(hub.process().pid())?;
    let started = Instant::now();
    let (done, mut all_done) = mpsc::channel(scale.agents);
    let mut agents = JoinSet::new();
    for agent in hands {
        agents.spawn_local(pour(agent, scale.operations, done.clone()));
    }
    drop(done);
    let mut people = JoinSet::new();
    people.spawn_local(read(reader, arrivals.clone()));
    let typist = type_keys(typist, person, arrivals.clone());
    let finish = async {
        for _ in 0..scale.agents {
            all_done.recv().await.context("an agent ended early")?;
        }
        Ok::<_, anyhow::Error>(started.elapsed())
    };
    // The typist's socket goes when the agents are done; what it typed is still to come to the reader.
    let agents_took = tokio::select! {
        finished = finish => finished?,
        ended = typist => return Err(ended.expect_err("the typist types until it is stopped")),
        ended = agents.join_next() => return Err(failure(ended)),
        ended = people.join_next() => return Err(failure(ended)),
    };
    let used = usage.end()?;
    wait_for_keys(&arrivals).await?;
    drop((agents, people));

    let (heads, expected) = (ledger.borrow().heads(), ledger.borrow().text());
    let text = StockPeer::text_at(&place, &heads).await?;
    ensure!(text == expected, "the document does not hold what was written");
    Ok(Run { agents: agents_took, used, person: arrivals.take() })
}

/// An agent: tells when the server has all that it wrote, and goes on reading.
async fn pour(mut agent: Hand, operations: usize, done: mpsc::Sender<()>) -> Result<()> {
    let mut left = operations / CHANGE_OPERATIONS;
    while left > 0 {
        let changes = left.min(MESSAGE_CHANGES);
        let text = prose(changes * CHANGE_OPERATIONS);
        agent.write((0..changes).map(|change| &text[change * CHANGE_OPERATIONS..][..CHANGE_OPERATIONS]))?;
        left -= changes;
        while agent.unconfirmed() > 0 {
            agent.next().await?;
        }
    }
    done.send(()).await?;
    loop {
        agent.next().await?;
    }
}

async fn type_keys(mut hand: Hand, types: bool, arrivals: Rc<RefCell<Arrivals>>) -> Result<()> {
    let mut keys = interval(PACE);
    loop {
        tokio::select! {
            news = hand.next() => drop(news?),
            due = keys.tick(), if types => {
                for change in hand.write(["k"])? {
                    arrivals.borrow_mut().expect(change, due, 1);
                }
            }
        }
    }
}

async fn read(mut hand: Hand, arrivals: Rc<RefCell<Arrivals>>) -> Result<()> {
    loop {
        let news = hand.next().await?;
        arrivals.borrow_mut().arrive(&news);
    }
}

async fn wait_for_keys(arrivals: &RefCell<Arrivals>) -> Result<()> {
    let asked = Instant::now();
    while !arrivals.borrow().all_there() {
        ensure!(asked.elapsed() < PATIENCE, "not every key came to the other person within {PATIENCE:?}");
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Why a task that goes on for ever ended.
fn failure(ended: Option<Result<Result<()>, tokio::task::JoinError>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(panic)) => anyhow::Error::new(panic).context("a client panicked"),
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("a client stopped before it was told to"),
    }
}
