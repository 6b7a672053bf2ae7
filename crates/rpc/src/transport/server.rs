//! What a member serves to the others.

use super::Directory;
use super::connection::{Answerer, Hello, Listener, Peer, Tasks};
use super::hub::{self, Hub, HubServer};
use super::raft::{self, RaftServer};
use super::tls::{Credentials, Role};
use crate::RaftReplicas;
use base::NodeId;
use http::{Request, Response};
use hyper::body::Incoming;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;

/// What a node serves.
pub struct Services {
    /// The node itself.
    pub node: NodeId,
    /// Which name each node has to prove.
    pub directory: Directory,
    /// For messages of Raft.
    pub replicas: Arc<dyn RaftReplicas>,
    /// For gateways. None while the node does not serve them.
    pub hub: Option<Hub>,
}

/// A node that listens to the others.
pub struct Server {
    listener: Listener,
    hub: Option<Arc<HubServer>>,
}

struct Router {
    node: NodeId,
    directory: Directory,
    raft: Arc<RaftServer>,
    hub: Option<Arc<HubServer>>,
}

/// A call whose caller may make it.
enum Call {
    Raft(raft::route::Call),
    Hub(Arc<HubServer>),
}

impl Server {
    /// Listens on a socket that is bound. Inside a Tokio runtime, which it runs on.
    pub fn start(
        socket: TcpListener,
        credentials: Arc<Credentials>,
        services: Services,
    ) -> io::Result<Server> {
        let Services { node, directory, replicas, hub } = services;
        let tasks = Tasks::new();
        let raft = Arc::new(RaftServer::new(replicas));
        let hub = hub.map(|hub| Arc::new(HubServer::new(hub, tasks.clone())));
        let router = Arc::new(Router { node, directory, raft, hub: hub.clone() });
        let answerer: Answerer =
            Arc::new(move |peer, request| Box::pin(router.clone().answer(peer, request)));
        Ok(Server { listener: Listener::start(socket, credentials, answerer, tasks)?, hub })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Waits, no longer than `limit`, until gateways have the answers to what they asked. For a node that is to stop and
    /// refuses new requests already.
    pub async fn drain(&self, limit: Duration) {
        if let Some(hub) = &self.hub {
            let _ = timeout(limit, hub.drain()).await;
        }
    }

    /// Ends all connections, and waits for what ran on them.
    pub async fn close(&self) {
        self.listener.close().await;
    }
}

impl Router {
    async fn answer(self: Arc<Router>, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Body> {
        let routed = match Hello::read(request.headers(), Some(self.node)) {
            Ok(hello) => self.route(&peer, hello, request.uri().path()),
            Err(error) => Err(Status::failed_precondition(error.to_string())),
        };
        match routed {
            Ok(Call::Raft(call)) => call.answer(request).await,
            Ok(Call::Hub(server)) => hub::route::answer(server, request).await,
            Err(status) => {
                let (address, certificate) = (peer.address, &peer.subject);
                tracing::warn!(%address, %certificate, path = request.uri().path(), reason = status.message(), "a call was refused");
                status.into_http()
            }
        }
    }

    fn route(&self, peer: &Peer, hello: Hello, path: &str) -> Result<Call, Status> {
        match path.rsplit_once('/') {
            Some(("/context_hub.v1.Raft", _)) => self.raft(peer, hello).map(Call::Raft),
            Some(("/context_hub.v1.Shards", _)) => self.hub(peer, path).map(Call::Hub),
            _ => Err(Status::unimplemented("no such service")),
        }
    }

    /// A gateway speaks for all of its clients; an admin may look.
    fn hub(&self, peer: &Peer, path: &str) -> Result<Arc<HubServer>, Status> {
        let may = match peer.subject.role() {
            Role::Gateway => true,
            Role::Node | Role::Admin => path == hub::route::HEALTH,
        };
        if !may {
            let message = format!("{} is not a gateway, and only gateways speak for clients", peer.subject);
            return Err(Status::permission_denied(message));
        }
        self.hub.clone().ok_or_else(|| Status::unavailable("this node does not serve gateways yet"))
    }

    fn raft(&self, peer: &Peer, hello: Hello) -> Result<raft::route::Call, Status> {
        if peer.subject.role() != Role::Node {
            return Err(Status::permission_denied(format!(
                "{} is not a node, and only nodes take part in Raft",
                peer.subject
            )));
        }
        let from =
            hello.from.ok_or_else(|| Status::invalid_argument("the caller did not say which node it is"))?;
        let known = (self.directory)(from);
        let known = known.ok_or_else(|| {
            Status::permission_denied(format!("the cluster's directory does not name node {from}"))
        })?;
        if known.subject != peer.subject {
            let message = format!("node {from} is {}, not {}", known.subject, peer.subject);
            return Err(Status::permission_denied(message));
        }
        Ok(raft::route::Call { server: self.raft.clone(), from, link: hello.link })
    }
}
