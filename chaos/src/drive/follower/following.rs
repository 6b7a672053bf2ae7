//! A document that is followed, and the edits of it that have no answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use client::{EditError, Event, Events};
use tokio::time::{Instant, sleep_until, timeout};

use crate::drive::places::Paper;
use crate::history::OperationId;

/// A document that is followed.
pub struct Following {
    /// Which.
    pub paper: Arc<Paper>,
    /// The copy.
    pub copy: Arc<client::Document>,
    /// What happens to it.
    pub events: Events,
    /// Since when there is no socket.
    pub offline: Option<Instant>,
    /// The edit that is under way.
    pub edit: Option<Open>,
    /// Edits that were given up, and may still be answered.
    pub late: Vec<Reply>,
}

/// The answer to an edit, whenever it comes.
pub type Reply = Pin<Box<dyn Future<Output = Result<u64, EditError>> + Send>>;

/// An edit without an answer.
pub struct Open {
    /// In the history.
    pub op: OperationId,
    /// Its answer.
    pub reply: Reply,
    /// When it is given up.
    pub deadline: Instant,
}

/// What happened first.
pub enum Next {
    /// Something happened to the document; nothing, when it is not followed any more.
    Heard(Option<Event>),
    /// The edit was answered.
    Answered(Result<u64, EditError>),
    /// The edit took too long.
    Late,
}

impl Following {
    /// Lets go of late edits that have been answered after all.
    pub async fn forget_answered(&mut self) {
        let mut waiting = vec![];
        for mut reply in self.late.drain(..) {
            if timeout(Duration::ZERO, &mut reply).await.is_err() {
                waiting.push(reply);
            }
        }
        self.late = waiting;
    }

    /// What happens next. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Next {
        let Some(open) = &mut self.edit else { return Next::Heard(self.events.next().await) };
        tokio::select! {
            answer = &mut open.reply => Next::Answered(answer),
            event = self.events.next() => Next::Heard(event),
            () = sleep_until(open.deadline) => Next::Late,
        }
    }
}
