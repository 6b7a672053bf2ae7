//! What a socket holds: a session, or the search for the next one.

use super::kind::Kind;
use super::ringer::Ringer;
use super::search::{self, Found};
use super::sessions::Moves;
use crate::reach::Shared;
use crate::reach::errand::Search;
use crate::reach::map::{Map, Node};
use base::{DocId, NodeId, ShardId};
use parking_lot::Mutex;
use rpc::{Bell, Caller, Ephemeral, Refusal};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A session that stood for so long was no mistake, though it had nothing to show.
const STOOD: Duration = Duration::from_secs(1);

/// A session of a socket that moves. Dropping it leaves the document.
pub(in crate::reach) struct Seat<K: Kind> {
    me: Weak<Seat<K>>,
    pub(super) shared: Arc<Shared>,
    number: u64,
    caller: Caller,
    pub(super) id: DocId,
    kind: K,
    pub(super) ringer: Arc<Ringer>,
    /// Told whenever it stands otherwise.
    changed: Notify,
    /// Held for moments only: no session is asked under it.
    state: Mutex<State<K>>,
}

struct State<K: Kind> {
    memory: K::Memory,
    standing: Standing<K>,
}

enum Standing<K: Kind> {
    /// A search is under way, which ends with this.
    Searching {
        _ends: DropGuard,
    },
    Held(Held<K>),
    /// It is over, and whether the socket knows.
    Over {
        refusal: Refusal,
        told: bool,
    },
}

struct Held<K: Kind> {
    session: Arc<K::Session>,
    epoch: u64,
    node: NodeId,
    shard: ShardId,
    /// The latest term in which its node was not replaced.
    term: u64,
    /// What it showed during the search.
    first: Option<K::Shown>,
    /// What led to it, until it has shown something: if it is lost before, the search goes on from there.
    search: Option<Search>,
    since: Instant,
}

/// Where what a socket says goes.
pub(super) enum Way<K: Kind> {
    Session(Arc<K::Session>, u64),
    /// Nowhere, for now.
    None,
    Over(Refusal),
}

/// A session that may be anywhere else: its leader was lost.
fn moves(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Elsewhere { .. } | Refusal::Unavailable { .. } | Refusal::Unknown { .. })
}

fn named(refusal: &Refusal) -> Option<NodeId> {
    match refusal {
        Refusal::Elsewhere { leader, .. } => *leader,
        _ => None,
    }
}

impl<K: Kind> Seat<K> {
    /// Begins to look for a session.
    pub fn take(
        shared: Arc<Shared>,
        caller: Caller,
        id: DocId,
        kind: K,
        memory: K::Memory,
        bell: Bell,
    ) -> Arc<Seat<K>> {
        let (ends, standing) = searching(&shared);
        let seat = Arc::new_cyclic(|me: &Weak<Seat<K>>| Seat {
            me: me.clone(),
            number: shared.sessions.enter(me.clone()),
            shared,
            caller,
            id,
            kind,
            ringer: Ringer::new(bell),
            changed: Notify::new(),
            state: Mutex::new(State { memory, standing }),
        });
        seat.shared.spawn(ends, search::first(seat.shared.clone(), Arc::downgrade(&seat), id.slot()));
        seat
    }

    /// Waits until there is a session, or none to be had.
    pub async fn begun(&self) -> Result<(), Refusal> {
        loop {
            let mut changed = std::pin::pin!(self.changed());
            changed.as_mut().enable();
            match &self.state.lock().standing {
                Standing::Searching { .. } => {}
                Standing::Held(_) => return Ok(()),
                Standing::Over { refusal, .. } => return Err(refusal.clone()),
            }
            changed.await;
        }
    }

    /// Told when it stands otherwise.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Where to go with what the socket says, once that is noted.
    pub(super) fn way(&self, note: impl FnOnce(&mut K::Memory)) -> Way<K> {
        let mut state = self.state.lock();
        note(&mut state.memory);
        match &state.standing {
            Standing::Searching { .. } => Way::None,
            Standing::Held(held) => Way::Session(held.session.clone(), held.epoch),
            Standing::Over { refusal, .. } => Way::Over(refusal.clone()),
        }
    }

