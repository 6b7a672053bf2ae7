//! What operators and their machines ask of a node, in plain HTTP: `/livez`, `/readyz`, `/metrics`; and what drills ask:
//! `/leads`, which shards it leads, and `/digests`, what the states of its shards hash to. No content is told.

use crate::node;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use shard::{NodeService, ShardDigest};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once; the next ones wait.
const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait when the system gives no more sockets.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Whether the node is ready, and what to show of it.
pub type Readiness = Arc<dyn Fn() -> (bool, Value) + Send + Sync>;

/// The node, once it is open.
pub type Opening = Arc<dyn Fn() -> Option<NodeService> + Send + Sync>;

/// The listener, and the task that owns its connections.
pub struct Ops {
    addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Ops {
    /// Listens.
    pub async fn start(
        addr: SocketAddr,
        ready: Readiness,
        node: Opening,
        prometheus: PrometheusHandle,
    ) -> std::io::Result<Ops> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let face = Arc::new(Face { ready, node, prometheus });
        Ok(Ops { addr, stop: stop.clone(), task: tokio::spawn(accept(listener, face, stop)) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends all connections, and waits for that.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that answers operators failed");
        }
    }
}

async fn accept(listener: TcpListener, face: Arc<Face>, stop: CancellationToken) {
    let (connections, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let accepting = async {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (face, stop) = (face.clone(), stop.clone());
                    connections.spawn(async move {
                        stop.run_until_cancelled(serve(stream, face)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection of an operator could not be taken");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    connections.close();
    connections.wait().await;
}

async fn serve(stream: TcpStream, face: Arc<Face>) {
    let answer = service_fn(move |request| {
        let face = face.clone();
        async move { Ok::<_, Infallible>(face.answer(&request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection of an operator ended");
    }
}

struct Face {
    ready: Readiness,
    node: Opening,
    prometheus: PrometheusHandle,
}

impl Face {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n".into());
        }
        match request.uri().path() {
            "/livez" => text(StatusCode::OK, "ok\n".into()),
            "/readyz" => {
                let (ready, shown) = (self.ready)();
                let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                typed(status, "application/json", shown.to_string())
            }
            "/metrics" => typed(StatusCode::OK, "text/plain; version=0.0.4", self.prometheus.render()),
            "/leads" => self.leads(),
            "/digests" => self.digests().await,
            _ => text(
                StatusCode::NOT_FOUND,
                "there are /livez, /readyz, /metrics, /leads and /digests\n".into(),
            ),
        }
    }

    fn leads(&self) -> Response<Full<Bytes>> {
        let led = (self.node)().map(|node| node.led()).unwrap_or_default();
        let leads: Vec<_> = led.iter().map(|led| json!({"shard": led.shard.0, "term": led.term})).collect();
        typed(StatusCode::OK, "application/json", json!({ "leads": leads }).to_string())
    }

    /// Reads all that the node has; those who ask wait for each other, and one who goes away is not answered.
    async fn digests(&self) -> Response<Full<Bytes>> {
        let Some(node) = (self.node)() else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the node is not open yet\n".into());
        };
        match node.digests().await {
            Ok(digests) => {
                let shown = |it: &ShardDigest| json!({"shard": it.shard.0, "index": it.index, "hash": it.hash.to_string()});
                let digests: Vec<_> = digests.iter().map(shown).collect();
                typed(StatusCode::OK, "application/json", json!({ "digests": digests }).to_string())
            }
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", node::chained(&error))),
        }
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", body)
}

fn typed(status: StatusCode, media: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(media));
    response
}
