//! `relay`: what it costs a server to pass one change on to one client.
//!
//! Each of 40 documents has a socket that types and ten that read; the next character is typed when all ten and the
//! server have the one before. So the number of changes in flight is the number of documents, on every server. Measured
//! is the server's CPU (all its threads, user and system) for each delivery, that is, a tenth of a step; a delivery
//! includes the reader's acknowledgement, which the automerge-repo protocol wants and Yjs does not have. The hub has
//! synced a change to the disk before anyone gets it; automerge-repo writes its files within 100 ms; Hocuspocus keeps
//! nothing.
//!
//! The history of a document is brought by a stock client beforehand. At a history of 100 every turn has new documents;
//! the longer ones go on with theirs, which the hub has put away by then (compacted, and flushed to its files): that is paid
//! once, not for what is passed on. After each turn, and at the end, a stock client (for Hocuspocus: the server's own
//! Yjs) reads every text, which must be what was typed.
//!
//! `relay.paced` is one document with ten readers, into which a character is typed every 50 ms, whatever happens: the time
//! from when the key was due to the last reader.

mod paced;
mod room;
mod side;

use super::Setting;
use super::prose::prose;
use crate::crowd::{Host, Place, Typing};
use crate::measure::{Alternation, Figure, Goal, Load, Measured, Report, alternate, at_rest, drive};
use crate::server::{Hub, NodePeer, NodeServer, Scratch};
use anyhow::{Result, ensure};
use futures::future::try_join_all;
use room::Room;
use rustix::process::Pid;
use side::{RepoSide, Side, YjsSide};
use std::rc::Rc;

/// How much of it.
struct Scale {
    documents: usize,
    readers: usize,
    short: usize,
    long: usize,
    very_long: usize,
    /// Characters to type beyond the longest history, over all turns.
    more: usize,
}

const WHOLE: Scale =
    Scale { documents: 40, readers: 10, short: 100, long: 10_000, very_long: 50_000, more: 30_000 };
const QUICK: Scale =
    Scale { documents: 4, readers: 3, short: 100, long: 1_000, very_long: 2_000, more: 20_000 };

/// What both sides of every comparison share.
struct Relay<'a> {
    setting: &'a Setting,
    scale: Scale,
    typing: Rc<Typing>,
}

/// Runs it.
pub async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let scale = if setting.quick { QUICK } else { WHOLE };
    eprintln!("relay: recording what will be typed");
    let text = prose(scale.very_long + scale.more);
    let typing = Rc::new(Typing::record(text, &[scale.short, scale.long, scale.very_long])?);
    let relay = Relay { setting, scale, typing };
    relay.against_automerge_repo(report).await?;
    relay.against_hocuspocus(report).await?;
    relay.alone(report).await
}

