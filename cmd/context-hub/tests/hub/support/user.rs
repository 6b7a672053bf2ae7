//! Somebody who speaks to a hub.

use super::ask::{Ask, Wire};
use serde_json::{Value, json};
use std::sync::Arc;

/// The tenant that most tests are about.
pub const TENANT: &str = "acme";

/// The bearer of a token, or of none.
#[derive(Clone)]
pub struct User {
    wire: Arc<Wire>,
    token: Option<String>,
}

impl User {
    /// Whoever holds this token.
    pub fn new(wire: Arc<Wire>, token: Option<String>) -> User {
        User { wire, token }
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("this one has a token")
    }

    /// A request of any kind.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let ask = Ask::new(self.wire.clone(), method, path);
        match &self.token {
            Some(token) => ask.header("authorization", &format!("Bearer {token}")),
            None => ask,
        }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    /// `POST /documents`.
    pub fn post(&self, body: &Value) -> Ask {
        self.ask("POST", "/documents").json(body)
    }

    /// `PUT`.
    pub fn put(&self, path: &str, body: &Value) -> Ask {
        self.ask("PUT", path).json(body)
    }

    /// `PATCH` at a version.
    pub fn patch(&self, path: &str, version: u64, ops: &Value) -> Ask {
        self.ask("PATCH", path).json(&json!({ "version": version, "ops": ops }))
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Ask {
        self.ask("DELETE", path)
    }

    /// `POST …/share`.
    pub fn share(&self, path: &str, principal: &str, level: &str) -> Ask {
        let body = json!({ "principal": principal, "access_level": level });
        self.ask("POST", &format!("{path}/share")).json(&body)
    }

    /// Makes a text, and gives its path.
    pub async fn text(&self, content: &str) -> String {
        self.make("Text", json!(content)).await
    }

    /// Makes a JSON document, and gives its path.
    pub async fn object(&self, content: Value) -> String {
        self.make("Json", content).await
    }

    async fn make(&self, doc_type: &str, content: Value) -> String {
        let body = json!({ "name": "notes", "doc_type": doc_type, "content": content });
        let made = self.post(&body).send().await;
        made.json(201);
        made.header("location").to_owned()
    }

    /// A document that this user can read.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).send().await.json(200)
    }

    /// Its content.
    pub async fn content(&self, path: &str) -> Value {
        self.read(path).await["content"].take()
    }

    /// Replaces its content at a version.
    pub async fn replace(&self, path: &str, version: u64, content: Value) -> Value {
        self.put(path, &json!({ "version": version, "content": content })).send().await.json(200)
    }

    /// Edits it at a version.
    pub async fn edit(&self, path: &str, version: u64, ops: Value) -> Value {
        self.patch(path, version, &ops).send().await.json(200)
    }

    /// Grants access, or takes it away.
    pub async fn grant(&self, path: &str, principal: &str, level: &str) -> Value {
        self.share(path, principal, level).send().await.json(200)
    }
}
