//! `context-hub`: one binary for everything.

mod admin;
mod cli;
mod dev;
mod docs;
mod doctor;
mod exit;
mod gateway;
mod hub;
mod limits;
mod logging;
mod manual;
mod member;
mod memory;
mod node;
mod output;
mod private_file;
mod process;
mod profile;
mod secrets;
mod serving;
mod shard;
mod status;
mod table;
mod token;
mod wal;

use clap::Parser;
use cli::{Cli, Verb};
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::configure();
    let cli = Cli::parse();
    let done = match cli.verb {
        Verb::Dev(args) => dev::run(*args),
        Verb::Shard(args) => shard::run(*args),
        Verb::Gateway(args) => gateway::run(*args),
        Verb::Admin(args) => admin::run(args),
        Verb::Token(args) => token::run(&args).map(|()| ExitCode::SUCCESS),
        Verb::Wal(args) => wal::run(&args),
        Verb::Docs(args) => docs::run(&args),
        Verb::Status(args) => status::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
        Verb::Profile(args) => profile::run(&args),
        Verb::Completions(args) => manual::completions(&args).map(|()| ExitCode::SUCCESS),
        Verb::Man(args) => manual::pages(&args).map(|()| ExitCode::SUCCESS),
        Verb::Cluster(args) => chaos::cluster::cli::run(&args),
        Verb::Drill(args) => chaos::cluster_drill::cli::run(&args),
    };
    done.unwrap_or_else(|error| {
        // Whoever reads has read enough.
        if output::is_closed_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        // The whole chain: what failed, and why.
        eprintln!("context-hub: {error:#}");
        exit::of(&error)
    })
}
