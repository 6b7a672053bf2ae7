//! `context-hub cluster`: what can be typed, and what is done then.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::make::Spec;
use super::{Cluster, print};

/// A cluster of processes on this machine, to try things on and to break
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder of the cluster: data, keys, logs, and what it is made of
    #[arg(long, env = "CLUSTER_DIR", default_value = "./data/cluster", global = true)]
    pub dir: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with a cluster.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Start a cluster, or what of it does not run, and wait until it is ready
    Up(Box<UpArgs>),
    /// End all of it; the data stays
    Down(DownArgs),
    /// Show who runs, who is ready, who leads what, and who is cut off
    Status(StatusArgs),
    /// Kill processes at once, as a power cut would
    Kill(Names),
    /// Ask processes to stop, and wait until they have
    Stop(Names),
    /// Start processes again, where they were, and wait until they are ready
    Start(StartArgs),
    /// Make processes stand still
    Freeze(Names),
    /// Let frozen processes go on
    Thaw(Names),
    /// Cut members off from all others and from clients, or one pair (n1:n2, g1:n2); needs --netns
    Partition(Ends),
    /// Take cuts back: all, those that name a member, or those of a pair
    Heal(Cuts),
    /// Add a node, and wait until it is ready
    AddNode(StatusArgs),
    /// End a node that has no replicas, and make the others forget it
    RemoveNode(Name),
}

/// What a cluster is to be. What is left out stays as it is.
#[derive(clap::Args, Debug, Default)]
pub struct UpArgs {
    /// How many nodes; 5 if none is given
    #[arg(long, value_name = "COUNT")]
    pub nodes: Option<usize>,
    /// How many gateways; 2 if none is given
    #[arg(long, value_name = "COUNT")]
    pub gateways: Option<usize>,
    /// How many shards; 32 if none is given
    #[arg(long, value_name = "COUNT")]
    pub shards: Option<u32>,
    /// How many replicas of each shard; 3 if none is given
    #[arg(long, value_name = "COUNT")]
    pub replicas: Option<u32>,
    /// Give each process a network of its own, so that it can be cut off; needs root and iproute2
    #[arg(long)]
    pub netns: bool,
    /// A flag more for every node, as in --node-flag=--cache-size-mb=16
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub node_flag: Vec<String>,
    /// A flag more for every gateway
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub gateway_flag: Vec<String>,
    /// An environment variable of nodes and gateways
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub env: Vec<(String, String)>,
    /// The program of nodes and gateways; otherwise this one
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// Print one object of JSON when all is ready
    #[arg(long)]
    pub json: bool,
}

/// How to end a cluster.
#[derive(clap::Args, Debug)]
pub struct DownArgs {
    /// Do not ask, kill
    #[arg(long)]
    pub now: bool,
    /// Remove the folder, too, with all data
    #[arg(long)]
    pub purge: bool,
}

/// How to show it.
#[derive(clap::Args, Debug)]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which processes.
#[derive(clap::Args, Debug)]
pub struct Names {
    /// n1, g1, e1; or nodes, gateways, etcd for all of them
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

/// Which processes to start.
#[derive(clap::Args, Debug)]
pub struct StartArgs {
    /// n1, g1, e1; or nodes, gateways, etcd for all of them
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Do not wait until they are ready: one that is cut off never is
    #[arg(long)]
    pub no_wait: bool,
}

/// Which node.
#[derive(clap::Args, Debug)]
pub struct Name {
    /// n1
    pub name: String,
}

/// What to cut.
#[derive(clap::Args, Debug)]
pub struct Ends {
    /// n1: with the other ones that are named, from everybody else; n1:n2 or g1:e2: this pair
    #[arg(required = true, value_name = "NAME")]
    pub ends: Vec<String>,
}

/// What to heal.
#[derive(clap::Args, Debug)]
pub struct Cuts {
    /// n1: what cuts it off; n1:n2: this pair; nothing: all
    #[arg(value_name = "NODE")]
    pub ends: Vec<String>,
}

/// Does it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(perform(args)).map(|()| ExitCode::SUCCESS)
}