impl Relay<'_> {
    async fn against_automerge_repo(&self, report: &mut Report) -> Result<()> {
        let Scale { short, long, .. } = self.scale;
        let scratch = Scratch::below(&self.setting.folder)?;
        let hub = Hub::start(self.setting.hub_in(&scratch)).await?;
        let peer = NodePeer::start(NodeServer::AutomergeRepo, &self.setting.peers, &scratch).await?;
        let (ours, theirs) = (self.of_hub(&hub), self.of_automerge_repo(&peer));
        let pids = (hub.process().pid(), peer.process().pid());

        let turns = alternate(
            "relay.100",
            async || self.on_new_documents(&ours, short, self.brief(), pids.0).await,
            async || self.on_new_documents(&theirs, short, self.setting.load(), pids.1).await,
        )
        .await?;
        self.compare(report, "relay.100", &turns, 1.0 / 30.0)?;

        // Our sockets last: it takes them long, and sockets that nobody reads from answer no pings meanwhile.
        let places = self.bring(&ours, long).await?;
        let mut their_rooms = self.furnish(&theirs, long).await?;
        let mut our_rooms = self.open(&ours, places, long, pids.0).await?;
        let turns = alternate(
            "relay.10000",
            async || self.go_on(&mut our_rooms, self.setting.load(), pids.0).await,
            async || self.go_on(&mut their_rooms, self.setting.load(), pids.1).await,
        )
        .await?;
        self.verify(&ours, &our_rooms).await?;
        self.verify(&theirs, &their_rooms).await?;
        self.compare(report, "relay.10000", &turns, 1.0 / 80.0)?;
        peer.stop().await?;
        hub.stop().await.map(drop)
    }

    async fn against_hocuspocus(&self, report: &mut Report) -> Result<()> {
        let short = self.scale.short;
        let scratch = Scratch::below(&self.setting.folder)?;
        let hub = Hub::start(self.setting.hub_in(&scratch)).await?;
        let peer = NodePeer::start(NodeServer::Hocuspocus, &self.setting.peers, &scratch).await?;
        let (ours, theirs) = (self.of_hub(&hub), YjsSide { addr: peer.addr(), typing: self.typing.clone() });
        let pids = (hub.process().pid(), peer.process().pid());
        let turns = alternate(
            "relay.hocuspocus",
            async || self.on_new_documents(&ours, short, self.brief(), pids.0).await,
            async || self.on_new_documents(&theirs, short, self.brief(), pids.1).await,
        )
        .await?;
        self.compare(report, "relay.hocuspocus", &turns, 2.5)?;
        peer.stop().await?;
        hub.stop().await.map(drop)
    }

    /// Our own cost at a very long history, against our own at a short one; and one document at a person's pace.
    async fn alone(&self, report: &mut Report) -> Result<()> {
        let Scale { short, very_long, .. } = self.scale;
        let scratch = Scratch::below(&self.setting.folder)?;
        let hub = Hub::start(self.setting.hub_in(&scratch)).await?;
        let (side, pid) = (self.of_hub(&hub), hub.process().pid());
        let places = self.bring(&side, very_long).await?;
        let mut rooms = self.open(&side, places, very_long, pid).await?;
        let turns = alternate(
            "relay.50000",
            async || self.go_on(&mut rooms, self.brief(), pid).await,
            async || self.on_new_documents(&side, short, self.brief(), pid).await,
        )
        .await?;
        self.verify(&side, &rooms).await?;
        drop(rooms);
        self.compare(report, "relay.50000", &turns, 1.5)?;

        let room = Room::new(&side, short, self.scale.readers).await?;
        paced::run(room, &side, self.setting, pid, report).await?;
        hub.stop().await.map(drop)
    }

    fn compare(
        &self,
        report: &mut Report,
        name: &str,
        turns: &Alternation<Measured>,
        most: f64,
    ) -> Result<()> {
        let (ours, peer) = turns.medians(|turn| turn.server_micros() / self.scale.readers as f64);
        let figure = Figure::new(format!("{name}.server_cpu"), "us/delivery", ours).against(peer);
        let busy = turns.client_share();
        report.add(&figure.judged(Goal::RatioAtMost(most)).unless_client_was_busy(busy))?;
        let (ours, peer) = turns.medians(Measured::median_micros);
        Ok(report.add(&Figure::new(format!("{name}.all_readers_p50"), "us", ours).against(peer))?)
    }

    async fn on_new_documents<S: Side>(
        &self,
        side: &S,
        history: usize,
        load: Load,
        server: Pid,
    ) -> Result<Measured> {
        let mut rooms = self.furnish(side, history).await?;
        let measured = self.go_on(&mut rooms, load, server).await?;
        self.verify(side, &rooms).await?;
        Ok(measured)
    }

    async fn furnish<S: Side>(&self, side: &S, history: usize) -> Result<Vec<Room<S>>> {
        try_join_all((0..self.scale.documents).map(|_| Room::new(side, history, self.scale.readers))).await
    }

    async fn bring(&self, side: &RepoSide, history: usize) -> Result<Vec<Place>> {
        try_join_all((0..self.scale.documents).map(|_| side.bring(history))).await
    }

    /// Opens documents once the hub has put them away.
    async fn open(
        &self,
        side: &RepoSide,
        places: Vec<Place>,
        history: usize,
        hub: Pid,
    ) -> Result<Vec<Room<RepoSide>>> {
        at_rest(hub).await?;
        try_join_all(places.into_iter().map(|place| Room::at(side, place, history, self.scale.readers))).await
    }

    async fn go_on<S: Side>(&self, rooms: &mut Vec<Room<S>>, load: Load, server: Pid) -> Result<Measured> {
        let (rested, measured) = drive(std::mem::take(rooms), load, server).await?;
        *rooms = rested;
        Ok(measured)
    }

    async fn verify<S: Side>(&self, side: &S, rooms: &[Room<S>]) -> Result<()> {
        for room in rooms {
            let text = side.text(&room.document, room.changes).await?;
            ensure!(text == self.typing.text_at(room.changes), "a document does not hold what was typed");
        }
        Ok(())
    }

    /// A window in which a history of 100 stays one of a few hundred even on a fast server.
    fn brief(&self) -> Load {
        let window = self.setting.window / 4;
        Load { warm_up: window / 5, window }
    }

    fn of_hub(&self, hub: &Hub) -> RepoSide {
        RepoSide { host: Host::hub(hub.addr(), hub.owner_token()), typing: self.typing.clone() }
    }

    fn of_automerge_repo(&self, peer: &NodePeer) -> RepoSide {
        RepoSide { host: Host::automerge_repo(peer.addr()), typing: self.typing.clone() }
    }
}
