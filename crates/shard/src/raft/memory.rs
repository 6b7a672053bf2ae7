//! A state machine in memory, which forgets on demand what it did not make durable.

use super::{Applicable, Kind, Meaning, Position, Record, SnapshotData, StateMachine};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Keeps every applied command under its index. Groups are tested and measured on it.
#[derive(Debug, Default)]
pub struct MemoryMachine {
    now: Mutex<Arc<State>>,
    durable: Mutex<Arc<State>>,
    quarantined: Mutex<Option<Bytes>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    applied: Option<Position>,
    membership: Option<Bytes>,
    commands: BTreeMap<u64, Bytes>,
}

impl MemoryMachine {
    /// What is left of it after a power cut: its state at the last snapshot.
    pub fn after_power_cut(&self) -> MemoryMachine {
        let durable = self.durable.lock().clone();
        let quarantined = self.quarantined.lock().clone();
        MemoryMachine {
            now: Mutex::new(durable.clone()),
            durable: Mutex::new(durable),
            quarantined: Mutex::new(quarantined),
        }
    }

    /// The commands that were applied, by index.
    pub fn commands(&self) -> BTreeMap<u64, Bytes> {
        self.now.lock().commands.clone()
    }

    /// Puts another command where one was applied, behind the back of the log.
    #[cfg(test)]
    pub(super) fn falsify(&self, index: u64, command: Bytes) {
        Arc::make_mut(&mut self.now.lock()).commands.insert(index, command);
    }
}

impl StateMachine for MemoryMachine {
    /// Where the entry was applied.
    type Outcome = Position;

    fn applied(&self) -> io::Result<Option<Position>> {
        Ok(self.now.lock().applied)
    }

    fn membership(&self) -> io::Result<Option<Bytes>> {
        Ok(self.now.lock().membership.clone())
    }

    fn apply(&self, batch: Vec<Applicable>) -> io::Result<Vec<Position>> {
        let mut now = self.now.lock();
        let state = Arc::make_mut(&mut now);
        Ok(batch.into_iter().map(|entry| state.apply(entry)).collect())
    }

    fn snapshot(&self) -> io::Result<SnapshotData> {
        let state = self.now.lock().clone();
        *self.durable.lock() = state.clone();
        let position = state.applied.ok_or_else(|| io::Error::other("a snapshot of nothing"))?;
        let membership = state.membership.clone();
        Ok(SnapshotData { position, membership, records: Box::new(state.records().into_iter().map(Ok)) })
    }

    fn install(&self, snapshot: SnapshotData) -> io::Result<()> {
        let SnapshotData { position, membership, records } = snapshot;
        let commands = records.map(|record| command(&record?)).collect::<io::Result<_>>()?;
        let state = Arc::new(State { applied: Some(position), membership, commands });
        *self.now.lock() = state.clone();
        *self.durable.lock() = state;
        *self.quarantined.lock() = None;
        Ok(())
    }

    fn durable(&self) -> io::Result<Option<Position>> {
        Ok(self.durable.lock().applied)
    }

    fn meaning(&self) -> io::Result<Meaning> {
        let state = self.now.lock().clone();
        let position = state.applied.ok_or_else(|| io::Error::other("the meaning of nothing"))?;
        Ok(Meaning { position, rules: 1, records: Box::new(state.records().into_iter().map(Ok)) })
    }

    fn quarantine(&self, note: Bytes) -> io::Result<()> {
        *self.quarantined.lock() = Some(note);
        Ok(())
    }

    fn quarantined(&self) -> io::Result<Option<Bytes>> {
        Ok(self.quarantined.lock().clone())
    }
}

impl State {
    fn apply(&mut self, Applicable { position, kind }: Applicable) -> Position {
        match kind {
            Kind::Blank | Kind::Audit => {}
            Kind::Commands(commands) => drop(self.commands.insert(position.index, commands)),
            Kind::Membership(membership) => self.membership = Some(membership),
        }
        self.applied = Some(position);
        position
    }

    fn records(&self) -> Vec<Record> {
        let record = |(index, value): (&u64, &Bytes)| Record {
            space: 0,
            key: Bytes::copy_from_slice(&index.to_be_bytes()),
            value: value.clone(),
        };
        self.commands.iter().map(record).collect()
    }
}

fn command(record: &Record) -> io::Result<(u64, Bytes)> {
    let key =
        <[u8; 8]>::try_from(&*record.key).map_err(|_| io::Error::other("a key that is not an index"))?;
    Ok((u64::from_be_bytes(key), record.value.clone()))
}
