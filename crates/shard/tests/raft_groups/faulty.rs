//! A machine that fails, panics or stands still when a test says so.

use parking_lot::{Condvar, Mutex};
use shard::raft::{Applicable, Kind, Meaning, MemoryMachine, Position, SnapshotData, StateMachine};
use std::io;

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub enum Fault {
    #[default]
    None,
    /// The next apply fails.
    FailOnce,
    /// The next apply panics.
    PanicOnce,
    /// Every apply of commands fails.
    FailAlways,
    /// Applies wait until the fault is taken away.
    StandStill,
}

#[derive(Default)]
pub struct Faulty {
    pub inner: MemoryMachine,
    fault: Mutex<Fault>,
    changed: Condvar,
}

impl Faulty {
    pub fn with(fault: Fault) -> Faulty {
        Faulty { fault: Mutex::new(fault), ..Faulty::default() }
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock() = fault;
        self.changed.notify_all();
    }

    fn strike(&self, batch: &[Applicable]) -> io::Result<()> {
        let mut fault = self.fault.lock();
        self.changed.wait_while(&mut fault, |fault| *fault == Fault::StandStill);
        if !batch.iter().any(|entry| matches!(entry.kind, Kind::Commands(_))) {
            return Ok(());
        }
        let struck = *fault;
        if struck != Fault::FailAlways {
            *fault = Fault::None;
        }
        drop(fault);
        match struck {
            Fault::FailOnce | Fault::FailAlways => Err(io::Error::other("a fault of the test")),
            Fault::PanicOnce => panic!("a panic of the test"),
            Fault::None | Fault::StandStill => Ok(()),
        }
    }
}

impl StateMachine for Faulty {
    type Outcome = Position;

    fn applied(&self) -> io::Result<Option<Position>> {
        self.inner.applied()
    }

    fn membership(&self) -> io::Result<Option<bytes::Bytes>> {
        self.inner.membership()
    }

    fn apply(&self, batch: Vec<Applicable>) -> io::Result<Vec<Position>> {
        self.strike(&batch)?;
        self.inner.apply(batch)
    }

    fn snapshot(&self) -> io::Result<SnapshotData> {
        self.inner.snapshot()
    }

    fn install(&self, snapshot: SnapshotData) -> io::Result<()> {
        self.inner.install(snapshot)
    }

    fn durable(&self) -> io::Result<Option<Position>> {
        self.inner.durable()
    }

    fn meaning(&self) -> io::Result<Meaning> {
        self.inner.meaning()
    }

    fn quarantine(&self, note: bytes::Bytes) -> io::Result<()> {
        self.inner.quarantine(note)
    }

    fn quarantined(&self) -> io::Result<Option<bytes::Bytes>> {
        self.inner.quarantined()
    }
}
