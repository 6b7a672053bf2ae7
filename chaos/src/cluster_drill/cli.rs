//! `context-hub drill`: what can be typed, and what is told.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use tempfile::TempDir;

use super::{Drill, Plan};
use crate::check::Verdict;
use crate::report::Report;

/// The worst that a drill can say of itself.
const NOT_HELD: u8 = 2;
/// Violations of a promise that are printed; the report has more.
const SHOWN: usize = 5;

/// Break a cluster on purpose, and see whether it keeps its promises
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with drills.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Hold a drill; exit code 1 if a promise was broken, 2 if the drill could not be held or a promise not be judged
    Run(RunArgs),
}

/// A drill.
#[derive(clap::Args, Debug)]
pub struct RunArgs {
    /// How to break it
    pub drill: Drill,
    /// What chooses the accidents; the same seed chooses the same ones
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many nodes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(3..=50))]
    pub nodes: u8,
    /// How many gateways
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub gateways: u8,
    /// How many shards [8; restart-during-isolation: 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub shards: Option<u32>,
    /// How often something breaks [5; rolling-restart: every node once; failover: 50]
    #[arg(long, value_name = "COUNT")]
    pub faults: Option<usize>,
    /// Where report.html, report.json and history.jsonl go [./data/drills/DRILL-SEED]
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// An empty folder for the cluster; otherwise a temporary one
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Leave the folder of the cluster, with its data and logs
    #[arg(long)]
    pub keep: bool,
    /// An environment variable of nodes and gateways
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::cluster::cli::variable)]
    pub env: Vec<(String, String)>,
    /// The program of nodes and gateways; otherwise this one
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Verb::Run(args) = &args.verb;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let held = runtime.block_on(async {
        tokio::select! {
            held = hold(args) => held,
            // What was started ends with the future that started it.
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        }
    });
    match held {
        Ok(report) => {
            print(&report, args);
            Ok(code(report.verdict))
        }
        Err(error) => {
            eprintln!("{} could not be held: {error:#}", args.drill.name());
            Ok(ExitCode::from(NOT_HELD))
        }
    }
}

async fn hold(args: &RunArgs) -> anyhow::Result<Report> {
    let (folder, _goes) = folder(args)?;
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => std::env::current_exe().context("cannot find this program's file")?,
    };
    let plan = Plan {
        binary,
        folder,
        reports: reports(args),
        seed: args.seed,
        nodes: args.nodes.into(),
        gateways: args.gateways.into(),
        shards: args.shards.unwrap_or_else(|| args.drill.usual_shards()),
        faults: args.faults.unwrap_or_else(|| args.drill.usual_faults(args.nodes.into())),
        env: args.env.clone(),
        say: |words| eprintln!("· {words}"),
    };
    args.drill.run(&plan).await
}

/// Where the cluster is to be, and what removes it at the end, unless it is to stay.
fn folder(args: &RunArgs) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if let Some(dir) = &args.dir {
        let made = fs::create_dir_all(dir).and_then(|()| fs::read_dir(dir));
        let mut inside = made.with_context(|| format!("cannot make {}", dir.display()))?;
        anyhow::ensure!(inside.next().is_none(), "{} is not empty: take another folder", dir.display());
        let goes = if args.keep { None } else { Some(TempDir::new_in(dir)?) };
        let folder = goes.as_ref().map_or(dir.as_path(), TempDir::path).to_owned();
        return Ok((folder, goes));
    }
    let mut goes = TempDir::with_prefix("hub-drill-").context("cannot make a temporary folder")?;
    if args.keep {
        goes.disable_cleanup(true);
        eprintln!("· the cluster is in {}", goes.path().display());
    }
    Ok((goes.path().to_owned(), Some(goes)))
}

fn reports(args: &RunArgs) -> PathBuf {
    let usual = || PathBuf::from(format!("./data/drills/{}-{}", args.drill.name(), args.seed));
    args.report.clone().unwrap_or_else(usual)
}

fn code(verdict: Verdict) -> ExitCode {
    match verdict {
        Verdict::Kept => ExitCode::SUCCESS,
        Verdict::Broken => ExitCode::FAILURE,
        Verdict::Undecided | Verdict::NotExamined => ExitCode::from(NOT_HELD),
    }
}

fn print(report: &Report, args: &RunArgs) {
    if args.json {
        println!("{}", serde_json::json!(report));
        return;
    }
    let counts = &report.counts;
    println!(
        "{} with seed {}: {} faults in {:.0} s, {} changes of leaders; {} operations of {} clients on {} documents, \
         {} of unknown outcome",
        report.drill,
        report.seed,
        counts.faults,
        report.seconds,
        counts.leader_changes,
        counts.operations,
        counts.clients,
        counts.documents,
        counts.unknown,
    );
    if let (Some(median), Some(worst)) = (report.gaps.median, report.gaps.worst) {
        println!("shards of a victim took no writes for {median} (median), {worst} (longest)");
    }
    for judged in &report.properties {
        let word = match judged.verdict {
            Verdict::Kept => "kept",
            Verdict::Broken => "BROKEN",
            Verdict::Undecided => "undecided",
            Verdict::NotExamined => "not examined",
        };
        println!(
            "  {word:12} {} ({} {})",
            judged.promise,
            judged.findings.examined,
            judged.property.subject()
        );
        judged.findings.violations.iter().take(SHOWN).for_each(|it| println!("      {}", it.what));
        judged.findings.undecided.iter().take(SHOWN).for_each(|why| println!("      {why}"));
    }
    report.notes.iter().for_each(|note| println!("note: {note}"));
    println!("{}", reports(args).join("report.html").display());
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &str) -> Result<RunArgs, clap::Error> {
        let words = std::iter::once("drill").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| {
            let Verb::Run(args) = line.args.verb;
            args
        })
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }

    #[test]
    fn drills_have_names_and_usual_numbers() {
        let args = parse("run rolling-restart --nodes 7").unwrap();
        assert_eq!((args.drill, args.drill.usual_faults(args.nodes.into())), (Drill::RollingRestart, 7));
        assert!(reports(&args).ends_with("rolling-restart-1"));
        assert!(parse("run leader-tickle").is_err());
        assert!(parse("run leader-kill --nodes 2").is_err());
    }

    #[test]
    fn a_cluster_is_not_put_among_other_things() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "x").unwrap();
        let args = parse(&format!("run leader-kill --dir {}", folder.path().display())).unwrap();
        assert!(folder_of(&args).is_err());
    }

    fn folder_of(args: &RunArgs) -> anyhow::Result<PathBuf> {
        folder(args).map(|(folder, _)| folder)
    }
}
