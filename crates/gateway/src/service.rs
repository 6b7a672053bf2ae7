//! A request's way: find its route, learn who asks, let it in, answer.
//!
//! Two kinds of requests are answered without waiting: those that everyone may ask (probes, keys), and a read of a
//! document whose newest state is at hand. They are over before the next one begins, so they are answered even when the
//! gateway is full. All others pass the gate and go on as a future of their own.

use crate::app::App;
use crate::coding::{self, Coding, Plan, Wanted};
use crate::cors;
use crate::exchange::Exchange;
use crate::gate::Pass;
use crate::handlers::{self, Call, Target};
use crate::outgoing::no_room;
use crate::patch::ACCEPT_PATCH;
use crate::problem::{Kind, Problem};
use crate::request::{accept, prefer};
use crate::respond::{self, Answer, Outcome};
use crate::router::{self, Guarded, Resource, Verb};
use crate::server::{Activity, Start};
use crate::socket::{self, Upgrade};
use crate::sync;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderMap, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, StatusCode};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How soon a client should ask again when the gateway is full.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The gateway as one connection sees it.
#[derive(Clone)]
pub(crate) struct Face {
    pub app: Arc<App>,
    pub activity: Arc<Activity>,
    /// Where a request leaves what its connection becomes.
    pub upgrade: Arc<Mutex<Option<Upgrade>>>,
}

impl Face {
    /// The reply to a request that needed no handler. Where its answer is encoded for long, it goes on after all, if there
    /// is a place for it: a gateway that is full sends it as it is.
    fn finish(&self, exchange: Exchange, mut answer: Answer) -> Reply {
        match exchange.wanted.plan(&mut answer) {
            Plan::Keep => {}
            Plan::Here(coding) => answer = coding::encode(coding, &exchange.wanted, answer),
            Plan::Aside(coding) => {
                if let Some(pass) = self.app.gate.enter() {
                    let (app, busy) = (self.app.clone(), self.activity.busy());
                    return Reply::Later(Box::pin(async move {
                        let outcome = encoded_aside(coding, &exchange.wanted, answer).await;
                        let answer = exchange.end(&app, outcome);
                        drop((pass, busy));
                        Ok(answer)
                    }));
                }
            }
        }
        Reply::now(exchange.end(&self.app, Ok(answer)))
    }

    /// Lets the connection become a socket once the answer is sent. `name` is what varies in its path.
    fn become_socket(&self, kind: router::Socket, name: Box<str>, mut request: Request<Incoming>) -> Outcome {
        let (answer, on) = socket::accept(&mut request)?;
        let start = match kind {
            router::Socket::Follow => Start::Follow(name),
            router::Socket::Sync => Start::Sync(sync::credential(&self.app, &request, base::now())),
        };
        *self.upgrade.lock() = Some(Upgrade { on, start });
        Ok(answer)
    }
}

/// How far a request comes without waiting.
enum Step {
    /// To its end.
    Done(Answer),
    /// To its handler.
    Handle { verb: Guarded, call: Box<Call>, pass: Pass },
}

impl Service<Request<Incoming>> for Face {
    type Response = Answer;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        let mut exchange = Exchange::begin(&self.app, &request);
        match step(self, &mut exchange, request) {
            Ok(Step::Done(answer)) => self.finish(exchange, answer),
            Err(problem) => Reply::now(exchange.end(&self.app, Err(problem))),
            Ok(Step::Handle { verb, call, pass }) => {
                let (app, busy) = (self.app.clone(), self.activity.busy());
                Reply::Later(Box::pin(async move {
                    let outcome = match handlers::run(&app, verb, *call).await {
                        Ok(answer) => encoded(answer, &exchange.wanted).await,
                        Err(problem) => Err(problem),
                    };
                    let answer = exchange.end(&app, outcome);
                    drop((pass, busy));
                    Ok(answer)
                }))
            }
        }
    }
}

/// The answer as the client wants it.
async fn encoded(mut answer: Answer, wanted: &Wanted) -> Outcome {
    match wanted.plan(&mut answer) {
        Plan::Keep => Ok(answer),
        Plan::Here(coding) => Ok(coding::encode(coding, wanted, answer)),
        Plan::Aside(coding) => encoded_aside(coding, wanted, answer).await,
    }
}