    /// What came of something that the socket said. That the leader was lost is not its business.
    pub(super) fn received(&self, epoch: u64, received: Result<(), Refusal>) -> Result<(), Refusal> {
        match received {
            Err(refusal) if moves(&refusal) => {
                self.lost(epoch, named(&refusal));
                Ok(())
            }
            Err(refusal) => {
                self.over(Some(epoch), refusal.clone(), true);
                Err(refusal)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Passes on what is not kept.
    pub(super) fn pass_on(&self, ephemeral: Ephemeral) {
        if let Way::Session(session, _) = self.way(|_| ()) {
            K::say(&session, ephemeral);
        }
    }

    /// The next thing for the socket. Nothing out of a session that was given up meanwhile: the next one begins where the socket
    /// was before it.
    pub(super) fn next_shown(&self) -> Option<K::Shown> {
        loop {
            let (session, epoch) = {
                let mut state = self.state.lock();
                let State { memory, standing } = &mut *state;
                match standing {
                    Standing::Searching { .. } => return None,
                    Standing::Over { refusal, told } => {
                        let before = std::mem::replace(told, true);
                        return (!before).then(|| K::end(refusal.clone()));
                    }
                    Standing::Held(held) => match held.first.take() {
                        Some(first) if K::note(memory, &first) => return Some(first),
                        Some(_) => continue,
                        None => (held.session.clone(), held.epoch),
                    },
                }
            };
            let shown = K::next(&session)?;
            match K::ended(&shown) {
                Some(refusal) if moves(refusal) => self.lost(epoch, named(refusal)),
                Some(refusal) => {
                    if self.over(Some(epoch), refusal.clone(), true) {
                        return Some(shown);
                    }
                }
                None => {
                    if self.shows(epoch, &shown) {
                        return Some(shown);
                    }
                }
            }
        }
    }

    /// Notes what the session shows. Whether the socket is to see it.
    fn shows(&self, epoch: u64, shown: &K::Shown) -> bool {
        let mut state = self.state.lock();
        let State { memory, standing } = &mut *state;
        match standing {
            Standing::Held(held) if held.epoch == epoch => {
                held.search = None;
                K::note(memory, shown)
            }
            _ => false,
        }
    }

    /// A session that may be begun at a node, as things are now.
    pub(super) fn attempt(&self, node: Node) -> search::Attempt<K> {
        let memory = self.state.lock().memory.clone();
        let (epoch, bell) = self.ringer.turn();
        let begun = self.kind.begin(node, self.caller.clone(), self.id, &memory, bell);
        search::Attempt { begun, epoch, memory, ringer: self.ringer.clone() }
    }

    /// Takes the session that was found. Gives the search back if the session does not know what it has to know by now.
    pub(super) fn hold(&self, found: Found<K>, search: Search) -> Option<Search> {
        let Found { session, epoch, memory, node, shard, term, first } = found;
        {
            let mut state = self.state.lock();
            if state.memory != memory {
                return Some(search);
            }
            if !matches!(state.standing, Standing::Searching { .. }) {
                return None;
            }
            let search = first.is_none().then_some(search);
            let since = Instant::now();
            state.standing = Standing::Held(Held { session, epoch, node, shard, term, first, search, since });
        }
        self.changed.notify_waiters();
        // What rang before it was held here is not lost.
        self.ringer.ring(self.id);
        None
    }

    /// The session of this number is of no use any more: begins to look for another.
    fn lost(&self, epoch: u64, named: Option<NodeId>) {
        let (ends, searching) = searching(&self.shared);
        let held = {
            let mut state = self.state.lock();
            if !matches!(&state.standing, Standing::Held(held) if held.epoch == epoch) {
                return;
            }
            // Before the search begins, which counts on.
            self.ringer.hush();
            match std::mem::replace(&mut state.standing, searching) {
                Standing::Held(held) => held,
                Standing::Searching { .. } | Standing::Over { .. } => return,
            }
        };
        self.shared.router.unlearn(held.shard, held.node);
        let search = match held.search {
            Some(mut search) if held.since.elapsed() < STOOD => {
                search.trail.in_vain(held.node, named);
                search
            }
            _ => Search::away_from(held.node, named),
        };
        self.shared.spawn(ends, search::again(self.shared.clone(), self.me.clone(), self.id.slot(), search));
        self.changed.notify_waiters();
    }

    /// There will be no other session. Whether the one of this number, or the search, was what stood.
    pub(super) fn over(&self, epoch: Option<u64>, refusal: Refusal, told: bool) -> bool {
        let _before = {
            let mut state = self.state.lock();
            let stands = match &state.standing {
                Standing::Searching { .. } => epoch.is_none(),
                Standing::Held(held) => epoch == Some(held.epoch),
                Standing::Over { .. } => false,
            };
            if !stands {
                return false;
            }
            self.ringer.hush();
            std::mem::replace(&mut state.standing, Standing::Over { refusal, told })
        };
        self.changed.notify_waiters();
        self.ringer.ring(self.id);
        true
    }
}

/// A standing in which a search is under way, and what ends that.
fn searching<K: Kind>(shared: &Shared) -> (CancellationToken, Standing<K>) {
    let ends = shared.stop.child_token();
    (ends.clone(), Standing::Searching { _ends: ends.drop_guard() })
}

impl<K: Kind> Moves for Seat<K> {
    fn look(&self, map: &Map) {
        let Some(shard) = map.shard_of(self.id.slot()) else { return };
        let leader = map.leader(shard);
        let (epoch, named) = {
            let mut state = self.state.lock();
            let Standing::Held(held) = &mut state.standing else { return };
            match leader {
                _ if held.shard != shard => (held.epoch, leader.map(|(leader, _)| leader)),
                Some((leader, term)) if leader == held.node => {
                    held.term = held.term.max(term);
                    return;
                }
                Some((leader, term)) if term > held.term => (held.epoch, Some(leader)),
                _ => return,
            }
        };
        self.lost(epoch, named);
    }
}

impl<K: Kind> Drop for Seat<K> {
    fn drop(&mut self) {
        self.shared.sessions.leave(self.number);
    }
}
