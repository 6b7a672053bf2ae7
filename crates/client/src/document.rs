//! `Document`: the handle of a document that is followed.

use crate::copy::Copy;
use crate::driver::Driver;
use crate::edits::Reply;
use crate::error::{EditError, Ended};
use crate::hub::{Address, Options};
use crate::talk::{SharedCopy, Talk};
use base::{DocId, Level, Op};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use wire::thin::{Presence, Update};

/// Edits that wait until they can be sent.
const ASKS: usize = 64;

/// Words to the others that wait until they can be sent.
const WORDS: usize = 8;

/// Events that a listener may be behind before it misses some.
const EVENTS: usize = 1_024;

/// A document that is followed. Dropping it lets the document go; [`Document::close`] waits until that is done.
pub struct Document {
    id: DocId,
    copy: SharedCopy,
    asks: mpsc::Sender<Ask>,
    words: mpsc::Sender<Value>,
    /// Gone when the task is.
    events: broadcast::WeakSender<Event>,
    /// Changes when the copy does, and at the end.
    state: watch::Receiver<State>,
    task: Option<JoinHandle<Ended>>,
    /// Dropped to let the document go.
    hold: Option<oneshot::Sender<()>>,
}

/// Something that happened to a document.
#[derive(Debug, Clone)]
pub enum Event {
    /// The copy is another one: the first, or one that nothing leads to from the one before.
    Snapshot,
    /// The copy has moved on.
    Update(Arc<Update>),
    /// Somebody else at the document said something.
    Presence(Arc<Presence>),
    /// This client may do more or less than before.
    Access(Level),
    /// The hub is connected and the copy is up to date.
    Online,
    /// The hub cannot be reached. Edits wait; the copy stays.
    Offline {
        /// Why.
        why: String,
    },
}

/// Events of one document, from the moment when they were asked for.
pub struct Events {
    events: broadcast::Receiver<Event>,
}

/// What the handle waits for.
#[derive(Debug, Clone, Default)]
struct State {
    version: Option<u64>,
    ended: Option<Ended>,
}

/// An edit on its way to the task.
pub(crate) struct Ask {
    pub id: String,
    pub version: u64,
    pub ops: Vec<Op>,
    pub reply: Reply,
}

impl Document {
    pub(crate) async fn open(address: Arc<Address>, id: DocId, options: Options) -> Result<Document, Ended> {
        let copy = SharedCopy::default();
        let ((asks, asked), (words, said)) = (mpsc::channel(ASKS), mpsc::channel(WORDS));
        let (all_events, _) = broadcast::channel(EVENTS);
        let events = all_events.downgrade();
        let (states, state) = watch::channel(State::default());
        let (hold, let_go) = oneshot::channel();
        let outlet = Outlet { copy: copy.clone(), events: all_events, state: states, let_go };
        let talk = Talk::new(copy.clone(), options.changes);
        let driver = Driver { address, id, talk, outlet, asked, said };
        let task = Some(tokio::spawn(driver.run()));
        let mut document = Document { id, copy, asks, words, events, state, task, hold: Some(hold) };
        document.wait(|state| state.version.is_some()).await?;
        Ok(document)
    }

    /// Which document.
    pub fn id(&self) -> DocId {
        self.id
    }

    /// Looks at the copy. Nothing moves on while `look` looks.
    pub fn read<T>(&self, look: impl FnOnce(&Copy) -> T) -> T {
        look(self.copy.read().as_ref().expect("a handle is made when the first snapshot is there"))
    }

    /// What happens from now on.
    pub fn events(&self) -> Events {
        // Nothing happens to a document that is not followed any more.
        let over = || broadcast::channel(1).1;
        Events { events: self.events.upgrade().map_or_else(over, |events| events.subscribe()) }
    }

    /// Changes the document by operations on the copy as it is now. Ready when the edit is durable; gives a version
    /// that holds it. An edit survives that the hub cannot be reached for a while.
    ///
    /// An edit that builds on the one before has to see it first: wait until [`Document::reached`] its version, or make
    /// both in one.
    pub async fn edit(&self, ops: Vec<Op>) -> Result<u64, EditError> {
        let version = self.read(|copy| copy.version);
        self.edit_at(version, ops).await
    }

    /// Changes the document by operations on a version that this client has seen.
    pub async fn edit_at(&self, version: u64, ops: Vec<Op>) -> Result<u64, EditError> {
        let (reply, answer) = oneshot::channel();
        let id = uuid::Uuid::new_v4().to_string();
        let sent = self.asks.send(Ask { id, version, ops, reply }).await;
        match (sent, answer.await) {
            (Ok(()), Ok(answer)) => answer,
            _ => Err(EditError::Ended(self.ended().unwrap_or(Ended::LetGo))),
        }
    }

    /// Says something to the others at the document: a cursor, a name. Lost rather than late: it is dropped while
    /// the hub cannot be reached, and when too much waits already.
    pub fn say(&self, data: Value) {
        let _dropped = self.words.try_send(data);
    }

    /// Waits until the copy has reached a version.
    pub async fn reached(&mut self, version: u64) -> Result<(), Ended> {
        self.wait(|state| state.version.is_some_and(|here| here >= version)).await
    }

    /// Why the document is not followed any more, if it is not.
    pub fn ended(&self) -> Option<Ended> {
        self.state.borrow().ended.clone()
    }

    /// Lets the document go, and waits until its socket is closed.
    pub async fn close(mut self) {
        drop(self.hold.take());
        if let Some(task) = self.task.take() {
            let _ended = task.await;
        }
    }

    async fn wait(&mut self, until: impl Fn(&State) -> bool) -> Result<(), Ended> {
        let found = self.state.wait_for(|state| until(state) || state.ended.is_some()).await;
        match found {
            Ok(state) if until(&state) => Ok(()),
            Ok(state) => Err(state.ended.clone().unwrap_or(Ended::LetGo)),
            Err(_) => Err(Ended::LetGo),
        }
    }
}

impl Events {
    /// The next event; `None` when the document is not followed any more. A listener that is too far behind is told of a
    /// snapshot in place of what it missed; updates up to the version that the copy then has may follow.
    pub async fn next(&mut self) -> Option<Event> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.events = self.events.resubscribe();
                Some(Event::Snapshot)
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// What the task tells its handle.
pub(crate) struct Outlet {
    copy: SharedCopy,
    events: broadcast::Sender<Event>,
    state: watch::Sender<State>,
    let_go: oneshot::Receiver<()>,
}

impl Outlet {
    pub fn tell(&self, event: Event) {
        // The copy first: who hears of an update finds it there.
        let version = self.copy.read().as_ref().map(|copy| copy.version);
        self.state.send_if_modified(|state| {
            let moved = version.is_some() && state.version != version;
            state.version = version.or(state.version);
            moved
        });
        let _nobody_listens = self.events.send(event);
    }

    pub fn end(&self, why: &Ended) {
        self.state.send_modify(|state| state.ended = Some(why.clone()));
    }

    /// Ready when the handle is gone. May be asked again after that.
    pub async fn let_go(&mut self) {
        if !self.let_go.is_terminated() {
            let _gone = (&mut self.let_go).await;
        }
    }
}
