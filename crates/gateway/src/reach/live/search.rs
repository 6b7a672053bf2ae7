//! Looks for the node of the next session.

use super::kind::Kind;
use super::ringer::Ringer;
use super::seat::Seat;
use super::sessions::Moves;
use crate::reach::Shared;
use crate::reach::errand::{Errand, Place, Search};
use crate::reach::map::Node;
use crate::reach::pace;
use crate::reach::router::Call;
use base::{NodeId, ShardId, Slot};
use rpc::Refusal;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a session that is to show something at once may take for that before it is taken as it is: a document that has to
/// be read from a disk takes a while.
const SHOWS_WITHIN: Duration = Duration::from_millis(500);

/// A session that is being begun.
pub(super) struct Attempt<K: Kind> {
    pub begun: Call<Arc<K::Session>>,
    pub epoch: u64,
    pub memory: K::Memory,
    pub ringer: Arc<Ringer>,
}

/// A session that was found.
pub(super) struct Found<K: Kind> {
    pub session: Arc<K::Session>,
    pub epoch: u64,
    /// What it was told of those before it.
    pub memory: K::Memory,
    pub node: NodeId,
    pub shard: ShardId,
    /// In which the shard was led by whomever the map named when it was begun.
    pub term: u64,
    pub first: Option<K::Shown>,
}

/// Looks for the first session of a seat.
pub(super) async fn first<K: Kind>(shared: Arc<Shared>, seat: Weak<Seat<K>>, slot: Slot) {
    run(shared, seat, slot, Search::begin()).await;
}

/// Looks for another one, not at the same moment as all those who lost theirs together.
pub(super) async fn again<K: Kind>(shared: Arc<Shared>, seat: Weak<Seat<K>>, slot: Slot, search: Search) {
    sleep(pace::spread(rand::random())).await;
    run(shared, seat, slot, search).await;
}

async fn run<K: Kind>(shared: Arc<Shared>, seat: Weak<Seat<K>>, slot: Slot, search: Search) {
    let place = Place::Slot(slot);
    // Before there is a map, nobody knows in which line to wait.
    let shard = shared.router.until_shard(place).await;
    // Kept until a session is found: while nobody leads the shard few look for that, and the others wait in line.
    let _turn = shared.lanes.search(shard).await;
    let mut errand = Errand::endless(place, search);
    loop {
        let found =
            shared.router.ask(&mut errand, |node, reached, _| attempt(&shared, &seat, slot, node, reached));
        let found = found.await;
        let Some(seat) = seat.upgrade() else { return };
        match found {
            Ok(found) => match seat.hold(found, errand.search) {
                None => {
                    // Somebody else may have come to lead while it was not held.
                    let map = shared.router.map.borrow().clone();
                    return seat.look(&map);
                }
                // The one that was begun in vain is over, which its node may not know yet.
                Some(search) => errand = Errand::endless(place, Search { held: true, ..search }),
            },
            Err(refusal) => {
                seat.over(None, refusal, false);
                return;
            }
        }
    }
}

fn attempt<K: Kind>(
    shared: &Arc<Shared>,
    seat: &Weak<Seat<K>>,
    slot: Slot,
    node: NodeId,
    reached: Node,
) -> Call<Found<K>> {
    let (shared, seat) = (shared.clone(), seat.clone());
    Box::pin(async move {
        let permit = shared.lanes.begin().await;
        let gone = || Refusal::Internal { reason: "the socket is gone".to_owned() };
        let (shard, term) = {
            let map = shared.router.map.borrow();
            let shard = map.shard_of(slot).unwrap_or(ShardId(0));
            (shard, map.leader(shard).map_or(0, |(_, term)| term))
        };
        let Attempt { begun, epoch, memory, ringer } = seat.upgrade().ok_or_else(gone)?.attempt(reached);
        let session = begun.await?;
        drop(permit);
        let first = match K::shows_at_once(&memory) {
            true => first_shown::<K>(&session, &ringer).await?,
            false => None,
        };
        Ok(Found { session, epoch, memory, node, shard, term, first })
    })
}

/// What a new session shows first; its refusal if it is over at once. Any node takes a peer in, but only the leader speaks.
async fn first_shown<K: Kind>(
    session: &Arc<K::Session>,
    ringer: &Ringer,
) -> Result<Option<K::Shown>, Refusal> {
    let shown = async {
        loop {
            match K::next(session) {
                Some(shown) => return shown,
                None => ringer.rung().await,
            }
        }
    };
    match timeout(SHOWS_WITHIN, shown).await {
        Ok(shown) => match K::ended(&shown) {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Some(shown)),
        },
        Err(_late) => Ok(None),
    }
}
