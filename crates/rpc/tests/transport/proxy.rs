//! A wire that can be cut and frozen.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Stands before a server. While it is frozen it takes what TCP takes, and passes nothing on.
pub struct Proxy {
    pub address: SocketAddr,
    frozen: watch::Sender<bool>,
    _running: JoinSet<()>,
}

impl Proxy {
    pub async fn before(server: SocketAddr) -> Proxy {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let frozen = watch::channel(false).0;
        let mut running = JoinSet::new();
        let passing = frozen.clone();
        running.spawn(async move {
            let mut pipes = JoinSet::new();
            while let Ok((near, _)) = socket.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let (near, far) = (near.into_split(), far.into_split());
                pipes.spawn(pass(near.0, far.1, passing.subscribe()));
                pipes.spawn(pass(far.0, near.1, passing.subscribe()));
            }
        });
        Proxy { address, frozen, _running: running }
    }

    pub fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length) = from.read(&mut buffer).await else { return };
        if length == 0 || frozen.wait_for(|frozen| !*frozen).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
