//! The two writers.

use super::marks::{Marks, Splice, mark};
use super::outcome::verify;
use super::trace::{Edit, Trace};
use crate::client::{Document, Rest};
use crate::measure::Histogram;
use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Marks that B makes at one version before it looks at the document again.
const MARKS_A_LOOK: usize = 8;

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The hub.
    pub addr: SocketAddr,
    /// A token of both writers.
    pub token: String,
    /// What A types.
    pub trace: Trace,
    /// Keystrokes that A sends at once.
    pub chunk: usize,
    /// How many marks B makes.
    pub marks: usize,
    /// Decides where the marks go.
    pub seed: u64,
}

/// How far a writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Keystrokes of A so far.
    Typed(usize),
    /// Marks of B so far.
    Marked(usize),
}

/// What it took.
#[derive(Debug)]
pub struct Outcome {
    /// The document that was written.
    pub document: Document,
    /// From the first chunk to the last mark.
    pub took: Duration,
    /// Latencies of A's chunks.
    pub chunks: Histogram,
    /// Latencies of B's marks.
    pub marks: Histogram,
    /// How many versions old the oldest was that a mark was made at.
    pub most_stale: u64,
}

impl Paper {
    /// Writes the paper and checks what became of it. `progress` hears of each chunk and each mark.
    pub async fn write(&self, progress: impl Fn(Progress)) -> Result<Outcome> {
        ensure!(self.chunk > 0, "a chunk needs at least one keystroke");
        let mut rest = Rest::open(self.addr, &self.token).await?;
        let document = rest.create("paper", &self.trace.start).await?;
        let id = document.id.clone();
        let (tell, told) = watch::channel(Front::default());
        let started = Instant::now();
        let (chunks, (marks, most_stale)) =
            tokio::try_join!(self.type_it(document, tell, &progress), self.mark_it(&id, told, &progress))?;
        let took = started.elapsed();
        let document = rest.get(&id).await?;
        verify(&document.content, &self.trace.end, self.marks)?;
        Ok(Outcome { document, took, chunks, marks, most_stale })
    }

    /// Writer A: each chunk is made against what the answer to the one before showed.
    async fn type_it(
        &self,
        mut seen: Document,
        tell: watch::Sender<Front>,
        progress: &impl Fn(Progress),
    ) -> Result<Histogram> {
        let mut rest = Rest::open(self.addr, &self.token).await?;
        let mut latency = Histogram::default();
        for chunk in self.trace.edits.chunks(self.chunk) {
            let ops = around_marks(&seen.content, chunk)?;
            let asked = Instant::now();
            seen = rest.patch(&seen.id, seen.version, "scalar", &ops).await?;
            latency.record(asked.elapsed());
            tell.send_modify(|front| front.advance(chunk));
            progress(Progress::Typed(tell.borrow().typed));
        }
        Ok(latency)
    }

    /// Writer B: spread evenly over A's work, each mark at a version that A has left behind.
    async fn mark_it(
        &self,
        id: &str,
        mut told: watch::Receiver<Front>,
        progress: &impl Fn(Progress),
    ) -> Result<(Histogram, u64)> {
        let mut rest = Rest::open(self.addr, &self.token).await?;
        let mut random = StdRng::seed_from_u64(self.seed);
        let (mut latency, mut most_stale) = (Histogram::default(), 0);
        let mut look = Look::at(&mut rest, id).await?;
        for number in 0..self.marks {
            let due = (number + 1) * self.trace.edits.len() / self.marks;
            let front = *told.wait_for(|front| front.typed >= due).await.context("writer A gave up")?;
            let position = look.choose(front, &mut random);
            let ops = json!([Splice { position, delete: 0, insert: mark(number) }]);
            let asked = Instant::now();
            let made = rest.patch(id, look.version, "scalar", &ops).await?;
            latency.record(asked.elapsed());
            most_stale = most_stale.max(made.version - look.version);
            progress(Progress::Marked(number + 1));
            if number % MARKS_A_LOOK == MARKS_A_LOOK - 1 {
                look = Look::at(&mut rest, id).await?;
            }
        }
        Ok((latency, most_stale))
    }
}

/// Where A is.
#[derive(Debug, Clone, Copy, Default)]
struct Front {
    typed: usize,
    cursor: usize,
}

impl Front {
    fn advance(&mut self, chunk: &[Edit]) {
        self.typed += chunk.len();
        if let Some(last) = chunk.last() {
            self.cursor = last.position + last.insert.chars().count();
        }
    }
}

/// What B has seen of the document, at some time.
struct Look {
    version: u64,
    marks: Marks,
}

impl Look {
    async fn at(rest: &mut Rest, id: &str) -> Result<Look> {
        let seen = rest.get(id).await?;
        Ok(Look { version: seen.version, marks: Marks::find(&seen.content)? })
    }

    /// Half of the marks go where A is typing, where they disturb most; the others anywhere.
    fn choose(&self, front: Front, random: &mut StdRng) -> usize {
        let plain =
            if random.random() { front.cursor } else { random.random_range(0..=self.marks.plain_chars()) };
        self.marks.position(plain.min(self.marks.plain_chars()))
    }
}

/// A chunk of keystrokes as operations on a text that may have marks in it.
fn around_marks(content: &str, chunk: &[Edit]) -> Result<Value> {
    let mut marks = Marks::find(content)?;
    let splices: Vec<Splice> = chunk.iter().flat_map(|edit| marks.around(edit)).collect();
    Ok(serde_json::to_value(splices)?)
}
