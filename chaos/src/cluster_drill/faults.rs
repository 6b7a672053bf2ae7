//! The faults that hit a leader: how each is made, and how it is repaired.

use anyhow::Context;

use super::disks::Survivors;
use super::stand::Stand;
use crate::drive::nemesis::Pick;
use crate::history::Condition;

/// What befalls a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Freeze,
    /// No packet reaches it: in every other round from nobody, else from no other node.
    Cut,
    /// SIGKILL, and what was not fsynced is gone: in every other round everybody's, else its own.
    Power,
}

/// A fault that was made.
#[derive(Debug)]
pub struct Broken {
    /// Whom it hit.
    pub nodes: Vec<String>,
    cuts: Vec<String>,
}

impl Fault {
    /// Chooses a leader and breaks it; in every other `round` in another form.
    pub async fn make(self, stand: &mut Stand, round: usize, pick: Pick) -> anyhow::Result<Broken> {
        let leaders = stand.leaders().await;
        let victim = pick.of(&leaders).context("no node says that it leads a shard")?.clone();
        let mut broken = Broken { nodes: vec![victim.clone()], cuts: vec![] };
        let other_form = !round.is_multiple_of(2);
        match self {
            Fault::Kill => {
                stand.note(&broken.nodes, Condition::Killed)?;
                stand.cluster.kill(&broken.nodes).await?;
            }
            Fault::Freeze => {
                stand.note(&broken.nodes, Condition::Frozen)?;
                stand.cluster.freeze(&broken.nodes).await?;
            }
            Fault::Cut => {
                let others = stand.names().into_iter().filter(|name| *name != victim);
                let cuts = match other_form {
                    true => others.map(|other| format!("{victim}:{other}")).collect(),
                    false => vec![victim.clone()],
                };
                stand.note(&broken.nodes, Condition::Cut)?;
                stand.cluster.partition(&cuts)?;
                broken.cuts = cuts;
            }
            Fault::Power => {
                if !other_form {
                    broken.nodes = stand.names();
                }
                stand.note(&broken.nodes, Condition::PowerCut)?;
                stand.disks.power_off(&broken.nodes);
                stand.cluster.kill(&broken.nodes).await?;
                // Whole rounds come in two forms, and so does what is left: all four meet.
                let survivors = if round % 4 < 2 { Survivors::None } else { Survivors::Some };
                stand.disks.cut(&broken.nodes, survivors)?;
            }
        }
        Ok(broken)
    }

    /// Makes whole what was broken.
    pub async fn repair(self, stand: &mut Stand, broken: &Broken) -> anyhow::Result<()> {
        match self {
            Fault::Kill | Fault::Power => stand.cluster.start(&broken.nodes).await?,
            Fault::Freeze => stand.cluster.thaw(&broken.nodes).await?,
            Fault::Cut => stand.cluster.heal(&broken.cuts)?,
        }
        stand.note(&broken.nodes, Condition::Alive)
    }
}
