//! Members of a cluster that do nothing but be there: they listen, say that they are ready, and stop when they are asked to.
//!
//! They are strict about what they are started with, so that whoever starts a cluster is held to it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::{Args, Subcommand};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// How long one member has to answer another.
const REACHED_WITHIN: std::time::Duration = std::time::Duration::from_millis(500);

#[derive(Args)]
pub struct NodeArgs {
    #[arg(long)]
    json: bool,
    #[arg(long)]
    name: String,
    #[arg(long)]
    addr: SocketAddr,
    #[arg(long)]
    ops_addr: SocketAddr,
    #[arg(long, value_delimiter = ',')]
    etcd_endpoints: Vec<String>,
    #[arg(long)]
    certs_dir: PathBuf,
    #[arg(long)]
    shards: u32,
    #[arg(long)]
    replicas: u32,
    #[arg(long)]
    first_nodes: usize,
    #[arg(long)]
    cache_size_mb: u32,
    #[arg(long)]
    data_dir: PathBuf,
    #[arg(long, env = "MASTER_KEY")]
    master_key: String,
    /// A member that fails at once.
    #[arg(long)]
    broken: bool,
}

#[derive(Args)]
pub struct GatewayArgs {
    #[arg(long)]
    json: bool,
    #[arg(long)]
    name: String,
    #[arg(long)]
    addr: SocketAddr,
    #[arg(long, value_delimiter = ',')]
    etcd_endpoints: Vec<String>,
    #[arg(long)]
    certs_dir: PathBuf,
    #[arg(long)]
    jwt_private_key_file: PathBuf,
    #[arg(long)]
    allow_plaintext: bool,
}

#[derive(Subcommand)]
pub enum AdminCommand {
    Certs {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long, num_args = 1..)]
        shard: Vec<String>,
        #[arg(long, num_args = 1..)]
        gateway: Vec<String>,
    },
    Nodes {
        #[command(subcommand)]
        command: ListCommand,
    },
    Shards {
        #[command(subcommand)]
        command: ListCommand,
    },
}

#[derive(Subcommand)]
pub enum ListCommand {
    List(ListArgs),
    Remove {
        name: String,
        #[arg(long, value_delimiter = ',')]
        etcd_endpoints: Vec<String>,
    },
}

#[derive(Args)]
pub struct ListArgs {
    #[arg(long, required = true)]
    json: bool,
    #[arg(long, value_delimiter = ',')]
    etcd_endpoints: Vec<String>,
}

pub async fn node(args: &NodeArgs) -> anyhow::Result<ExitCode> {
    ensure!(!args.broken, "this node is broken");
    ensure!(args.json && args.shards > 0 && args.replicas > 0 && args.cache_size_mb > 0, "flags are wrong");
    ensure!(args.first_nodes > 0, "nobody is waited for");
    ensure!(args.master_key == "toy", "the master key is another one");
    check(&args.certs_dir, "shard", &args.name, &args.etcd_endpoints)?;
    std::fs::write(args.data_dir.join("started"), &args.name)?;
    let (members, ops) = (TcpListener::bind(args.addr).await?, TcpListener::bind(args.ops_addr).await?);
    let ops_url = format!("http://{}", ops.local_addr()?);
    say(&json!({
        "event": "ready", "name": args.name, "node": 1, "addr": members.local_addr()?, "ops_url": ops_url,
        "pid": std::process::id(),
    }));
    serve([members, ops]).await
}

pub async fn gateway(args: &GatewayArgs) -> anyhow::Result<ExitCode> {
    ensure!(args.json && args.jwt_private_key_file.is_file(), "flags are wrong");
    ensure!(args.allow_plaintext || args.addr.ip().is_loopback(), "others could listen");
    check(&args.certs_dir, "gateway", &args.name, &args.etcd_endpoints)?;
    let clients = TcpListener::bind(args.addr).await?;
    let url = format!("http://{}", clients.local_addr()?);
    say(&json!({"event": "ready", "name": args.name, "url": url, "pid": std::process::id()}));
    serve([clients]).await
}

pub fn admin(command: AdminCommand) -> anyhow::Result<ExitCode> {
    match command {
        AdminCommand::Certs { dir, shard, gateway } => {
            std::fs::create_dir_all(&dir)?;
            let shards = shard.iter().map(|name| format!("shard-{name}.pem"));
            let gateways = gateway.iter().map(|name| format!("gateway-{name}.pem"));
            for name in shards.chain(gateways) {
                std::fs::File::create_new(dir.join(name))?;
            }
        }
        AdminCommand::Nodes { command: ListCommand::List(args) } => {
            ensure!(args.json && args.etcd_endpoints.len() == 3, "flags are wrong");
            say(&json!({"nodes": [{"id": 1, "name": "n1"}, {"id": 2, "name": "n2"}]}));
        }
        AdminCommand::Shards { command: ListCommand::List(args) } => {
            ensure!(args.json && args.etcd_endpoints.len() == 3, "flags are wrong");
            say(&json!({"shards": [{"shard": 0, "leader": 2, "term": 1, "voters": [1, 2]}]}));
        }
        AdminCommand::Nodes { command: ListCommand::Remove { name, etcd_endpoints } } => {
            ensure!(name.starts_with('n') && etcd_endpoints.len() == 3, "flags are wrong");
        }
        AdminCommand::Shards { command: ListCommand::Remove { .. } } => anyhow::bail!("shards stay"),
    }
    Ok(ExitCode::SUCCESS)
}

fn say(line: &Value) {
    println!("{line}");
}

fn check(certs: &Path, kind: &str, name: &str, etcds: &[String]) -> anyhow::Result<()> {
    ensure!(etcds.len() == 3, "there are {} etcds", etcds.len());
    let certificate = certs.join(format!("{kind}-{name}.pem"));
    certificate.metadata().with_context(|| format!("{} is missing", certificate.display()))?;
    Ok(())
}

/// Each connection is a task that ends with it, at the latest with the process.
async fn serve<const N: usize>(listeners: [TcpListener; N]) -> anyhow::Result<ExitCode> {
    let mut stop = signal(SignalKind::terminate())?;
    for listener in listeners {
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(answer);
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    }
    stop.recv().await;
    Ok(ExitCode::SUCCESS)
}

/// `/reach/ADDR` tells whether a connection can be made from here to there; everything else is well.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let there = request.uri().path().strip_prefix("/reach/");
    let reached = match there.map(TcpStream::connect::<&str>) {
        Some(connect) => matches!(timeout(REACHED_WITHIN, connect).await, Ok(Ok(_))),
        None => true,
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = if reached { StatusCode::OK } else { StatusCode::GATEWAY_TIMEOUT };
    Ok(response)
}
