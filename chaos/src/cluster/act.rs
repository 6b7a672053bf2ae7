//! Breaks a cluster and mends it.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::process::Signal;

use super::launch::Launched;
use super::network::{asked, healed, needed, severed, without};
use super::process::{Condition, Process};
use super::state::Role;
use super::{Cluster, keys, members};

/// How long the kernel has to do what it was told.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long a process has to stop; a node promises 25 s, the rest is for the machine.
const STOPS_WITHIN: Duration = Duration::from_secs(40);

impl Cluster {
    /// The members that these words name: `etcd`, `nodes` and `gateways` name all of them.
    pub fn expand(&self, words: &[String]) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for word in words {
            let group = match word.as_str() {
                "etcd" => self.state.names(Role::Etcd),
                "nodes" => self.state.names(Role::Node),
                "gateways" => self.state.names(Role::Gateway),
                name => vec![self.state.member(name)?.name.clone()],
            };
            names.extend(group);
        }
        Ok(names)
    }

    /// Starts those that do not run, all at once, and waits until they are ready.
    pub async fn start(&mut self, names: &[String]) -> anyhow::Result<()> {
        let launched = self.launch(names)?;
        for (name, launched) in &launched {
            self.await_ready(name, launched).await?;
            (self.say)(&format!("{name} is ready"));
        }
        Ok(())
    }

    /// Starts those that do not run, and does not wait for them.
    pub fn launch(&mut self, names: &[String]) -> anyhow::Result<Vec<(String, Launched)>> {
        let mut launched = Vec::new();
        for name in names {
            let member = self.state.member(name)?;
            if there(member.process.as_ref())?.is_some() {
                continue;
            }
            let started = members::launch(&self.folder, &self.state, member)?.start();
            let started = started.with_context(|| format!("cannot start {name}"))?;
            self.state.member_mut(name)?.process = Some(started.process.clone());
            // At once: a process that nobody has written down is never ended.
            self.save()?;
            launched.push((name.clone(), started));
        }
        Ok(launched)
    }

    /// Waits until one that was launched is ready.
    pub async fn await_ready(&self, name: &str, launched: &Launched) -> anyhow::Result<()> {
        let ready = members::ready(self.state.member(name)?, launched).await;
        ready.with_context(|| format!("{name} did not start"))
    }

    /// Kills these at once, as a power cut would, and waits until they are gone.
    pub async fn kill(&self, names: &[String]) -> anyhow::Result<()> {
        let processes = self.signal(names, Signal::KILL)?;
        gone(&processes, AT_ONCE).await
    }

    /// Asks these to stop, and waits until they have.
    pub async fn stop(&self, names: &[String]) -> anyhow::Result<()> {
        for name in names {
            if let Some((_, Condition::Frozen)) = there(self.state.member(name)?.process.as_ref())? {
                bail!("{name} is frozen and cannot stop: thaw it first, or kill it");
            }
        }
        let processes = self.signal(names, Signal::TERM)?;
        gone(&processes, STOPS_WITHIN).await
    }

    /// Makes these stand still, with all that they hold.
    pub async fn freeze(&self, names: &[String]) -> anyhow::Result<()> {
        self.turn(names, Signal::STOP, Condition::Frozen).await
    }

    /// Lets these go on.
    pub async fn thaw(&self, names: &[String]) -> anyhow::Result<()> {
        self.turn(names, Signal::CONT, Condition::Running).await
    }

    /// Cuts these members off from all others and from clients; they reach each other. `n1:n2` or `g1:e2` cuts one pair only, and
    /// `g1:host` a gateway from its clients.
    pub fn partition(&mut self, words: &[String]) -> anyhow::Result<()> {
        ensure!(!words.is_empty(), "name the members to cut off");
        let cuts = asked(words, &needed(self.state.network.as_ref())?.ends())?;
        let cuts = [self.state.cuts.clone(), cuts].concat();
        self.cut(cuts)
    }

    /// Takes cuts back: all, those that name a member, or those of one pair.
    pub fn heal(&mut self, words: &[String]) -> anyhow::Result<()> {
        needed(self.state.network.as_ref())?;
        self.cut(healed(&self.state.cuts, words)?)
    }

    /// The pairs that do not reach each other.
    pub fn severed(&self) -> Vec<(String, String)> {
        let ends = self.state.network.as_ref().map(|network| network.ends()).unwrap_or_default();
        severed(&self.state.cuts, &ends).into_iter().collect()
    }

    /// Ends a node, and makes the others forget it. It must have no replicas: drain it first, and wait.
    pub async fn remove_node(&mut self, name: &str) -> anyhow::Result<()> {
        let member = self.state.member(name)?;
        ensure!(member.role == Role::Node, "{name} is no node");
        self.stop(&[name.to_owned()]).await?;
        let words = ["admin", "nodes", "remove", name, "--etcd-endpoints", &self.etcd_endpoints()];
        keys::tool(&self.state.binary, &words.map(Into::into)).await?;
        if self.state.network.is_some() {
            self.cut(without(self.state.cuts.clone(), name))?;
        }
        if let Some(network) = &mut self.state.network {
            network.leave(name)?;
        }
        self.state.members.retain(|member| member.name != name);
        self.save()
    }

    /// Ends everything: whoever does not stop when asked is killed. The data stays, and [`Cluster::up`] goes on with it.
    pub async fn down(&mut self) -> anyhow::Result<()> {
        let hubs = [self.state.names(Role::Gateway), self.state.names(Role::Node)].concat();
        self.end(&hubs).await?;
        // An etcd loses nothing by it, and one whose peers have gone takes long to stop.
        self.kill(&self.state.names(Role::Etcd)).await?;
        if let Some(network) = &self.state.network {
            network.remove()?;
        }
        self.state.cuts.clear();
        self.state.members.iter_mut().for_each(|member| member.process = None);
        self.save()
    }

    async fn end(&self, names: &[String]) -> anyhow::Result<()> {
        let processes = self.signal(names, Signal::TERM)?;
        // A frozen one hears of it when it goes on.
        self.signal(names, Signal::CONT)?;
        if gone(&processes, STOPS_WITHIN).await.is_err() {
            (self.say)("some do not stop; killing them");
            self.kill(names).await?;
        }
        Ok(())
    }

    fn cut(&mut self, cuts: Vec<super::Cut>) -> anyhow::Result<()> {
        needed(self.state.network.as_ref())?.change(&self.state.cuts, &cuts)?;
        self.state.cuts = cuts;
        self.save()
    }

    async fn turn(&self, names: &[String], signal: Signal, wanted: Condition) -> anyhow::Result<()> {
        for name in names {
            ensure!(there(self.state.member(name)?.process.as_ref())?.is_some(), "{name} does not run");
        }
        for process in self.signal(names, signal)? {
            let done = process.becomes(wanted, AT_ONCE).await?;
            ensure!(done, "process {} did not become {wanted:?}", process.pid);
        }
        Ok(())
    }

    /// Sends a signal to those of them that are there, and returns these.
    fn signal(&self, names: &[String], signal: Signal) -> anyhow::Result<Vec<Process>> {
        let mut reached = Vec::new();
        for name in names {
            let Some(process) = &self.state.member(name)?.process else { continue };
            if process.signal(signal).with_context(|| format!("cannot signal {name}"))? {
                reached.push(process.clone());
            }
        }
        Ok(reached)
    }
}

fn there(process: Option<&Process>) -> anyhow::Result<Option<(&Process, Condition)>> {
    let Some(process) = process else { return Ok(None) };
    let condition = process.condition()?;
    Ok((condition != Condition::Ended).then_some((process, condition)))
}

/// Waits for all of them, so long all together.
async fn gone(processes: &[Process], limit: Duration) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + limit;
    for process in processes {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        ensure!(
            process.ends_within(left).await?,
            "process {} did not end within {} s",
            process.pid,
            limit.as_secs()
        );
    }
    Ok(())
}
