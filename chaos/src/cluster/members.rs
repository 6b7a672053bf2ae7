//! How each of the processes is started.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys;
use super::launch::{Launch, LaunchError, Launched};
use super::probe;
use super::state::{Member, Role, State};

/// Memory of a node for documents and caches: many nodes share this machine.
const CACHE_MB: u32 = 64;
/// How long an etcd has until it answers for the first time, with the others of its cluster.
const ETCD_READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a node or a gateway has, on a machine that is busy with other things too.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How often an etcd is asked whether it is well.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Where a member keeps its data; it may be mounted there before the member is first started.
pub fn folder(cluster: &Path, name: &str) -> PathBuf {
    cluster.join("data").join(name)
}

/// How to start a member of the cluster in this folder.
pub fn launch(folder: &Path, state: &State, member: &Member) -> anyhow::Result<Launch> {
    let mut launch = Launch {
        program: state.binary.clone(),
        args: Vec::new(),
        env: state.env.clone(),
        namespace: state.network.as_ref().map(|network| network.namespace(&member.name)),
        out: member.out.clone(),
        log: member.log.clone(),
    };
    match member.role {
        Role::Etcd => {
            launch.program = "etcd".into();
            // Three of them are no reason to compete with what is looked at.
            launch.env = vec![("GOMAXPROCS".into(), "1".into())];
            launch.args = etcd(state, member);
        }
        Role::Node => {
            launch.env.push(("MASTER_KEY".into(), keys::master_key(folder)?));
            launch.args = node(folder, state, member);
        }
        Role::Gateway => launch.args = gateway(folder, state, member),
    }
    Ok(launch)
}

/// Waits until it is ready.
pub async fn ready(member: &Member, launched: &Launched) -> Result<(), LaunchError> {
    if member.role != Role::Etcd {
        return launched.ready_line(READY_WITHIN).await.map(drop);
    }
    let well = async || -> io::Result<Option<()>> {
        let answer = probe::get(member.addr, "/health").await;
        let well = answer.is_some_and(|answer| answer.body["health"] == "true");
        if !well {
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(well.then_some(()))
    };
    launched.until(ETCD_READY_WITHIN, well).await
}

/// Where the etcds are, as the program takes it.
pub fn endpoints(state: &State) -> String {
    let urls: Vec<_> = state.with(Role::Etcd).map(|etcd| format!("http://{}", etcd.addr)).collect();
    urls.join(",")
}

/// Its fsyncs are not left out: what it has acknowledged is to be there after a power cut, too.
fn etcd(state: &State, member: &Member) -> Vec<OsString> {
    let peer = |etcd: &Member| format!("http://{}", etcd.side.unwrap_or(etcd.addr));
    let all: Vec<_> = state.with(Role::Etcd).map(|etcd| format!("{}={}", etcd.name, peer(etcd))).collect();
    let mut args = Flags::default();
    args.set("name", &member.name)
        .set("data-dir", member.folder.as_deref().unwrap_or(Path::new(&member.name)))
        .set("listen-client-urls", format!("http://{}", member.addr))
        .set("advertise-client-urls", format!("http://{}", member.addr))
        .set("listen-peer-urls", peer(member))
        .set("initial-advertise-peer-urls", peer(member))
        .set("initial-cluster", all.join(","))
        // Twice the defaults, so that a machine that is busy does not make them elect anew.
        .set("heartbeat-interval", "200")
        .set("election-timeout", "2000")
        .set("logger", "zap")
        .set("log-level", "warn");
    args.0
}

fn node(folder: &Path, state: &State, member: &Member) -> Vec<OsString> {
    let mut args = Flags(vec!["shard".into(), "--json".into()]);
    args.set("name", &member.name)
        .set("addr", member.addr.to_string())
        .set("ops-addr", member.side.unwrap_or(member.addr).to_string())
        .set("etcd-endpoints", endpoints(state))
        .set("certs-dir", keys::certificates(folder))
        .set("shards", state.shards.to_string())
        .set("replicas", state.replicas.to_string())
        // Everyone who is here from the beginning gets a part of the first placement.
        .set("first-nodes", state.with(Role::Node).count().to_string())
        .set("cache-size-mb", CACHE_MB.to_string())
        .set("data-dir", member.folder.as_deref().unwrap_or(Path::new(&member.name)));
    args.0.extend(state.node_flags.iter().map(OsString::from));
    args.0
}

fn gateway(folder: &Path, state: &State, member: &Member) -> Vec<OsString> {
    let mut args = Flags(vec!["gateway".into(), "--json".into()]);
    args.set("name", &member.name)
        .set("addr", member.addr.to_string())
        .set("etcd-endpoints", endpoints(state))
        .set("certs-dir", keys::certificates(folder))
        .set("jwt-private-key-file", keys::signing_key(folder));
    if state.network.is_some() {
        // Its address is not loopback, though it does not leave the machine.
        args.0.push("--allow-plaintext".into());
    }
    args.0.extend(state.gateway_flags.iter().map(OsString::from));
    args.0
}

#[derive(Default)]
struct Flags(Vec<OsString>);

impl Flags {
    fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Flags {
        self.0.extend([format!("--{name}").into(), value.into()]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::ports;
    use super::super::process::{Condition, Process};
    use super::*;
    use rustix::process::Signal;

    const SOON: Duration = Duration::from_secs(20);

    fn state(folder: &Path) -> State {
        let mut state = State::new("/bin/hub".into(), 8, 3).unwrap();
        for (at, pair) in ports::free(6, &[]).unwrap().chunks(2).enumerate() {
            let name = format!("e{}", at + 1);
            state.members.push(Member {
                role: Role::Etcd,
                addr: pair[0],
                side: Some(pair[1]),
                folder: Some(folder.join(&name)),
                out: folder.join(format!("{name}.out")),
                log: folder.join(format!("{name}.log")),
                process: None,
                name,
            });
        }
        state
    }

    async fn start(folder: &Path, state: &State) -> Vec<Process> {
        let start = |member| launch(folder, state, member).unwrap().start().unwrap();
        let launched: Vec<_> = state.members.iter().map(start).collect();
        for (member, launched) in state.members.iter().zip(&launched) {
            ready(member, launched).await.unwrap();
        }
        launched.into_iter().map(|launched| launched.process).collect()
    }

    async fn end(processes: &[Process]) {
        for process in processes {
            process.signal(Signal::KILL).unwrap();
            assert!(process.ends_within(SOON).await.unwrap());
        }
    }

    #[tokio::test]
    async fn three_etcds_start_and_start_again() {
        if !crate::has_program("etcd") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        let first = start(folder.path(), &state).await;
        assert!(first.iter().all(|process| process.condition().unwrap() == Condition::Running));
        end(&first).await;
        let second = start(folder.path(), &state).await;
        end(&second).await;
    }

    #[tokio::test]
    async fn an_etcd_that_cannot_start_says_why() {
        if !crate::has_program("etcd") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let state = state(folder.path());
        let _taken = std::net::TcpListener::bind(state.members[0].addr).unwrap();
        let launched = launch(folder.path(), &state, &state.members[0]).unwrap().start().unwrap();
        let error = ready(&state.members[0], &launched).await.unwrap_err();
        assert!(error.to_string().contains("address already in use"), "{error}");
    }

    #[test]
    fn nobody_leaves_fsyncs_out() {
        let folder = Path::new("/nowhere");
        let state = state(folder);
        let flags = etcd(&state, &state.members[0]);
        assert!(flags.iter().all(|flag| !flag.to_string_lossy().contains("fsync")));
    }
}
