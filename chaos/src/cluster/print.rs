//! What a person, or a program, is told of a cluster.

use std::collections::BTreeMap;

use serde_json::json;

use super::state::{Member, Role};
use super::status::{Look, MemberLook};
use super::{Cluster, Condition};

/// A cluster that is ready.
pub fn up(cluster: &Cluster, as_json: bool) {
    let token = cluster.owner_token_file();
    if as_json {
        let nodes: Vec<_> = cluster.members(Role::Node).map(member).collect();
        println!("{}", json!({"gateways": cluster.gateways(), "nodes": nodes, "owner_token_file": token}));
        return;
    }
    for url in cluster.gateways() {
        println!("gateway  {url}");
    }
    for node in cluster.members(Role::Node) {
        let ops = node.side.map(|ops| format!("  http://{ops}/metrics")).unwrap_or_default();
        println!("node     {:4} {}{ops}", node.name, node.addr);
    }
    println!("etcd     {}", cluster.etcd_endpoints());
    println!("token    {}", token.display());
    let url = cluster.gateways().into_iter().next().unwrap_or_default();
    println!(
        "\nTry it:\n  curl -H \"Authorization: Bearer $(cat {})\" -H 'Content-Type: application/json' \\\n    \
         -d '{{\"name\":\"plan\",\"doc_type\":\"Text\",\"content\":\"Ship it.\"}}' {url}/documents",
        token.display()
    );
    let partition = if cluster.severable() { " partition heal" } else { "" };
    println!(
        "\nBreak it, and mend it:\n  scripts/cluster VERB NAME... --dir {}\n  \
         with kill stop start freeze thaw{partition} add-node remove-node status down",
        cluster.folder().display()
    );
}

/// A node that was added.
pub fn added(node: &Member, as_json: bool) {
    match as_json {
        true => println!("{}", member(node)),
        false => println!("{} is ready at {}", node.name, node.addr),
    }
}

/// What a cluster looks like.
pub fn look(look: &Look, as_json: bool) {
    if as_json {
        println!("{}", json!(look));
        return;
    }
    let mut leads: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for shard in look.shards.iter().flatten() {
        leads.entry(shard.leader.as_deref().unwrap_or("nobody")).or_default().push(shard.shard.to_string());
    }
    for one in look.gateways.iter().chain(&look.etcd) {
        println!("{}", line(one));
    }
    for node in &look.nodes {
        let leads = leads.get(node.name.as_str()).map(|shards| format!("  leads {}", shards.join(" ")));
        println!("{}{}", line(node), leads.unwrap_or_default());
    }
    if let Some(shards) = leads.get("nobody") {
        println!("nobody leads {}", shards.join(" "));
    }
    if let Some(why) = &look.shards_unknown {
        println!("who leads what is not known: {why}");
    }
    for (one, other) in &look.severed {
        println!("cut      {one}:{other}");
    }
}

fn line(one: &MemberLook) -> String {
    let state = match (one.condition, one.ready) {
        (Condition::Ended, _) => "ended",
        (Condition::Frozen, _) => "frozen",
        (Condition::Running, Some(true)) => "ready",
        (Condition::Running, Some(false)) => "not ready",
        (Condition::Running, None) => "silent",
    };
    let pid = one.pid.map(|pid| pid.to_string()).unwrap_or_default();
    format!("{:4} {state:9} {pid:>8}  {}", one.name, one.addr)
}

fn member(member: &Member) -> serde_json::Value {
    let pid = member.process.as_ref().map(|process| process.pid);
    json!({"name": member.name, "pid": pid, "addr": member.addr})
}