/// The same on a thread where nobody waits behind it.
async fn encoded_aside(coding: Coding, wanted: &Wanted, answer: Answer) -> Outcome {
    let wanted = wanted.clone();
    handlers::aside(move || coding::encode(coding, &wanted, answer)).await
}

fn step(face: &Face, exchange: &mut Exchange, request: Request<Incoming>) -> Result<Step, Problem> {
    let app = &*face.app;
    let found = app.router.find(request.uri().path()).ok_or_else(unknown_path)?;
    exchange.resource = Some(found.resource);
    let verb = match found.resource.verb(request.method()) {
        Some(Verb::Open(verb)) => {
            return handlers::open(app, verb, found.name, request.headers()).map(Step::Done);
        }
        Some(Verb::Guarded(verb)) => verb,
        Some(Verb::Socket(kind)) => {
            let name = found.name.unwrap_or_default().into();
            return face.become_socket(kind, name, request).map(Step::Done);
        }
        None => return other_method(found.resource, &request).map(Step::Done),
    };
    let verified = exchange.caller.insert(app.authenticate(request.headers())?);
    accepts(verb, request.headers())?;
    if verb == Guarded::Read
        && let Some(outcome) = handlers::read::at_once(app, &verified.caller, found.name, &request)
    {
        return outcome.map(Step::Done);
    }
    // Before it is done: its answer could not be refused.
    let is_silent = || prefer::wants_minimal(request.headers());
    if !request.method().is_safe() && app.outgoing.is_over(&verified.caller) && !is_silent() {
        return Err(no_room());
    }
    let pass = app.gate.enter().ok_or_else(|| full(app))?;
    let caller = verified.clone();
    let target = Target::of(found, request.uri().path());
    let (parts, body) = request.into_parts();
    Ok(Step::Handle {
        verb,
        call: Box::new(Call {
            caller,
            target,
            parts,
            body,
            room: app.bodies.pass(),
            connection: face.activity.clone(),
        }),
        pass,
    })
}

fn unknown_path() -> Problem {
    Problem::new(Kind::UnknownPath, "nothing lives at this path; GET / says what there is")
}

/// Refuses what cannot be answered in a form that the client takes, before anything is done.
fn accepts(verb: Guarded, headers: &HeaderMap) -> Result<(), Problem> {
    let offered = verb.offers();
    if offered.is_empty() || accept::media(headers, offered).is_some() {
        return Ok(());
    }
    let detail = format!("Accept rules out {}, which is all that there is here", offered.join(", "));
    Err(Problem::new(Kind::NotAcceptable, detail).with("offered", offered))
}

/// `OPTIONS` says what a path takes, and a page of another origin what it may send; another method that the path does not
/// take is refused, and told the same.
fn other_method<B>(resource: Resource, request: &Request<B>) -> Outcome {
    let allow = HeaderValue::try_from(resource.allow()).expect("methods are visible ASCII");
    if request.method() == Method::OPTIONS {
        let mut answer = respond::empty(StatusCode::NO_CONTENT);
        if cors::is_preflight(request.headers()) {
            cors::answer_preflight(allow.clone(), answer.headers_mut());
        }
        answer.headers_mut().insert(ALLOW, allow);
        if let Some(forms) = resource.patches() {
            answer.headers_mut().insert(ACCEPT_PATCH, HeaderValue::from_static(forms));
        }
        return Ok(answer);
    }
    let detail = format!("{} takes {}", resource.template(), resource.allow());
    Err(Problem::new(Kind::MethodNotAllowed, detail).header(ALLOW, allow))
}

/// The gateway works on as much as it may.
pub(crate) fn full(app: &App) -> Problem {
    let what = "the number of requests that a gateway works on at once";
    Problem::limit(Kind::TooManyInFlight, what, app.gate.limit(), None).retry_after(FULL_RETRY)
}

/// An answer that is there, or on its way. The first needs no allocation.
pub(crate) enum Reply {
    /// Taken at the first poll.
    Now(Option<Answer>),
    /// A handler at work.
    Later(Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>),
}

impl Reply {
    fn now(answer: Answer) -> Reply {
        Reply::Now(Some(answer))
    }
}

impl Future for Reply {
    type Output = Result<Answer, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Reply::Now(answer) => {
                Poll::Ready(Ok(answer.take().expect("a future is polled once after it is ready")))
            }
            Reply::Later(handler) => handler.as_mut().poll(context),
        }
    }
}
