//! The queue of a document: everything that wants to change it, from whatever side, becomes one sequence of versions.
//!
//! People before bulk writers: a batch takes of everyone in turn, so that nobody waits for more than a batch.

use super::turns::{Share, Turns};
use crate::live::Upload;
use base::UserId;
use parking_lot::Mutex;
use rpc::{Caller, Refusal, Seen, Write};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Edits that may wait for one document. Uploads are bounded by their sessions.
const QUEUE_EDITS: usize = 1_024;

/// Edits that are made as one batch, shared out evenly among their authors. More wait for the next: one batch must not keep the
/// others waiting for long.
const BATCH_EDITS: usize = 128;

/// Bytes of changes that are taken as one batch, of each session and in all.
const UPLOADS: Share = Share { each: 16 << 10, all: 64 << 10 };

/// An edit that waits for its document.
pub struct Pending {
    /// Who asks.
    pub caller: Caller,
    /// What for.
    pub write: Write,
    /// How often it was made on a state that did not last.
    pub attempts: u32,
    /// Room for it, given back when it is dropped.
    #[expect(dead_code, reason = "held for its drop")]
    pub room: OwnedSemaphorePermit,
    /// Where the answer goes. The asker may be gone.
    pub reply: oneshot::Sender<Result<Seen, Refusal>>,
}

/// What waits for a document.
#[derive(Default)]
pub struct Queue {
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    edits: Turns<UserId, Pending>,
    uploads: Turns<u64, Upload>,
    running: bool,
}

/// What became of something that was put into a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// Somebody works on the queue already.
    Waits,
    /// Nobody does: the caller starts it.
    StartWork,
    /// There is no room, and the edit is dropped.
    Full,
}

/// A batch of work.
#[derive(Default)]
pub struct Work {
    /// Changes that CRDT clients have made.
    pub uploads: Vec<Upload>,
    /// Edits to be made.
    pub edits: Vec<Pending>,
}

impl Work {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.uploads.is_empty() && self.edits.is_empty()
    }
}

impl Queue {
    /// Puts an edit into the queue.
    pub fn push(&self, pending: Pending) -> Queued {
        let mut inbox = self.inbox.lock();
        if inbox.edits.len() >= QUEUE_EDITS {
            return Queued::Full;
        }
        inbox.edits.push(pending.caller.user.clone(), pending);
        inbox.start()
    }

    /// Puts uploads of a session into the queue.
    pub fn upload(&self, uploads: impl IntoIterator<Item = Upload>) -> Queued {
        let mut inbox = self.inbox.lock();
        uploads.into_iter().for_each(|upload| inbox.uploads.push(upload.session.number(), upload));
        inbox.start()
    }

    /// The next batch. None: the work is over, and whatever comes next starts it anew.
    pub fn take(&self) -> Work {
        let mut inbox = self.inbox.lock();
        let each = BATCH_EDITS.div_ceil(inbox.edits.lines().max(1));
        let edits = inbox.edits.take(Share { each, all: BATCH_EDITS }, |_| 1);
        let uploads = inbox.uploads.take(UPLOADS, Upload::bytes);
        let work = Work { uploads, edits };
        inbox.running = !work.is_empty();
        work
    }

    /// Drops everything. Askers learn that nobody can say what became of their edits.
    pub fn give_up(&self) {
        let mut inbox = self.inbox.lock();
        inbox.edits.clear();
        inbox.uploads.clear();
        inbox.running = false;
    }

    /// Puts work back to the front of the queue, to be done again. Only for the one who works on the queue.
    pub fn put_back(&self, work: Work) {
        let mut inbox = self.inbox.lock();
        for pending in work.edits.into_iter().rev() {
            inbox.edits.put_back(pending.caller.user.clone(), pending);
        }
        for upload in work.uploads.into_iter().rev() {
            inbox.uploads.put_back(upload.session.number(), upload);
        }
    }
}

impl Inbox {
    fn start(&mut self) -> Queued {
        if std::mem::replace(&mut self.running, true) { Queued::Waits } else { Queued::StartWork }
    }
}
