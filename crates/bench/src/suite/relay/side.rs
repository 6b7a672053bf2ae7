//! The servers that are compared, and how clients come to a document there.

use crate::client::{Connection, Request};
use crate::crowd::{Follower, Host, Place, Seat, StockPeer, Typing, YjsPeer};
use anyhow::{Result, ensure};
use rand::Rng;
use std::net::SocketAddr;
use std::rc::Rc;

/// A server.
pub trait Side: 'static {
    /// A document there.
    type Document;
    /// A client of it.
    type Seat: Seat;

    /// A new document with that many changes, and a client that has them and will write.
    async fn furnish(&self, changes: usize) -> Result<(Self::Document, Self::Seat)>;

    /// A client that reads, once it has that many changes.
    async fn sit(&self, document: &Self::Document, changes: usize) -> Result<Self::Seat>;

    /// The text after that many changes, as one who comes now reads it.
    async fn text(&self, document: &Self::Document, changes: usize) -> Result<String>;
}

/// A server of the automerge-repo protocol: the hub, or automerge-repo's own.
pub struct RepoSide {
    /// Where.
    pub host: Host,
    /// What is typed there.
    pub typing: Rc<Typing>,
}

impl RepoSide {
    /// A new document with that many changes, brought by a stock client that leaves.
    pub async fn bring(&self, changes: usize) -> Result<Place> {
        let place = self.host.new_document()?;
        StockPeer::bring(&place, self.typing.document_at(changes)?).await?;
        Ok(place)
    }
}

impl Side for RepoSide {
    type Document = Place;
    type Seat = Follower;

    async fn furnish(&self, changes: usize) -> Result<(Place, Follower)> {
        let place = self.bring(changes).await?;
        let writer = self.sit(&place, changes).await?;
        Ok((place, writer))
    }

    async fn sit(&self, place: &Place, changes: usize) -> Result<Follower> {
        Follower::open(place, &self.typing, changes).await
    }

    async fn text(&self, place: &Place, changes: usize) -> Result<String> {
        StockPeer::text_at(place, &[self.typing.stroke(changes - 1)?.hash]).await
    }
}

/// Hocuspocus.
pub struct YjsSide {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What is typed there.
    pub typing: Rc<Typing>,
}

impl Side for YjsSide {
    type Document = Rc<str>;
    type Seat = YjsPeer;

    async fn furnish(&self, changes: usize) -> Result<(Rc<str>, YjsPeer)> {
        let document: Rc<str> = format!("{:032x}", rand::rng().random::<u128>()).into();
        let mut writer = YjsPeer::open(self.addr, document.clone(), &self.typing, 0).await?;
        writer.bring(changes).await?;
        Ok((document, writer))
    }

    async fn sit(&self, document: &Rc<str>, changes: usize) -> Result<YjsPeer> {
        YjsPeer::open(self.addr, document.clone(), &self.typing, changes).await
    }

    async fn text(&self, document: &Rc<str>, _changes: usize) -> Result<String> {
        let path = format!("/{document}");
        let request = Request { method: "GET", path: &path, token: None, body: None };
        let mut connection = Connection::open(self.addr).await?;
        let answer = connection.call(&request.encode()).await?;
        ensure!(answer.status == 200, "Hocuspocus does not have {document}");
        Ok(String::from_utf8(answer.body.to_vec())?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::Room;
    use super::*;
    use crate::measure::Worker;
    use crate::server::{NodePeer, NodeServer, Scratch};
    use std::path::Path;

    const HISTORY: usize = 100;

    async fn peer(server: NodeServer) -> (Scratch, NodePeer) {
        let scratch = Scratch::below(&std::env::current_exe().unwrap().with_file_name("scratch")).unwrap();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let peer = NodePeer::start(server, &scripts, &scratch).await.unwrap();
        (scratch, peer)
    }

    /// What is typed in a room comes to all who sit there, and to one who comes later.
    async fn check<S: Side>(side: &S, typing: &Typing) {
        let mut room = Room::new(side, HISTORY, 3).await.unwrap();
        for _ in 0..10 {
            room.step().await.unwrap();
        }
        let text = side.text(&room.document, room.changes).await.unwrap();
        assert_eq!(text, typing.text_at(HISTORY + 10));
    }

    fn typing() -> Rc<Typing> {
        Rc::new(Typing::record("to be or not to be ".repeat(10), &[HISTORY]).unwrap())
    }

    #[tokio::test]
    async fn automerge_repo_takes_header_only_clients_for_stock_ones() {
        let (_scratch, peer) = peer(NodeServer::AutomergeRepo).await;
        let typing = typing();
        let side = RepoSide { host: Host::automerge_repo(peer.addr()), typing: typing.clone() };
        check(&side, &typing).await;
    }

    #[tokio::test]
    async fn yjs_understands_what_is_written_by_hand() {
        let (_scratch, peer) = peer(NodeServer::Hocuspocus).await;
        let typing = typing();
        check(&YjsSide { addr: peer.addr(), typing: typing.clone() }, &typing).await;
    }
}
