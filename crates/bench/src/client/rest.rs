//! The hub's REST face, as far as benchmarks speak it.

use super::{CallError, Connection, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use thiserror::Error;

/// A document as the hub tells it.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// Its content; text documents only.
    pub content: String,
}

/// Why a request did not do what was asked.
#[derive(Debug, Error)]
pub enum RestError {
    /// There was no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The hub refused.
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused {
        /// What was asked.
        method: String,
        /// Of what.
        path: String,
        /// The status.
        status: u16,
        /// What the hub says about it.
        body: String,
    },
    /// The answer is not a document.
    #[error("the answer is not a text document")]
    NotADocument(#[from] serde_json::Error),
}

/// One user's connection to a hub.
#[derive(Debug)]
pub struct Rest {
    connection: Connection,
    token: String,
}

impl Rest {
    /// Connects as the bearer of a token.
    pub async fn open(addr: SocketAddr, token: impl Into<String>) -> Result<Rest, CallError> {
        Ok(Rest { connection: Connection::open(addr).await?, token: token.into() })
    }

    /// Creates a text document.
    pub async fn create(&mut self, name: &str, content: &str) -> Result<Document, RestError> {
        let body = json!({ "name": name, "doc_type": "Text", "content": content });
        self.document("POST", "/documents", Some(body)).await
    }

    /// Reads a document as it is now.
    pub async fn get(&mut self, id: &str) -> Result<Document, RestError> {
        self.document("GET", &format!("/documents/{id}"), None).await
    }

    /// Applies operations made at a version; positions count `unit`s.
    pub async fn patch(
        &mut self,
        id: &str,
        version: u64,
        unit: &str,
        ops: &Value,
    ) -> Result<Document, RestError> {
        let body = json!({ "version": version, "unit": unit, "ops": ops });
        self.document("PATCH", &format!("/documents/{id}"), Some(body)).await
    }

    /// Replaces the content, as edited at a version.
    pub async fn put(&mut self, id: &str, version: u64, content: &str) -> Result<Document, RestError> {
        let body = json!({ "version": version, "content": content });
        self.document("PUT", &format!("/documents/{id}"), Some(body)).await
    }

    /// Lets another user read a document.
    pub async fn share(&mut self, id: &str, user: &str) -> Result<(), RestError> {
        let body = json!({ "principal": user, "access_level": "read" });
        self.call("POST", &format!("/documents/{id}/share"), Some(body)).await.map(drop)
    }

    /// Sends a request that is already encoded; whoever encoded it knows what answer to expect.
    pub async fn raw(&mut self, request: &[u8]) -> Result<Response<'_>, CallError> {
        self.connection.call(request).await
    }

    async fn document(
        &mut self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Document, RestError> {
        let response = self.call(method, path, body).await?;
        Ok(serde_json::from_slice(response.body)?)
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Response<'_>, RestError> {
        let body = body.map(|body| body.to_string());
        let token = Some(self.token.as_str());
        let request = Request { method, path, token, body: body.as_deref().map(str::as_bytes) }.encode();
        let response = self.connection.call(&request).await?;
        match response.status {
            200..300 => Ok(response),
            status => Err(RestError::Refused {
                method: method.to_owned(),
                path: path.to_owned(),
                status,
                body: String::from_utf8_lossy(response.body).into_owned(),
            }),
        }
    }
}
