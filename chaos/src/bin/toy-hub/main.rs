//! A hub as small as the drills allow, sound by default, and wrong in one chosen way (`TOY_FAULT`).
//!
//! A drill that cannot fail proves nothing: the tests hold each drill against this hub, once sound, when nothing may be
//! reported, and once with each mistake that the drill is there to catch.

mod fault;
mod http;
mod hub;
mod log;
mod member;
mod store;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use fault::Fault;
use hub::ToyHub;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves.
    Dev {
        #[arg(long)]
        json: bool,
        #[arg(long)]
        addr: String,
        #[arg(long)]
        data_dir: PathBuf,
        #[arg(long)]
        shards: Option<u32>,
    },
    /// Starts and breaks a cluster of these.
    Cluster(chaos::cluster::cli::Args),
    /// Stands for a node of a cluster.
    Shard(member::NodeArgs),
    /// Stands for a gateway of a cluster.
    Gateway(member::GatewayArgs),
    /// Stands for the tools of a cluster.
    Admin {
        #[command(subcommand)]
        command: member::AdminCommand,
    },
    /// Looks at the log.
    Wal {
        #[command(subcommand)]
        command: WalCommand,
    },
}

#[derive(Subcommand)]
enum WalCommand {
    /// Exit code 1 if it is damaged.
    Verify { folder: PathBuf },
}

fn main() -> anyhow::Result<ExitCode> {
    match Args::parse().command {
        // It makes a runtime of its own, as in the program that it stands for.
        Command::Cluster(args) => chaos::cluster::cli::run(&args),
        command => run(command),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Cluster(_) => unreachable!("it is run without a runtime"),
        Command::Dev { addr, data_dir, .. } => dev(&addr, &data_dir).await,
        Command::Shard(args) => member::node(&args).await,
        Command::Gateway(args) => member::gateway(&args).await,
        Command::Admin { command } => member::admin(command),
        Command::Wal { command: WalCommand::Verify { folder } } => verify(&folder),
    }
}

async fn dev(addr: &str, data_dir: &Path) -> anyhow::Result<ExitCode> {
    let hub = Arc::new(Mutex::new(ToyHub::open(data_dir, Fault::from_env())?));
    let token_file = data_dir.join("owner.token");
    std::fs::write(&token_file, "toy")?;
    std::fs::write(data_dir.join("signing-key.pem"), "toy")?;
    std::fs::write(data_dir.join("master.key"), "toy\n")?;
    let listener = TcpListener::bind(addr).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "{}",
        serde_json::json!({"event": "ready", "url": url, "token_file": token_file, "pid": std::process::id()})
    );
    let mut stop = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = stop.recv() => return Ok(ExitCode::SUCCESS),
            connection = listener.accept() => serve(connection?.0, Arc::clone(&hub)),
        }
    }
}

/// The task ends with its connection, at the latest with the process.
fn serve(stream: tokio::net::TcpStream, hub: Arc<Mutex<ToyHub>>) {
    let service = service_fn(move |request| http::answer(Arc::clone(&hub), request));
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
}

fn verify(folder: &Path) -> anyhow::Result<ExitCode> {
    let path = log::segment(folder);
    let survey = log::survey(&std::fs::read(&path)?);
    if survey.fault == log::Tail::Damaged {
        println!("{}", log::damage(&path, survey.end));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
