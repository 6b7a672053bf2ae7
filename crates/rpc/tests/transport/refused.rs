//! Who is not let in, and what the log says of it on both sides.

use crate::cluster::{Cluster, credentials_of, subject};
use crate::replicas::Replicas;
use base::{NodeId, ShardId, Timestamp};
use bytes::Bytes;
use rpc::transport::tls::{Authority, Credentials, Role};
use rpc::{Lane, PeerError, RaftPeers};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

const US: NodeId = NodeId(1);
const THEM: NodeId = NodeId(2);
const YEARS_MS: u64 = 3 * 365 * 24 * 60 * 60 * 1_000;

/// What is logged on this thread, on which all tasks of a test run.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn begin() -> (Log, DefaultGuard) {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn lines(&self, with: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(with)).map(str::to_owned).collect()
    }

    async fn line(&self, with: &str) -> String {
        for _ in 0..500 {
            if let Some(line) = self.lines(with).pop() {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing logged with {with:?}: {:?}", self.lines(""));
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Log;

    fn make_writer(&'w self) -> Log {
        self.clone()
    }
}

/// Calls with these credentials, and gives what came of it.
async fn call_with(cluster: &Cluster, credentials: Arc<Credentials>) -> PeerError {
    let replicas = Replicas::new();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers_with(US, credentials);
    let answer =
        peers.peer(THEM).call(Lane::Appends, ShardId(1), Bytes::new(), Duration::from_secs(10)).await;
    assert_eq!(replicas.count(), 0);
    peers.close().await;
    server.close().await;
    answer.unwrap_err()
}

#[tokio::test]
async fn a_stranger_of_another_authority() {
    let (log, _guard) = Log::begin();
    let cluster = Cluster::new();
    let stranger = Authority::make(base::now()).unwrap();
    let credentials = credentials_of(&stranger, &subject(Role::Node, "node-1"), base::now());
    let error = call_with(&cluster, credentials).await;
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    // Here nobody got as far as showing a certificate; the other side was told why.
    let ours = log.line("expected=").await;
    assert!(
        ours.contains("certificate=node-2.shard.context-hub") && ours.contains("UnknownIssuer"),
        "{ours}"
    );
    let theirs = log.line("listener").await;
    assert!(theirs.contains("address=127.0.0.1:") && theirs.contains("UnknownCA"), "{theirs}");
}

/// A connection is good for no longer than what its peer has shown.
#[tokio::test]
async fn a_peer_whose_certificate_ends() {
    let (cluster, replicas) = (Cluster::new(), Replicas::new());
    let issued = cluster.authority.issue(&subject(Role::Node, "node-1"), base::now(), Duration::from_secs(3));
    let issued = issued.unwrap();
    let authority = cluster.authority.certificate_pem();
    let credentials =
        Credentials::from_pem(authority, &issued.certificate_pem, &issued.key_pem, base::now()).unwrap();
    let server = cluster.serve(THEM, &replicas).await;
    let peers = cluster.peers_with(US, Arc::new(credentials));
    let call = || peers.peer(THEM).call(Lane::Appends, ShardId(1), Bytes::new(), Duration::from_secs(8));
    assert_eq!(call().await, Ok(Bytes::new()));
    replicas.gate.send_replace(usize::MAX);
    let ended = call().await.unwrap_err();
    assert!(matches!(ended, PeerError::Unreachable { .. }), "{ended}");
    peers.close().await;
    server.close().await;
}

/// They hold no room that somebody else needs.
#[tokio::test]
async fn strangers_that_say_nothing() {
    let (cluster, replicas) = (Cluster::new(), Replicas::new());
    let server = cluster.serve(THEM, &replicas).await;
    let mut strangers = Vec::new();
    for _ in 0..300 {
        strangers.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // The first has to go, long before its time to prove itself is over.
    let mut nothing = [0];
    let gone = tokio::time::timeout(Duration::from_secs(1), strangers[0].read(&mut nothing));
    assert!(matches!(gone.await, Ok(Ok(0) | Err(_))));
    let peers = cluster.peers(US);
    let answer =
        peers.peer(THEM).call(Lane::Appends, ShardId(1), Bytes::new(), Duration::from_secs(10)).await;
    assert_eq!(answer, Ok(Bytes::new()));
    peers.close().await;
    server.close().await;
}

#[tokio::test]
async fn an_expired_certificate() {
    let (log, _guard) = Log::begin();
    let old = Timestamp(base::now().0 - YEARS_MS);
    // The authority is as old, and still good; the certificate was for a day.
    let cluster = Cluster::of(Authority::make(old).unwrap());
    let credentials = credentials_of(&cluster.authority, &subject(Role::Node, "node-1"), old);
    let error = call_with(&cluster, credentials).await;
    assert!(error.to_string().contains("CertificateExpired"), "{error}");
    let theirs = log.line("listener").await;
    assert!(theirs.contains("certificate=node-1.shard.context-hub"), "{theirs}");
    assert!(theirs.contains("address=127.0.0.1:") && theirs.contains("expired"), "{theirs}");
    let ours = log.line("a node cannot be reached").await;
    assert!(ours.contains("WARN") && ours.contains("CertificateExpired"), "{ours}");
}

#[tokio::test]
async fn a_gateway_that_speaks_raft() {
    let (log, _guard) = Log::begin();
    let cluster = Cluster::new();
    let gateway = credentials_of(&cluster.authority, &subject(Role::Gateway, "node-1"), base::now());
    let error = call_with(&cluster, gateway).await;
    assert!(error.to_string().contains("is not a node"), "{error}");
    let theirs = log.line("a call was refused").await;
    assert!(theirs.contains("certificate=node-1.gateway.context-hub"), "{theirs}");
}

#[tokio::test]
async fn a_node_that_says_it_is_another() {
    let (log, _guard) = Log::begin();
    let cluster = Cluster::new();
    let other = credentials_of(&cluster.authority, &subject(Role::Node, "node-9"), base::now());
    let error = call_with(&cluster, other).await;
    assert!(error.to_string().contains("node 1 is node-1.shard.context-hub, not node-9.shard"), "{error}");
    log.line("a call was refused").await;
}

/// A hello of TLS 1.2, byte by byte: what ships cannot make one.
#[tokio::test]
async fn tls_1_2() {
    let (log, _guard) = Log::begin();
    let cluster = Cluster::new();
    let server = cluster.serve(THEM, &Replicas::new()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    // No session; ECDHE-ECDSA with AES-128-GCM; no compression; P-256, its points, and ECDSA with SHA-256.
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3];
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    let mut record = vec![22, 3, 1];
    record.extend((hello.len() as u16 + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend((hello.len() as u16).to_be_bytes());
    record.extend(hello);
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    // A fatal alert: protocol version.
    assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]));
    let theirs = log.line("listener").await;
    assert!(theirs.contains("address=127.0.0.1:"), "{theirs}");
    server.close().await;
}
