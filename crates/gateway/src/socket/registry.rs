//! The sockets of a gateway: how many there are, which peers they are, and which tickets they came with.

use super::{Close, Code, Signals};
use base::{TenantId, UserId};
use parking_lot::Mutex;
use rpc::{Caller, Redeem, TicketId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// What the name begins with that a gateway gives to itself.
pub(crate) const NAMES_OF_GATEWAYS: &str = "context-hub-";
/// What the names begin with that gateways give to JSON sockets.
pub(crate) const NAMES_OF_CLIENTS: &str = "json-";

/// All sockets.
#[derive(Debug)]
pub(crate) struct Registry {
    sockets_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sockets: usize,
    peers: HashMap<(TenantId, Box<str>), Peer>,
    tickets: HashMap<Bearer, InUse>,
}

/// A ticket, and whose it is: only they can take it back.
type Bearer = (Caller, TicketId);

/// A ticket that sockets came with.
#[derive(Debug)]
struct InUse {
    ticket: Redeem,
    sockets: Vec<Arc<Signals>>,
}

/// Who bears a peer id.
#[derive(Debug)]
struct Peer {
    user: UserId,
    signals: Arc<Signals>,
}

/// One socket's place; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    signals: Arc<Signals>,
    ticket: Option<Bearer>,
    peer: Option<(TenantId, Box<str>)>,
}

impl Registry {
    /// Room for so many.
    pub fn new(sockets_max: usize) -> Arc<Registry> {
        Arc::new(Registry { sockets_max, state: Mutex::default() })
    }

    /// A place for one more. From now on it hears when its ticket is revoked.
    pub fn enter(
        self: &Arc<Self>,
        signals: &Arc<Signals>,
        ticket: Option<(Caller, Redeem)>,
    ) -> Result<Place, Close> {
        let mut state = self.state.lock();
        if state.sockets >= self.sockets_max {
            let reason =
                format!("this gateway has {} sockets, its limit; connect again later", self.sockets_max);
            return Err(Close::new(Code::Full, reason));
        }
        state.sockets += 1;
        let ticket = ticket.map(|(caller, ticket)| {
            let bearer = (caller, ticket.id);
            let new = || InUse { ticket, sockets: vec![] };
            state.tickets.entry(bearer.clone()).or_insert_with(new).sockets.push(signals.clone());
            bearer
        });
        Ok(Place { registry: self.clone(), signals: signals.clone(), ticket, peer: None })
    }

    /// Ends the sockets that came with this ticket of this caller.
    pub fn revoked(&self, caller: &Caller, ticket: TicketId) {
        let in_use = self.state.lock().tickets.remove(&(caller.clone(), ticket));
        for signals in in_use.into_iter().flat_map(|in_use| in_use.sockets) {
            signals.end(Close::new(Code::Revoked, "the ticket was revoked"));
        }
    }

    /// The tickets that sockets came with, and whose they are.
    pub fn tickets(&self) -> Vec<(Caller, Redeem)> {
        let state = self.state.lock();
        state.tickets.iter().map(|((caller, _), in_use)| (caller.clone(), in_use.ticket)).collect()
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        self.state.lock().sockets
    }
}

impl Place {
    /// Takes the peer id. A socket of the same user that has it is over: its client came back. Another user's stays.
    pub fn name(&mut self, caller: &Caller, peer: &str) -> Result<(), Close> {
        let key = (caller.tenant.clone(), Box::from(peer));
        let taken = Peer { user: caller.user.clone(), signals: self.signals.clone() };
        match self.registry.state.lock().peers.entry(key.clone()) {
            Entry::Vacant(free) => {
                free.insert(taken);
            }
            Entry::Occupied(held) if held.get().user != caller.user => {
                return Err(Close::new(
                    Code::Conflict,
                    "this senderId is connected as another user; choose another",
                ));
            }
            Entry::Occupied(mut held) => {
                let earlier = held.insert(taken);
                earlier.signals.end(Close::new(Code::Conflict, "this senderId has connected again"));
            }
        }
        self.peer = Some(key);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.registry.state.lock();
        state.sockets -= 1;
        // What is another's by now stays.
        if let Some(Entry::Occupied(held)) = self.peer.take().map(|key| state.peers.entry(key))
            && Arc::ptr_eq(&held.get().signals, &self.signals)
        {
            held.remove();
        }
        if let Some(Entry::Occupied(mut held)) = self.ticket.take().map(|ticket| state.tickets.entry(ticket))
        {
            held.get_mut().sockets.retain(|signals| !Arc::ptr_eq(signals, &self.signals));
            if held.get().sockets.is_empty() {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Timestamp;

    fn caller(user: &str) -> Caller {
        Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new(user).unwrap() }
    }

    fn code(signals: &Signals) -> Option<Code> {
        signals.ended().map(|close| close.code)
    }

    #[test]
    fn a_peer_that_comes_back_ends_its_earlier_socket_and_nobody_elses() {
        let registry = Registry::new(9);
        let [first, second, other] = [(); 3].map(|()| Signals::new());
        let mut old = registry.enter(&first, None).unwrap();
        old.name(&caller("ada"), "peer-1").unwrap();
        let mut new = registry.enter(&second, None).unwrap();
        new.name(&caller("ada"), "peer-1").unwrap();
        assert_eq!((code(&first), code(&second)), (Some(Code::Conflict), None));
        drop(old);
        let mut foreign = registry.enter(&other, None).unwrap();
        assert_eq!(foreign.name(&caller("bob"), "peer-1").unwrap_err().code, Code::Conflict);
        assert_eq!(code(&second), None, "the earlier socket's end leaves the id with the later one");
        drop(new);
        foreign.name(&caller("bob"), "peer-1").unwrap();
        drop(foreign);
        assert_eq!(registry.open(), 0);
        assert!(registry.state.lock().peers.is_empty());
    }

    #[test]
    fn a_revoked_ticket_ends_the_sockets_that_came_with_it() {
        let registry = Registry::new(9);
        let tickets = [TicketId([1; 16]), TicketId([2; 16])];
        let signals = [(); 3].map(|()| Signals::new());
        let places = [(0, 0), (1, 0), (2, 1)].map(|(socket, ticket)| {
            let ticket = Redeem { id: tickets[ticket], once: false, expires: Timestamp(9) };
            registry.enter(&signals[socket], Some((caller("ada"), ticket))).unwrap()
        });
        registry.revoked(&caller("eve"), tickets[0]);
        assert_eq!([0, 1, 2].map(|at| code(&signals[at])), [None; 3], "a ticket is its user's to take back");
        registry.revoked(&caller("ada"), tickets[0]);
        assert_eq!([0, 1, 2].map(|at| code(&signals[at])), [Some(Code::Revoked), Some(Code::Revoked), None]);
        drop(places);
        assert!(registry.state.lock().tickets.is_empty());
    }

    #[test]
    fn there_are_no_more_than_the_limit() {
        let registry = Registry::new(1);
        let place = registry.enter(&Signals::new(), None).unwrap();
        assert_eq!(registry.enter(&Signals::new(), None).unwrap_err().code, Code::Full);
        drop(place);
        assert!(registry.enter(&Signals::new(), None).is_ok());
    }
}
