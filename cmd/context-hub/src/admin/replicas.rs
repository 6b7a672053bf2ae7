//! `context-hub admin replicas`.

use super::{Seen, named, node_of};
use crate::cli::MoveArgs;
use anyhow::Result;
use serde_json::json;

pub async fn make_move(args: &MoveArgs) -> Result<()> {
    let mut seen = Seen::look(&args.common).await?;
    let now = seen.now();
    let (from, to) = (node_of(&now, &args.from)?, node_of(&now, &args.to)?);
    seen.contact.members().move_replica(args.shard, from, to).await?;
    let mut last = None;
    loop {
        let now = seen.now();
        let voters = now.observed().get(&args.shard).map(|seen| seen.replicas.clone()).unwrap_or_default();
        let done = voters.contains(&to) && !voters.contains(&from);
        if last.as_ref() != Some(&voters) {
            if args.common.json {
                let ids: Vec<_> = voters.iter().map(|node| node.0).collect();
                println!("{}", json!({ "shard": args.shard.0, "voters": ids, "done": done }));
            } else {
                let names: Vec<_> = voters.iter().map(|node| named(&now, *node)).collect();
                let end = if done { ": done" } else { "" };
                println!("shard {} has replicas with a vote on {}{end}", args.shard, names.join(", "));
            }
            last = Some(voters);
        }
        if done || seen.view.changed().await.is_none() {
            break;
        }
    }
    seen.end().await;
    Ok(())
}
