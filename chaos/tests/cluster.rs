//! A cluster of real processes: three etcds, and toys in place of nodes and gateways.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chaos::cluster::{Cluster, Condition, Look, Role, Spec};
use serde_json::Value;

/// Two nodes and a gateway in this folder.
fn spec(folder: &Path) -> Spec {
    let mut spec = Spec::new(Path::new(env!("CARGO_BIN_EXE_toy-hub")), folder);
    (spec.nodes, spec.gateways, spec.shards) = (2, 1, 4);
    spec
}

async fn up(folder: &Path) -> Cluster {
    Cluster::up(&spec(folder), quiet).await.unwrap()
}

fn quiet(_: &str) {}

fn names(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// `name condition` and, if it answers, `ready`; for everyone.
fn shown(look: &Look) -> Vec<String> {
    let all = [&look.gateways, &look.nodes, &look.etcd].into_iter().flatten();
    let shown = all.map(|one| {
        let ready = if one.ready == Some(true) { " ready" } else { "" };
        format!("{} {:?}{ready}", one.name, one.condition)
    });
    shown.collect()
}

async fn state_of(cluster: &Cluster, name: &str) -> String {
    let look = cluster.look().await.unwrap();
    let prefix = format!("{name} ");
    shown(&look).into_iter().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned)).unwrap()
}

fn pids(cluster: &Cluster) -> Vec<i32> {
    let roles = [Role::Etcd, Role::Node, Role::Gateway];
    let members = roles.into_iter().flat_map(|role| cluster.members(role));
    members.filter_map(|member| member.process.as_ref()).map(|process| process.pid).collect()
}

fn is_there(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn processes_are_broken_and_mended() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = up(folder.path()).await;
    let all = ["g1", "n1", "n2", "e1", "e2", "e3"].map(|name| format!("{name} Running ready"));
    let look = cluster.look().await.unwrap();
    assert_eq!(shown(&look), all);
    let shards = look.shards.unwrap();
    assert_eq!((shards[0].leader.as_deref(), &shards[0].voters[..]), (Some("n2"), &names("n1 n2")[..]));
    assert_eq!(cluster.owner_token().unwrap(), "toy");
    let before = (cluster.member("n1").unwrap().clone(), pids(&cluster));

    cluster.kill(&names("n1")).await.unwrap();
    assert_eq!(state_of(&cluster, "n1").await, "Ended");
    cluster.kill(&names("n1")).await.unwrap();
    cluster.freeze(&names("n2")).await.unwrap();
    assert_eq!(state_of(&cluster, "n2").await, "Frozen");
    assert!(cluster.stop(&names("n2")).await.unwrap_err().to_string().contains("thaw"));
    cluster.thaw(&names("n2")).await.unwrap();
    assert_eq!(state_of(&cluster, "n2").await, "Running ready");
    cluster.stop(&names("n2 g1")).await.unwrap();
    assert!(cluster.freeze(&names("n2")).await.is_err());

    // With one etcd it goes on, without a second one nobody can say who leads.
    cluster.stop(&names("e1")).await.unwrap();
    assert!(cluster.shards().await.is_ok());
    cluster.freeze(&names("e2")).await.unwrap();
    assert!(cluster.shards().await.unwrap_err().to_string().contains("quorum"));
    cluster.thaw(&names("e2")).await.unwrap();

    let everyone = cluster.expand(&names("etcd nodes gateways")).unwrap();
    cluster.start(&everyone).await.unwrap();
    assert_eq!(shown(&cluster.look().await.unwrap()), all);
    let n1 = cluster.member("n1").unwrap();
    assert_eq!((n1.addr, n1.side), (before.0.addr, before.0.side), "it comes back where it was");
    assert_ne!(n1.process, before.0.process);
    assert!(cluster.expand(&names("n9")).is_err());
    assert!(cluster.partition(&names("n1")).unwrap_err().to_string().contains("--netns"));

    let last = pids(&cluster);
    drop(cluster);
    assert!(!last.into_iter().chain(before.1).any(is_there), "dropped, and nobody is left");
}

#[tokio::test]
async fn a_cluster_outlives_its_starter() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cluster = up(folder.path()).await;
    let pids_before = pids(&cluster);
    cluster.leave();
    assert!(pids_before.iter().copied().all(is_there));

    let mut cluster = Cluster::open(folder.path(), quiet).unwrap();
    assert_eq!(pids(&cluster), pids_before);
    cluster.kill(&names("n2 e3")).await.unwrap();
    assert_eq!(cluster.add_node().await.unwrap(), "n3");
    cluster.remove_node("n3").await.unwrap();
    assert_eq!(cluster.add_node().await.unwrap(), "n4", "names are not given again");
    drop(cluster);

    // What runs is left alone, what does not is started; fewer nodes than there are are not asked for.
    assert!(Cluster::up(&spec(folder.path()), quiet).await.unwrap_err().to_string().contains("3 nodes"));
    let mut more = spec(folder.path());
    more.take_over().unwrap();
    more.gateways = 2;
    let cluster = Cluster::up(&more, quiet).await.unwrap();
    let look = cluster.look().await.unwrap();
    assert!(shown(&look).iter().all(|line| line.ends_with("Running ready")), "{look:?}");
    assert_eq!((look.nodes.len(), look.gateways.len()), (3, 2));
    assert_eq!(cluster.member("n1").unwrap().process.as_ref().unwrap().pid, pids_before[3]);
    cluster.leave();

    let mut cluster = Cluster::open(folder.path(), quiet).unwrap();
    let all = pids(&cluster);
    cluster.freeze(&names("n1")).await.unwrap();
    cluster.down().await.unwrap();
    cluster.down().await.unwrap();
    assert!(!all.into_iter().any(is_there));
    assert!(shown(&cluster.look().await.unwrap()).iter().all(|line| line.ends_with("Ended")));
    cluster.purge().unwrap();
    assert!(!folder.path().exists());
}

