//! Who depends on whom, as `cargo metadata` tells it for this machine's target.
//!
//! Arrows are those of what ships: dependencies of tests alone are left out.

use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::process::Command;

/// The packages and the arrows between them.
pub struct Graph {
    packages: BTreeMap<String, Package>,
    arrows: BTreeMap<String, Vec<String>>,
}

/// A package.
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression.
    pub licence: Option<String>,
    /// Whether it belongs to this workspace.
    pub member: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct MetadataPackage {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Graph {
    /// The graph of the repository.
    pub fn read(tree: &Tree) -> Result<Graph> {
        let host = host()?;
        let args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", &host];
        let output =
            Command::new(cargo()).args(args).current_dir(tree.root()).output().context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Graph::parse(&output.stdout)
    }

    /// The graph that `cargo metadata` printed.
    pub fn parse(json: &[u8]) -> Result<Graph> {
        let Metadata { packages, workspace_members, resolve } =
            serde_json::from_slice(json).context("cargo metadata printed something unknown")?;
        let packages = packages.into_iter().map(|package| {
            let MetadataPackage { id, name, version, license: licence } = package;
            let member = workspace_members.contains(&id);
            (id, Package { name, version, licence, member })
        });
        let arrows = resolve.nodes.into_iter().map(|node| (node.id, shipped(node.deps)));
        Ok(Graph { packages: packages.collect(), arrows: arrows.collect() })
    }

    /// Every package.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// Whether there is a package of this name.
    pub fn has(&self, name: &str) -> bool {
        self.packages().any(|package| package.name == name)
    }

    /// The members of the workspace with an arrow of their own to `target`, by name.
    pub fn members_above(&self, target: &str) -> Vec<&str> {
        let points = |id: &str| self.below(id).any(|below| self.name(below) == target);
        let members = self.packages.iter().filter(|(_, package)| package.member);
        members.filter(|(id, _)| points(id)).map(|(_, package)| package.name.as_str()).collect()
    }

    /// The shortest way of arrows from a member to a package, both ends included.
    pub fn way(&self, from: &str, to: &str) -> Option<Vec<&str>> {
        let start = self.packages.iter().find(|(_, package)| package.member && package.name == from)?.0;
        let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(start.as_str(), None)]);
        let mut queue = VecDeque::from([start.as_str()]);
        while let Some(id) = queue.pop_front() {
            if id != start && self.name(id) == to {
                return Some(self.trace(&came_from, id));
            }
            for below in self.below(id) {
                came_from.entry(below).or_insert_with(|| {
                    queue.push_back(below);
                    Some(id)
                });
            }
        }
        None
    }

    fn trace<'a>(&'a self, came_from: &BTreeMap<&'a str, Option<&'a str>>, end: &'a str) -> Vec<&'a str> {
        let mut way: Vec<&str> =
            std::iter::successors(Some(end), |id| came_from[id]).map(|id| self.name(id)).collect();
        way.reverse();
        way
    }

    fn below(&self, id: &str) -> impl Iterator<Item = &str> {
        self.arrows.get(id).into_iter().flatten().map(String::as_str)
    }

    fn name<'a>(&'a self, id: &str) -> &'a str {
        &self.packages[id].name
    }
}

/// The dependencies that are there outside tests too.
fn shipped(dependencies: Vec<Dependency>) -> Vec<String> {
    let ships =
        |dependency: &Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"));
    dependencies.into_iter().filter(ships).map(|dependency| dependency.pkg).collect()
}

/// The cargo that runs us, or the one on the path.
fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// The target that this machine builds for.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}
