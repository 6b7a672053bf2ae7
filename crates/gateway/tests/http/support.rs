//! A hub for a test, and a client for it: `hub.get("/documents").user("ada").send().await`.

use crate::model::Model;
use crate::relay::Relay;
use base::{TenantId, Timestamp, UserId};
use bytes::Bytes;
use gateway::auth::{Claims, Issuer, SigningKey, Verifier};
use gateway::{Config, Gateway, Services, StartError};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rpc::{SharedLive, SharedShards, SharedTickets};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

// One key and one recorder serve all tests of a process.
static ISSUER: LazyLock<Arc<Issuer>> =
    LazyLock::new(|| Arc::new(Issuer::new(SigningKey::generate().unwrap())));
static METRICS: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

pub struct Hub {
    gateway: Gateway,
    pub model: Arc<Model>,
    pub relay: Arc<Relay>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Hub {
    pub async fn start() -> Hub {
        Hub::start_with(|_| {}).await
    }

    pub async fn start_with(set: impl FnOnce(&mut Config)) -> Hub {
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        set(&mut config);
        Hub::start_as(config).await.unwrap()
    }

    pub async fn start_as(config: Config) -> Result<Hub, StartError> {
        let model = Arc::new(Model::default());
        let relay = Arc::new(Relay::default());
        let services = services(model.clone(), relay.clone());
        Hub::start_of(config, services, model, relay).await
    }

    /// One whose services come to the model and the relay in the end.
    pub async fn start_of(
        config: Config,
        services: Services,
        model: Arc<Model>,
        relay: Arc<Relay>,
    ) -> Result<Hub, StartError> {
        let gateway = gateway::start(config, services, METRICS.clone()).await?;
        Ok(Hub { gateway, model, relay, client: Client::builder(TokioExecutor::new()).build_http() })
    }

    pub fn addr(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    pub async fn stop(self) {
        drop(self.client);
        self.gateway.stop().await;
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let url = format!("http://{}{path}", self.gateway.local_addr());
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = url.parse().unwrap();
        Ask { client: &self.client, request }
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    /// Makes a document of `user` and returns its path.
    pub async fn create(&self, user: &str, body: Value) -> String {
        let made = self.ask("POST", "/documents").user(user).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        made.header("location").to_owned()
    }

    /// Makes a text of Ada's and returns its path.
    pub async fn text(&self, content: &str) -> String {
        self.create("ada", serde_json::json!({"name": "n", "doc_type": "Text", "content": content})).await
    }
}

/// What a gateway in front of these works with.
pub fn services(model: Arc<Model>, relay: Arc<Relay>) -> Services {
    services_of(model, relay.clone(), relay)
}

/// What a gateway in front of anything works with.
pub fn services_of(shards: SharedShards, live: SharedLive, tickets: SharedTickets) -> Services {
    let verifier = Verifier::from_keys([ISSUER.key().public().clone()]);
    Services { shards, live, tickets, verifier, issuer: ISSUER.clone() }
}

pub fn token(tenant: &str, user: &str) -> String {
    let (user, tenant) = (UserId::new(user).unwrap(), TenantId::new(tenant).unwrap());
    ISSUER.mint(&Claims { user, tenant, ttl: Duration::from_secs(3_600) }, base::now()).unwrap()
}

/// A token of Ada's that is good for a second or two. What clocks may differ by is taken off.
pub fn ending_token() -> String {
    let (user, tenant) = (UserId::new("ada").unwrap(), TenantId::new("acme").unwrap());
    let made = Timestamp(base::now().0 - 30_000);
    ISSUER.mint(&Claims { user, tenant, ttl: Duration::from_secs(2) }, made).unwrap()
}

pub struct Ask<'a> {
    client: &'a Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
}

impl Ask<'_> {
    pub fn user(self, user: &str) -> Self {
        self.token(&token("acme", user))
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request
            .headers_mut()
            .append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    /// Sends it, for an answer that goes on.
    pub async fn begin(self) -> Response<Incoming> {
        self.client.request(self.request).await.unwrap()
    }

    pub async fn send(self) -> Reply {
        let (parts, body) = self.begin().await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Checks that this is a problem, and gives its members.
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), &problem["type"]),
            (status, &format!("/docs/problems/{slug}").into()),
            "{problem}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_eq!(self.header("cache-control"), "no-store");
        problem
    }
}
