//! `Client`: a hub, and who one is there.

use crate::document::Document;
use crate::error::{BadUrl, Ended};
use base::DocId;
use std::sync::Arc;

/// A hub. Cheap to clone; documents are followed each on a socket of its own.
#[derive(Clone)]
pub struct Client {
    address: Arc<Address>,
}

/// Where and as whom to connect.
pub(crate) struct Address {
    /// `ws://host:port` or `wss://host`, without a slash at its end.
    base: String,
    token: Box<dyn Fn() -> String + Send + Sync>,
}

/// How a document is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether updates carry the raw changes, for a client that has a CRDT library after all.
    pub changes: bool,
}

impl Client {
    /// A hub at `http://host:port` or `https://host`, and an access token for it. Nothing is connected yet. Behind `https` its
    /// certificate has to be one that this machine trusts; `SSL_CERT_FILE` names a file of other authorities.
    pub fn new(url: &str, token: impl Into<String>) -> Result<Client, BadUrl> {
        let token = token.into();
        Client::with_tokens(url, move || token.clone())
    }

    /// The same with a token that is asked for at every connection: for tokens that are renewed.
    pub fn with_tokens(
        url: &str,
        token: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Client, BadUrl> {
        Ok(Client { address: Arc::new(Address { base: socket_url(url)?, token: Box::new(token) }) })
    }

    /// Follows a document. Ready with the first snapshot; while the hub cannot be reached, it waits.
    pub async fn follow(&self, id: DocId) -> Result<Document, Ended> {
        self.follow_with(id, Options::default()).await
    }

    /// Follows a document in another way than the usual one.
    pub async fn follow_with(&self, id: DocId, options: Options) -> Result<Document, Ended> {
        Document::open(self.address.clone(), id, options).await
    }
}

impl Address {
    pub fn socket(&self, id: DocId) -> String {
        format!("{}/documents/{id}/sync", self.base)
    }

    pub fn token(&self) -> String {
        (self.token)()
    }
}

fn socket_url(url: &str) -> Result<String, BadUrl> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    match scheme {
        "http" | "ws" => Ok(format!("ws://{}", rest.trim_end_matches('/'))),
        "https" | "wss" => Ok(format!("wss://{}", rest.trim_end_matches('/'))),
        _ => Err(BadUrl::Scheme { url: url.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_hubs_are_taken_and_others_named() {
        assert_eq!(socket_url("http://127.0.0.1:8080/").as_deref(), Ok("ws://127.0.0.1:8080"));
        assert_eq!(socket_url("ws://hub/api/v1").as_deref(), Ok("ws://hub/api/v1"));
        assert_eq!(socket_url("https://hub/").as_deref(), Ok("wss://hub"));
        assert!(matches!(socket_url("127.0.0.1:8080"), Err(BadUrl::Scheme { .. })));
    }
}
