//! Writes a real paper through a running hub, keystroke by keystroke, while a second writer marks old versions of it.
//!
//! ```sh
//! cargo run --release -p context-hub -- dev &
//! cargo run --release --example paper
//! ```

use anyhow::{Context, Result, bail};
use bench::paper::{Outcome, Paper, Progress, Trace};
use bench::server::address;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::PathBuf;

/// Types the paper of the automerge-perf trace through REST and checks that nothing of either writer is lost.
#[derive(Debug, Parser)]
struct Cli {
    /// Where the hub is
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The token to write with; the hub made it on its first start
    #[arg(long, default_value = "data/owner.token")]
    token_file: PathBuf,
    /// Keystrokes that the first writer sends at once
    #[arg(long, default_value_t = 250)]
    chunk: usize,
    /// Marks that the second writer makes
    #[arg(long, default_value_t = 500)]
    marks: usize,
    /// Only this many keystrokes
    #[arg(long)]
    edits: Option<usize>,
    /// Decides where the marks go
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let paper = paper(Cli::parse())?;
    let bar = ProgressBar::new(paper.trace.edits.len() as u64).with_style(style()?);
    let outcome = paper
        .write(|progress| match progress {
            Progress::Typed(edits) => bar.set_position(edits as u64),
            Progress::Marked(marks) => bar.set_message(format!("{marks} marks")),
        })
        .await;
    bar.finish_and_clear();
    tell(&paper, &outcome?);
    Ok(())
}

fn paper(cli: Cli) -> Result<Paper> {
    let token = fs::read_to_string(&cli.token_file).with_context(|| {
        format!("cannot read {}: name the hub's with --token-file", cli.token_file.display())
    })?;
    let whole = Trace::of_the_paper()?;
    let trace = match cli.edits {
        Some(edits) => whole.first(edits),
        None => whole,
    };
    if cli.chunk == 0 {
        bail!("--chunk must be at least 1");
    }
    Ok(Paper {
        addr: address(&cli.url)?,
        token: token.trim().to_owned(),
        trace,
        chunk: cli.chunk,
        marks: cli.marks,
        seed: cli.seed,
    })
}

fn style() -> Result<ProgressStyle> {
    let template = "{elapsed_precise} [{bar:40}] {pos}/{len} keystrokes, {per_sec}, {msg}, {eta} to go";
    Ok(ProgressStyle::with_template(template)?.progress_chars("=> "))
}

fn tell(paper: &Paper, outcome: &Outcome) {
    let Outcome { document, took, chunks, marks, most_stale } = outcome;
    let edits = paper.trace.edits.len();
    println!("{edits} keystrokes and {} marks in {took:.1?}: all there, each once.", paper.marks);
    println!("{:.0} keystrokes a second; document {}", edits as f64 / took.as_secs_f64(), document.id);
    println!(
        "  {} chunks: p50 {:.1?}, p99 {:.1?}",
        chunks.count(),
        chunks.quantile(0.5),
        chunks.quantile(0.99)
    );
    println!("  {} marks:  p50 {:.1?}, p99 {:.1?}", marks.count(), marks.quantile(0.5), marks.quantile(0.99));
    println!("  the oldest version that a mark was made at was {most_stale} versions behind");
}
