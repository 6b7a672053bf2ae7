//! Nodes on loopback, with certificates that are made on the fly.

use crate::replicas::Replicas;
use base::{NodeId, Timestamp};
use rpc::RaftReplicas;
use rpc::transport::tls::{Authority, Credentials, Role, Subject};
use rpc::transport::{Address, Directory, Hub, Peers, Server, Services};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// The nodes of one authority, and where they are.
pub struct Cluster {
    pub authority: Authority,
    places: Arc<Mutex<HashMap<NodeId, Address>>>,
}

pub fn subject(role: Role, name: &str) -> Subject {
    Subject::new(role, name).unwrap()
}

pub fn credentials_of(authority: &Authority, subject: &Subject, made: Timestamp) -> Arc<Credentials> {
    let issued = authority.issue(subject, made, Duration::from_secs(86_400)).unwrap();
    let credentials =
        Credentials::from_pem(authority.certificate_pem(), &issued.certificate_pem, &issued.key_pem, made);
    Arc::new(credentials.unwrap())
}

impl Cluster {
    pub fn new() -> Cluster {
        Cluster::of(Authority::make(base::now()).unwrap())
    }

    pub fn of(authority: Authority) -> Cluster {
        Cluster { authority, places: Arc::default() }
    }

    pub fn credentials(&self, node: NodeId) -> Arc<Credentials> {
        credentials_of(&self.authority, &subject(Role::Node, &format!("node-{node}")), base::now())
    }

    /// Says where a node is.
    pub fn place(&self, node: NodeId, place: SocketAddr) {
        let subject = subject(Role::Node, &format!("node-{node}"));
        self.places.lock().unwrap().insert(node, Address { subject, place: place.to_string() });
    }

    pub fn directory(&self) -> Directory {
        let places = self.places.clone();
        Arc::new(move |node| places.lock().unwrap().get(&node).cloned())
    }

    /// A node that listens at `at` (port 0: anywhere), and is found there.
    pub async fn serve_at(&self, node: NodeId, at: SocketAddr, replicas: Arc<dyn RaftReplicas>) -> Server {
        let socket = TcpListener::bind(at).await.unwrap();
        let services = Services { node, directory: self.directory(), replicas, hub: None };
        let server = Server::start(socket, self.credentials(node), services).unwrap();
        self.place(node, server.address());
        server
    }

    /// A node that serves gateways, and no replicas that matter.
    pub async fn serve_hub(&self, node: NodeId, at: SocketAddr, hub: Hub) -> Server {
        let socket = TcpListener::bind(at).await.unwrap();
        let services =
            Services { node, directory: self.directory(), replicas: Replicas::new(), hub: Some(hub) };
        Server::start(socket, self.credentials(node), services).unwrap()
    }

    pub async fn serve(&self, node: NodeId, replicas: &Arc<Replicas>) -> Server {
        self.serve_at(node, anywhere(), replicas.clone()).await
    }

    /// The other nodes, as `node` reaches them. It is in the directory, though nobody listens there.
    pub fn peers(&self, node: NodeId) -> Peers {
        self.peers_with(node, self.credentials(node))
    }

    pub fn peers_with(&self, node: NodeId, credentials: Arc<Credentials>) -> Peers {
        if (self.directory())(node).is_none() {
            self.place(node, "127.0.0.1:1".parse().unwrap());
        }
        Peers::new(node, credentials, self.directory())
    }
}

pub fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}
