//! Users whose documents are spread evenly over the shards.

use crate::server::TENANT;
use anyhow::{Result, ensure};
use base::{Slot, SlotMap, TenantId, UserId};

/// Names tried for each owner, on average, before it is given up.
const TRIES_EACH: usize = 1_000;

/// That many users, of whom every shard holds the same number, if it goes into it. Owners choose the shard: chance alone
/// would leave some with nothing and give others three times their part.
pub fn spread(owners: usize, shards: u32) -> Result<Vec<String>> {
    let map = SlotMap::even(shards);
    let tenant = TenantId::new(TENANT)?;
    let most = owners.div_ceil(shards as usize);
    let mut counts = vec![0; shards as usize];
    let mut found = Vec::with_capacity(owners);
    for number in 0..owners * TRIES_EACH {
        if found.len() == owners {
            break;
        }
        let name = format!("owner-{number}");
        let slot = Slot::of_owner(&tenant, &UserId::new(name.as_str())?);
        let count = &mut counts[map.shard_of(slot).0 as usize];
        if *count < most {
            *count += 1;
            found.push(name);
        }
    }
    ensure!(found.len() == owners, "no {owners} owners were found for {shards} shards");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(owners: usize, shards: u32) -> Vec<usize> {
        let (map, tenant) = (SlotMap::even(shards), TenantId::new(TENANT).unwrap());
        let mut counts = vec![0; shards as usize];
        for name in spread(owners, shards).unwrap() {
            let slot = Slot::of_owner(&tenant, &UserId::new(name.as_str()).unwrap());
            counts[map.shard_of(slot).0 as usize] += 1;
        }
        counts
    }

    #[test]
    fn every_shard_gets_its_part() {
        assert_eq!(counts(64, 1), [64]);
        assert_eq!(counts(64, 16), [4; 16]);
        assert_eq!(counts(64, 64), [1; 64]);
    }

    #[test]
    fn what_does_not_go_into_it_is_one_apart_at_most() {
        let counts = counts(64, 3);
        assert_eq!(counts.iter().sum::<usize>(), 64);
        assert!(counts.iter().all(|count| *count <= 22));
    }
}
