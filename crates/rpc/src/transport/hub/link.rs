//! A gateway's connection to one node: kept up, and made again, after a rest, when it broke.

use super::lines::{Heard, Lines};
use super::message::{Assembler, Frames, HealthAnswer, HealthAsk};
use super::route::{CHANNEL, HEALTH};
use crate::Health;
use crate::transport::connection::{Address, Hello, LinkId, Requests, Tasks, WIRE_VERSION, dial};
use crate::transport::form::decode;
use crate::transport::rest::Rest;
use crate::transport::tls::Credentials;
use futures::stream::unfold;
use http::uri::PathAndQuery;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, timeout};
use tonic::Request;
use tonic_prost::ProstCodec;

/// How often a node is asked how its shards are, and how long it has to say so.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// How the connection is.
#[derive(Clone)]
pub(super) enum Status {
    /// The first one is being made.
    Beginning,
    Open(Arc<Lines>),
    /// It broke, and why; another one is made.
    Down(Arc<str>),
}

pub(super) struct Link {
    pub(super) address: Address,
    pub(super) credentials: Arc<Credentials>,
    pub(super) boot: u64,
    pub(super) status: watch::Sender<Status>,
    /// What the node said last; `None` while it is not reached.
    pub(super) health: Mutex<Option<Health>>,
    pub(super) heard: Arc<Heard>,
    pub(super) tasks: Tasks,
}

impl Link {
    /// The channel, or why there is none. Waits for the first connection only.
    pub(super) async fn lines(&self) -> Result<Arc<Lines>, Arc<str>> {
        let mut status = self.status.subscribe();
        let status = status.wait_for(|status| !matches!(status, Status::Beginning)).await;
        match status.as_deref() {
            Ok(Status::Open(lines)) => Ok(lines.clone()),
            Ok(Status::Down(reason)) => Err(reason.clone()),
            Ok(Status::Beginning) | Err(_) => Err("this gateway is stopping".into()),
        }
    }

    /// Keeps the connection up until it is cancelled.
    pub(super) async fn run(self: Arc<Link>) {
        let _stopped = Stopped(&self);
        let (mut rest, mut last) = (Rest::default(), String::new());
        for number in 1.. {
            let begun = Instant::now();
            let reason = self.hold(number).await;
            // While a node is away the same reason comes again and again.
            if reason != last {
                let Address { subject, place } = &self.address;
                tracing::warn!(node = %subject, place, reason, "a node cannot be reached");
                last.clone_from(&reason);
            }
            self.status.send_replace(Status::Down(reason.into()));
            sleep(rest.after(begun.elapsed())).await;
        }
    }

    async fn hold(&self, number: u64) -> String {
        let hello =
            Hello { version: WIRE_VERSION, from: None, to: None, link: LinkId { boot: self.boot, number } };
        let (requests, mut standing) = match dial(&self.credentials, &self.address, hello, &self.tasks).await
        {
            Ok(connection) => connection,
            Err(error) => return error.to_string(),
        };
        let reason = "this gateway is stopping".to_owned();
        let mut breaking = Breaking { link: self, lines: Arc::new(Lines::new(self.heard.clone())), reason };
        breaking.reason = tokio::select! {
            reason = &mut standing => reason,
            reason = self.carry(&requests, &breaking.lines) => reason,
            reason = self.watch(&requests) => reason,
        };
        breaking.reason.clone()
    }

    /// Carries frames both ways.
    async fn carry(&self, requests: &Requests, lines: &Arc<Lines>) -> String {
        let sending = unfold(lines.outbox.clone(), async |outbox: Arc<super::outbox::Outbox>| {
            loop {
                outbox.ready().await?;
                if let Some(frames) = outbox.batch() {
                    return Some((frames, outbox));
                }
            }
        });
        let mut grpc = requests.grpc();
        if let Err(error) = grpc.ready().await {
            return error.to_string();
        }
        let codec = ProstCodec::<Frames, Frames>::default();
        let opened = grpc.streaming(Request::new(sending), PathAndQuery::from_static(CHANNEL), codec).await;
        let mut incoming = match opened {
            Ok(response) => response.into_inner(),
            Err(status) => return status.message().to_owned(),
        };
        self.status.send_replace(Status::Open(lines.clone()));
        // The node keeps no notices for a gateway that is away. From here on it gets them all.
        self.heard.missed();
        let mut assembler = Assembler::default();
        loop {
            match incoming.message().await {
                Ok(Some(frames)) => {
                    if let Err(error) = lines.take(&mut assembler, frames) {
                        return error.to_string();
                    }
                }
                Ok(None) => return "the node ended the channel".to_owned(),
                Err(status) => return status.message().to_owned(),
            }
        }
    }

    /// What the node said of its shards. A newer release may know more states: then nothing is known, and requests go on.
    fn told(&self, answer: &HealthAnswer) -> Option<Health> {
        let told = decode(&answer.health);
        if let Err(error) = &told {
            tracing::debug!(node = %self.address.subject, %error, "a node's health does not read");
        }
        told.ok()
    }

    /// Asks again and again how the shards are. Ends only if the node cannot be asked.
    async fn watch(&self, requests: &Requests) -> String {
        let mut ticks = interval(HEALTH_EVERY);
        loop {
            ticks.tick().await;
            match timeout(HEALTH_EVERY, ask(requests)).await {
                Ok(Ok(answer)) => *self.health.lock() = self.told(&answer),
                Ok(Err(reason)) => return reason,
                // The connection's own pings decide whether it is gone.
                Err(_) => *self.health.lock() = None,
            }
        }
    }
}

async fn ask(requests: &Requests) -> Result<HealthAnswer, String> {
    let mut grpc = requests.grpc();
    grpc.ready().await.map_err(|error| error.to_string())?;
    let codec = ProstCodec::<HealthAsk, HealthAnswer>::default();
    let answer = grpc.unary(Request::new(HealthAsk {}), PathAndQuery::from_static(HEALTH), codec).await;
    answer.map(tonic::Response::into_inner).map_err(|status| status.message().to_owned())
}

/// Ends a channel, also when its task is cancelled. The status goes first: nobody shall find a channel that has ended.
struct Breaking<'l> {
    link: &'l Link,
    lines: Arc<Lines>,
    reason: String,
}

impl Drop for Breaking<'_> {
    fn drop(&mut self) {
        self.link.status.send_replace(Status::Down(self.reason.as_str().into()));
        *self.link.health.lock() = None;
        self.lines.end();
    }
}

struct Stopped<'l>(&'l Link);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.status.send_replace(Status::Down("this gateway is stopping".into()));
    }
}
