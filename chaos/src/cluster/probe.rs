//! A short look at what a process answers on HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;

use crate::client::{Answer, Ask, Client};
use crate::hub::Address;

/// How long a look may take: one that is frozen or cut off does not answer at all.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is answered there; nothing if there is no answer soon.
pub async fn get(addr: SocketAddr, path: &str) -> Option<Answer> {
    get_within(addr, path, PATIENCE).await
}

/// What is answered there within this time; at most that of one attempt of [`Client`].
pub async fn get_within(addr: SocketAddr, path: &str, patience: Duration) -> Option<Answer> {
    let address = Address { authority: addr.to_string(), token: String::new() };
    let mut client = Client::new(watch::channel(Some(address)).1);
    tokio::time::timeout(patience, client.send(&Ask::get(path))).await.ok()?.ok()
}