async fn perform(args: &Args) -> anyhow::Result<()> {
    if let Verb::Up(up) = &args.verb {
        return start(&args.dir, up).await;
    }
    if let Verb::Down(down) = &args.verb {
        return end(&args.dir, down).await;
    }
    if let Verb::Status(status) = &args.verb {
        // Without the right to change it: it can be looked at while somebody waits for something.
        let look = Cluster::peek(&args.dir)?.look().await?;
        print::look(&look, status.json);
        return Ok(());
    }
    let mut cluster = Cluster::open(&args.dir, say)?;
    let names = |names: &[String]| cluster.expand(names);
    match &args.verb {
        Verb::Kill(which) => cluster.kill(&names(&which.names)?).await,
        Verb::Stop(which) => cluster.stop(&names(&which.names)?).await,
        Verb::Freeze(which) => cluster.freeze(&names(&which.names)?).await,
        Verb::Thaw(which) => cluster.thaw(&names(&which.names)?).await,
        Verb::Start(which) if which.no_wait => cluster.launch(&names(&which.names)?).map(drop),
        Verb::Start(which) => cluster.start(&names(&which.names)?).await,
        Verb::Partition(which) => cluster.partition(&which.ends),
        Verb::Heal(which) => cluster.heal(&which.ends),
        Verb::RemoveNode(which) => cluster.remove_node(&which.name).await,
        Verb::AddNode(how) => {
            let name = cluster.add_node().await?;
            print::added(cluster.member(&name)?, how.json);
            Ok(())
        }
        Verb::Up(_) | Verb::Down(_) | Verb::Status(_) => unreachable!("done above"),
    }
}

async fn start(dir: &Path, args: &UpArgs) -> anyhow::Result<()> {
    let spec = spec(dir, args)?;
    let cluster = tokio::select! {
        cluster = Cluster::up(&spec, say) => cluster?,
        // What was started ends with the future that started it.
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    print::up(&cluster, args.json);
    cluster.leave();
    Ok(())
}

/// What is asked for, and for all else what is there.
fn spec(dir: &Path, args: &UpArgs) -> anyhow::Result<Spec> {
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => std::env::current_exe().context("cannot find this program's file")?,
    };
    let mut spec = Spec::new(&binary, dir);
    spec.take_over()?;
    spec.nodes = args.nodes.unwrap_or(spec.nodes);
    spec.gateways = args.gateways.unwrap_or(spec.gateways);
    spec.shards = args.shards.unwrap_or(spec.shards);
    spec.replicas = args.replicas.unwrap_or(spec.replicas);
    spec.netns |= args.netns;
    let given = |is: &mut Vec<String>, flags: &Vec<String>| {
        if !flags.is_empty() {
            is.clone_from(flags);
        }
    };
    given(&mut spec.node_flags, &args.node_flag);
    given(&mut spec.gateway_flags, &args.gateway_flag);
    if !args.env.is_empty() {
        spec.env.clone_from(&args.env);
    }
    Ok(spec)
}

/// Where there is nothing to end, all is well.
async fn end(dir: &Path, args: &DownArgs) -> anyhow::Result<()> {
    if !Cluster::is_in(dir)? {
        say("there is no cluster here");
        return Ok(());
    }
    let mut cluster = Cluster::open(dir, say)?;
    if args.now {
        cluster.down_now()?
    } else {
        cluster.down().await?
    }
    if args.purge {
        cluster.purge()?;
    }
    Ok(())
}

fn say(text: &str) {
    eprintln!("· {text}");
}

/// `NAME=VALUE`.
pub(crate) fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
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

    fn parse(line: &str) -> Result<Args, clap::Error> {
        let words = std::iter::once("cluster").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.args)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }

    #[test]
    fn the_folder_may_stand_anywhere() {
        for line in ["up --dir /tmp/c --json", "--dir /tmp/c up", "kill n1 n2 --dir /tmp/c"] {
            assert_eq!(parse(line).unwrap().dir, Path::new("/tmp/c"), "{line}");
        }
    }

    #[test]
    fn what_is_needed_is_asked_for() {
        for line in ["kill", "stop", "start", "freeze", "thaw", "partition", "remove-node", "", "up --env X"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        for line in ["heal", "heal n1 n2:n3", "partition n1:host", "add-node --json", "start n1 --no-wait"] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn flags_of_others_are_passed_on() {
        let line = "up --nodes 3 --node-flag=--capacity=7 --node-flag --zone=b --env A=b=c";
        let Verb::Up(up) = parse(line).unwrap().verb else { panic!("another verb") };
        assert_eq!(up.node_flag, ["--capacity=7", "--zone=b"]);
        let folder = tempfile::tempdir().unwrap();
        let spec = spec(folder.path(), &up).unwrap();
        assert_eq!((spec.nodes, spec.gateways, spec.netns), (3, 2, false));
        assert_eq!(spec.env, [("A".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn what_is_not_there_cannot_be_broken_but_ended() {
        let folder = tempfile::tempdir().unwrap();
        let on = |line: &str| {
            let args = parse(&format!("{line} --dir {}", folder.path().join("none").display())).unwrap();
            run(&args)
        };
        assert!(on("kill n1").unwrap_err().to_string().contains("no cluster"));
        assert!(on("status").is_err());
        on("down").unwrap();
        on("down --purge").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    }
}
