//! The log's three threads: how they start, what a panic in one of them means, and how they are joined.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::collector;
use crate::keeper;
use crate::shared::Shared;
use crate::writer::Writer;

/// A thread of the log that panics ends it as a failed write does: who waits for it would wait for ever.
struct FailOnPanic {
    shared: Arc<Shared>,
    /// What else must be done in the thread's place.
    then: fn(&Shared),
}

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.shared.fail(&io::Error::other("a thread of the log panicked"), "a thread of the log");
            (self.then)(&self.shared);
        }
    }
}

/// Starts the three threads, or none.
pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<Vec<JoinHandle<()>>> {
    let (keeper, collector, writer) = (shared.clone(), shared.clone(), Writer::new(shared.clone()));
    let mut threads = Vec::new();
    let mut spawn = |name: &str, then: fn(&Shared), run: Box<dyn FnOnce() + Send>| -> io::Result<()> {
        let guard = FailOnPanic { shared: shared.clone(), then };
        let guarded = move || {
            let _guard = guard;
            run();
        };
        threads.push(thread::Builder::new().name(name.into()).spawn(guarded)?);
        Ok(())
    };
    let started = spawn("wal-keeper", |_| {}, Box::new(move || keeper::run(&keeper)))
        .and_then(|()| spawn("wal-collector", |_| {}, Box::new(move || collector::run(&collector))))
        .and_then(|()| spawn("wal-writer", Shared::writer_ended, Box::new(move || writer.run())));
    if let Err(error) = started {
        // Without a writer nobody ends the others.
        shared.state.lock().writer_ended = true;
        shared.begin_closing();
        threads.into_iter().for_each(join);
        return Err(error);
    }
    Ok(threads)
}

/// Waits for a thread to end.
pub(crate) fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.join().is_err() {
        tracing::error!(thread = name, "a thread of the log panicked");
    }
}
