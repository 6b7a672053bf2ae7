//! `chaos <drill> --rounds N --seed S [--json]`: breaks a hub and says which promises it did not keep.
//!
//! Progress goes to standard error, the report to standard output. The exit code is 1 when a promise was broken and 2
//! when the drill could not be held.

use std::path::PathBuf;
use std::process::ExitCode;

use chaos::binary;
use chaos::drill::{Drill, Plan, Report};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Breaks a hub and proves that it lost nothing that it acknowledged.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// How to break it.
    drill: Drill,
    /// How often.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// What chooses the accidents; the same seed chooses the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clients that write meanwhile.
    #[arg(long, default_value_t = 32)]
    writers: u32,
    /// The hub to break; otherwise CONTEXT_HUB_BIN, otherwise the one that was built last.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// One line of JSON instead of words.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match hold(&args).await {
        Ok(report) => {
            print(&report, args.json);
            ExitCode::from(u8::from(!report.violations.is_empty()))
        }
        Err(error) => {
            eprintln!("{} could not be held: {error:#}", args.drill.name());
            ExitCode::from(2)
        }
    }
}

async fn hold(args: &Args) -> anyhow::Result<Report> {
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => binary::newest_hub()?,
    };
    let mut plan = Plan::new(binary, args.rounds, args.seed);
    plan.writers = args.writers;
    plan.progress = progress(args);
    args.drill.run(&plan).await
}

fn progress(args: &Args) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {elapsed}");
    ProgressBar::new(args.rounds.into())
        .with_style(style.expect("the template is well formed"))
        .with_message(args.drill.name())
}

fn print(report: &Report, json: bool) {
    if json {
        println!("{}", serde_json::json!(report));
        return;
    }
    println!(
        "{}: {} rounds with seed {} in {:.1} s; {} edits acknowledged of {} attempted; slowest start {} ms",
        report.drill,
        report.rounds,
        report.seed,
        report.seconds,
        report.tally.acknowledged,
        report.tally.attempted,
        report.slowest_start_ms,
    );
    report.notes.iter().for_each(|note| println!("note: {note}"));
    match report.violations.len() {
        0 => println!("every promise was kept"),
        broken => println!("{broken} promises were broken:\n  {}", report.violations.join("\n  ")),
    }
}
