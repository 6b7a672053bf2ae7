//! A network with no hub in it.

use super::*;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Made(Network);

impl Drop for Made {
    fn drop(&mut self) {
        self.0.remove().unwrap();
    }
}

/// Somebody who listens at a node, and is ended with the test.
struct Listener(Child);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const PORT: u16 = 7400;

/// An etcd is the smallest server that every machine that runs the tests has.
fn listen(network: &Network, name: &str, folder: &Path) -> Listener {
    let here = format!("http://{}:{PORT}", network.address(name));
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{}", network.namespace(name)));
    command.args(["--", "etcd", "--log-level=error", "--listen-peer-urls=http://127.0.0.1:2380"]);
    command.arg(format!("--data-dir={}", folder.join(name).display()));
    command.arg(format!("--listen-client-urls={here}")).arg(format!("--advertise-client-urls={here}"));
    Listener(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn reaches(network: &Network, from: &str, to: &str) -> bool {
    let mut command = Command::new("timeout");
    command.arg("0.5");
    if from != HOST {
        command.args(["nsenter", &format!("--net=/run/netns/{}", network.namespace(from)), "--"]);
    }
    let connect = format!("exec 3<>/dev/tcp/{}/{PORT}", network.address(to));
    command.args(["bash", "-c", &connect]).stderr(Stdio::null()).status().unwrap().success()
}

/// Who reaches whom of all who might, in alphabetical order.
fn reached(network: &Network) -> Vec<String> {
    let pairs = network.ends().into_iter().flat_map(|from| {
        let others = network.members.keys().filter(|to| **to != from);
        others.map(|to| (from.clone(), to.clone())).collect::<Vec<_>>()
    });
    pairs.filter(|(from, to)| reaches(network, from, to)).map(|(from, to)| format!("{from}>{to}")).collect()
}

fn cut(network: &Network, line: &str) -> Vec<Cut> {
    let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    asked(&words, &network.ends()).unwrap()
}

#[test]
fn a_subnet_is_private() {
    for dice in 0..10_000 {
        let [a, b, c] = subnet(dice);
        assert!(Ipv4Addr::new(a, b, c, 0).is_private());
    }
}

#[test]
fn ends_are_cut_off_and_come_back() {
    if !crate::is_root() || !crate::has_program("ip") || !crate::has_program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut network = Network::new(folder.path()).unwrap();
    for name in ["n1", "n2", "n3"] {
        network.join(name).unwrap();
    }
    let made = Made(network.clone());
    made.0.ensure(&[]).unwrap();
    let _listeners = ["n1", "n2", "n3"].map(|name| listen(&network, name, folder.path()));
    let all = ["host>n1", "host>n2", "host>n3", "n1>n2", "n1>n3", "n2>n1", "n2>n3", "n3>n1", "n3>n2"];
    for _ in 0..100 {
        if reached(&network) == all {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(reached(&network), all);

    let one = cut(&network, "n1");
    network.change(&[], &one).unwrap();
    assert_eq!(reached(&network), ["host>n2", "host>n3", "n2>n3", "n3>n2"]);
    let pair = cut(&network, "n2:n3");
    network.change(&one, &pair).unwrap();
    assert_eq!(reached(&network), ["host>n1", "host>n2", "host>n3", "n1>n2", "n1>n3", "n2>n1", "n3>n1"]);
    let group = cut(&network, "n1 n2");
    network.change(&pair, &group).unwrap();
    assert_eq!(reached(&network), ["host>n3", "n1>n2", "n2>n1"]);
    network.change(&group, &[]).unwrap();
    assert_eq!(reached(&network), all);

    // What is there is left as it is, and a node that comes meets the cuts that are in force.
    network.ensure(&[]).unwrap();
    network.join("n4").unwrap();
    network.ensure(&one).unwrap();
    assert!(ip::namespaces().unwrap().contains(&network.namespace("n4")));
    assert!(!reaches(&network, "n4", "n1") && reaches(&network, "n4", "n2"));
    network.leave("n4").unwrap();

    network.remove().unwrap();
    network.remove().unwrap();
    let ours = |name: &String| name.contains(&network.tag);
    assert_eq!(ip::namespaces().unwrap().iter().filter(|name| ours(name)).count(), 0);
    assert!(!Path::new("/sys/class/net").join(network.wire()).exists());
    let routes = ip::routes().unwrap();
    assert!(!routes.iter().any(|route| route.overlaps(network.host())), "nothing of it is routed any more");
}
