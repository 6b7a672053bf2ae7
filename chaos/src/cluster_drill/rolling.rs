//! One node after the other is stopped as an operator does it, and started again.

use std::slice;
use std::time::Duration;

use tokio::time::sleep;

use super::stand::Stand;
use crate::drive::nemesis::shuffled;
use crate::history::Condition;

/// How long all is well before the next one.
const CALM: Duration = Duration::from_secs(2);

/// Goes round the nodes in an order of the seed, as often as the faults ask for.
pub async fn hold(stand: &mut Stand) -> anyhow::Result<()> {
    let order = shuffled(stand.seed, stand.names());
    for (round, node) in order.iter().cycle().take(stand.faults).enumerate() {
        if stand.is_over() {
            break;
        }
        sleep(CALM).await;
        stand.say(&format!("restart {} of {}: {node}", round + 1, stand.faults));
        let node = slice::from_ref(node);
        stand.note(node, Condition::Stopped)?;
        stand.cluster.stop(node).await?;
        stand.cluster.start(node).await?;
        stand.note(node, Condition::Alive)?;
        stand.until_whole().await?;
    }
    Ok(())
}