#[tokio::test]
async fn what_does_not_come_up_is_ended_again() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut broken = spec(folder.path());
    broken.node_flags = vec!["--broken".into()];
    let error = format!("{:#}", Cluster::up(&broken, quiet).await.unwrap_err());
    assert!(error.contains("n1 did not start") && error.contains("this node is broken"), "{error}");
    let left = Cluster::open(folder.path(), quiet).unwrap();
    assert!(pids(&left).is_empty());
    assert!(left.look().await.unwrap().etcd.iter().all(|etcd| etcd.condition == Condition::Ended));
}

/// What the toy says of another's address: whether it can be reached from there.
fn reaches(cluster: &Cluster, from: &str, to: &str) -> bool {
    let to = cluster.member(to).unwrap().addr;
    let ops = cluster.member(from).unwrap().side.unwrap();
    let network = cluster.namespace(from).unwrap();
    let ask = format!(
        "exec 3<>/dev/tcp/{}/{}; printf 'GET /reach/{to} HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3",
        ops.ip(),
        ops.port()
    );
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{network}")).args(["--", "bash", "-c", &ask]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("200") || said.contains("504"), "{said} {output:?}");
    said.contains("200")
}

#[tokio::test]
async fn nodes_are_cut_off_and_taken_back() {
    if !chaos::is_root() || !chaos::has_program("etcd") || !chaos::has_program("ip") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut netns = spec(folder.path());
    netns.netns = true;
    let mut cluster = Cluster::up(&netns, quiet).await.unwrap();
    assert!(shown(&cluster.look().await.unwrap()).iter().all(|line| line.ends_with("Running ready")));
    assert!(reaches(&cluster, "n1", "n2") && reaches(&cluster, "n1", "e2"));
    assert!(reaches(&cluster, "n1", "g1"));

    cluster.partition(&names("n1")).unwrap();
    assert!(
        !reaches(&cluster, "n1", "n2") && !reaches(&cluster, "n2", "n1") && !reaches(&cluster, "n1", "e1")
    );
    assert!(!reaches(&cluster, "n1", "g1") && reaches(&cluster, "n2", "g1"));
    assert!(reaches(&cluster, "n2", "e1"));
    assert_eq!(state_of(&cluster, "n1").await, "Running", "it does not answer");
    // A node that is started again, and one that comes, find the cut as it was.
    cluster.kill(&names("n1")).await.unwrap();
    let launched = cluster.launch(&names("n1")).unwrap();
    cluster.await_ready("n1", &launched[0].1).await.unwrap();
    assert_eq!(cluster.add_node().await.unwrap(), "n3");
    assert!(!reaches(&cluster, "n3", "n1") && reaches(&cluster, "n3", "n2"));
    assert!(cluster.partition(&names("n9")).is_err() && cluster.heal(&names("n2:n3")).is_err());

    cluster.heal(&[]).unwrap();
    assert!(reaches(&cluster, "n1", "n2") && reaches(&cluster, "n3", "n1") && reaches(&cluster, "n1", "e1"));
    cluster.partition(&names("n1:n2 e1:n3")).unwrap();
    assert_eq!(cluster.severed().len(), 2);
    assert!(
        !reaches(&cluster, "n1", "n2") && reaches(&cluster, "n1", "n3") && !reaches(&cluster, "n3", "e1")
    );
    cluster.heal(&names("n3")).unwrap();
    assert!(reaches(&cluster, "n3", "e1") && !reaches(&cluster, "n2", "n1"));

    let ours = cluster.namespace("").unwrap();
    assert!(namespaces().contains(&ours));
    drop(cluster);
    assert!(!namespaces().contains(&ours), "nothing of the network is left");
}

fn namespaces() -> String {
    let output = Command::new("ip").args(["netns", "list"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_program_prints_one_object() {
    if !chaos::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_toy-hub"));
        command.arg("cluster").args(words.split_whitespace()).arg("--dir").arg(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let up = run("up --nodes 2 --gateways 1 --json");
    assert_eq!(up.lines().count(), 1, "{up}");
    let up: Value = serde_json::from_str(&up).unwrap();
    let token = std::fs::read_to_string(up["owner_token_file"].as_str().unwrap()).unwrap();
    assert_eq!(token, "toy");
    assert!(up["gateways"][0].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let nodes = up["nodes"].as_array().unwrap();
    assert_eq!((nodes.len(), &nodes[0]["name"]), (2, &Value::from("n1")));
    assert!(
        nodes.iter().all(|node| is_there(node["pid"].as_i64().unwrap() as i32) && node["addr"].is_string())
    );

    run("freeze n1");
    assert!(run("status").contains("n1   frozen"));
    run("thaw n1");
    let status: Value = serde_json::from_str(&run("status --json")).unwrap();
    assert_eq!((&status["nodes"][0]["ready"], &status["shards"][0]["leader"]), (&true.into(), &"n2".into()));
    run("down");
    run("down --purge");
    // The last of them is a child of nobody whom we know; give the machine a moment to bury it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!folder.path().exists());
}
