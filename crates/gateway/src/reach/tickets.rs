//! The seam of tickets, and their notices from every node.

use super::Reach;
use super::errand::Errand;
use super::map::Node;
use super::shards::home;
use base::{NodeId, ShardId, Timestamp};
use parking_lot::{Mutex, RwLock};
use rpc::{Answer, Caller, OnMissed, OnRevoked, Redeem, Redeemed, Refusal, TicketId, Tickets};
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// Whom to tell of tickets, and which nodes tell it.
#[derive(Default)]
pub(super) struct Notices {
    revoked: RwLock<Vec<OnRevoked>>,
    missed: RwLock<Vec<OnMissed>>,
    hung: Mutex<HashMap<NodeId, Weak<dyn Tickets>>>,
}

impl Notices {
    /// Hears of these nodes from now on. One under a known id may be another one: its address has changed.
    pub fn hang(self: &Arc<Self>, nodes: &HashMap<NodeId, Node>) {
        let mut new = Vec::new();
        {
            let mut hung = self.hung.lock();
            hung.retain(|id, _| nodes.contains_key(id));
            for (id, Node { tickets, .. }) in nodes {
                // A weak hold keeps the place of what it points to, so that nothing else can be there.
                let tells = Arc::downgrade(tickets);
                if !hung.get(id).is_some_and(|known| known.ptr_eq(&tells)) {
                    hung.insert(*id, tells);
                    new.push(tickets.clone());
                }
            }
        }
        for tickets in &new {
            let (revoked, missed) = (Arc::downgrade(self), Arc::downgrade(self));
            tickets.on_revoked(Arc::new(move |caller, ticket| {
                if let Some(notices) = revoked.upgrade() {
                    let heard = notices.revoked.read().clone();
                    heard.iter().for_each(|heard| heard(caller, ticket));
                }
            }));
            tickets.on_missed(Arc::new(move || {
                if let Some(notices) = missed.upgrade() {
                    notices.missed();
                }
            }));
        }
        if !new.is_empty() {
            // What they told before they were heard.
            self.missed();
        }
    }

    fn missed(&self) {
        let missed = self.missed.read().clone();
        missed.iter().for_each(|missed| missed());
    }
}

impl Tickets for Reach {
    fn redeem(&self, caller: Caller, ticket: Redeem) -> Answer<'_, Redeemed> {
        let place = home(&caller);
        let mut errand = if ticket.once { Errand::write(place) } else { Errand::read(place) };
        Box::pin(async move {
            let router = &self.shared.router;
            let redeemed = router.ask(&mut errand, |_, node, _| {
                let caller = caller.clone();
                Box::pin(async move { node.tickets.redeem(caller, ticket).await })
            });
            match redeemed.await? {
                // By somebody else, or by an attempt of this request whose answer was lost.
                Redeemed::Spent if errand.search.lost => {
                    Err(Refusal::Unknown { shard: router.shard(place).unwrap_or(ShardId(0)) })
                }
                redeemed => Ok(redeemed),
            }
        })
    }

    fn revoke(&self, caller: Caller, id: TicketId, until: Timestamp) -> Answer<'_, ()> {
        self.ask(Errand::write(home(&caller)), move |_, node, _| {
            let caller = caller.clone();
            Box::pin(async move { node.tickets.revoke(caller, id, until).await })
        })
    }

    fn on_revoked(&self, heard: OnRevoked) {
        self.shared.notices.revoked.write().push(heard);
    }

    fn on_missed(&self, missed: OnMissed) {
        self.shared.notices.missed.write().push(missed);
    }
}
