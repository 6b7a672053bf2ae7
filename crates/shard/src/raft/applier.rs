//! openraft's state machine on ours: gathers entries into batches, and hands the outcomes to who proposed them.

use super::audit::Auditor;
use super::codec::{decode_membership, encode_membership};
use super::types::{
    Entry, LogId, MaybeSnapshot, Payload, SnapshotHead, StoredMembership, TakenSnapshot, TypeConfig,
};
use super::{Applicable, Kind, StateMachine};
use futures::{FutureExt, Stream, StreamExt};
use openraft::storage::{ApplyResponder, EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, RaftSnapshotBuilder};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// A batch is applied on a thread of the runtime, so it must not take long: at 50 us an entry, 6 ms.
const BATCH_ENTRIES: usize = 128;
const BATCH_BYTES: usize = 1 << 20;

/// The state machine of a group, in the hands of openraft.
pub(super) struct Applier<M> {
    machine: Arc<M>,
    auditor: Arc<Auditor<M>>,
    /// Closes when openraft lets go of the machine; only then may the next incarnation of the group have it.
    _held: oneshot::Sender<()>,
}

impl<M: StateMachine> Applier<M> {
    /// The applier, and what ends when openraft has dropped it.
    pub(super) fn new(auditor: Arc<Auditor<M>>) -> (Applier<M>, oneshot::Receiver<()>) {
        let (held, released) = oneshot::channel();
        (Applier { machine: auditor.machine().clone(), auditor, _held: held }, released)
    }
}

impl<M: StateMachine> RaftStateMachine<TypeConfig<M::Outcome>> for Applier<M> {
    type SnapshotData = MaybeSnapshot;
    type SnapshotBuilder = Builder<M>;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        let applied = self.machine.applied()?.map(LogId::from);
        Ok((applied, membership_of(self.machine.membership()?.as_deref())?))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig<M::Outcome>>>> + Unpin + Send,
    {
        loop {
            let batch = Batch::gather(&mut entries).await?;
            if batch.is_empty() {
                return Ok(());
            }
            let audit = batch.audit();
            batch.apply(&*self.machine)?;
            // Before the next entry: what is hashed is the state at this one.
            if let Some(index) = audit {
                self.auditor.begin(index);
            }
        }
    }

    async fn get_snapshot_builder(&mut self) -> Builder<M> {
        Builder { machine: self.machine.clone() }
    }

    async fn install_snapshot(&mut self, head: &SnapshotHead, snapshot: MaybeSnapshot) -> io::Result<()> {
        let snapshot =
            snapshot.ok_or_else(|| io::Error::other("a snapshot of nothing cannot be installed"))?;
        if head.last_log_id != Some(snapshot.position.into()) {
            return Err(io::Error::other("a snapshot whose records are of another position than its head"));
        }
        let machine = self.machine.clone();
        spawn_blocking(move || machine.install(snapshot)).await.map_err(io::Error::other)?
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<TakenSnapshot>> {
        let taken = Builder { machine: self.machine.clone() }.take().await?;
        Ok(Some(taken).filter(|taken| taken.snapshot.is_some()))
    }
}

/// Takes a snapshot while entries go on being applied.
pub(super) struct Builder<M> {
    machine: Arc<M>,
}

impl<M: StateMachine> Builder<M> {
    async fn take(&self) -> io::Result<TakenSnapshot> {
        if self.machine.applied()?.is_none() {
            return Ok(TakenSnapshot { meta: SnapshotHead::default(), snapshot: None });
        }
        let machine = self.machine.clone();
        let snapshot = spawn_blocking(move || machine.snapshot()).await.map_err(io::Error::other)??;
        let last_log_id = Some(snapshot.position.into());
        let last_membership = membership_of(snapshot.membership.as_deref())?;
        Ok(TakenSnapshot { meta: SnapshotHead { last_log_id, last_membership }, snapshot: Some(snapshot) })
    }
}

impl<M: StateMachine> RaftSnapshotBuilder<TypeConfig<M::Outcome>> for Builder<M> {
    type SnapshotData = MaybeSnapshot;

    async fn build_snapshot(&mut self) -> io::Result<TakenSnapshot> {
        self.take().await
    }
}

fn membership_of(written: Option<&[u8]>) -> io::Result<StoredMembership> {
    Ok(written.map(decode_membership).transpose()?.unwrap_or_default())
}

/// Entries that are applied in one go, and who waits for each.
struct Batch<O: Send + Sync + 'static> {
    entries: Vec<Applicable>,
    waiting: Vec<Option<ApplyResponder<TypeConfig<O>>>>,
    bytes: usize,
}

impl<O: Send + Sync + 'static> Batch<O> {
    /// Waits for one entry, then takes what is there already, up to the limits. Empty at the end of the stream.
    async fn gather<S>(entries: &mut S) -> io::Result<Batch<O>>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig<O>>>> + Unpin,
    {
        let mut batch = Batch { entries: Vec::new(), waiting: Vec::new(), bytes: 0 };
        let mut next = entries.next().await;
        while let Some(item) = next {
            batch.push(item?);
            if batch.is_full() {
                break;
            }
            next = entries.next().now_or_never().flatten();
        }
        Ok(batch)
    }

    fn push(&mut self, (entry, waiting): EntryResponder<TypeConfig<O>>) {
        let entry = applicable(entry);
        self.bytes += match &entry.kind {
            Kind::Commands(bytes) | Kind::Membership(bytes) => bytes.len(),
            Kind::Blank | Kind::Audit => 0,
        };
        self.entries.push(entry);
        self.waiting.push(waiting);
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES || self.audit().is_some()
    }

    /// The index of the audit that ends the batch, if one does. None is within a batch.
    fn audit(&self) -> Option<u64> {
        let last = self.entries.last()?;
        matches!(last.kind, Kind::Audit).then_some(last.position.index)
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Applies all and answers all. A panic of the machine becomes an error, so that the group ends and is rebuilt
    /// instead of standing still.
    fn apply<M: StateMachine<Outcome = O>>(self, machine: &M) -> io::Result<()> {
        let Batch { entries, waiting, bytes: _ } = self;
        let outcomes = catch_unwind(AssertUnwindSafe(|| machine.apply(entries)))
            .map_err(|_| io::Error::other("the state machine panicked while it applied entries"))??;
        if outcomes.len() != waiting.len() {
            let (got, want) = (outcomes.len(), waiting.len());
            return Err(io::Error::other(format!(
                "the state machine gave {got} outcomes for {want} entries"
            )));
        }
        for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
            if let Some(waiting) = waiting {
                waiting.send(outcome);
            }
        }
        Ok(())
    }
}

fn applicable(entry: Entry) -> Applicable {
    let kind = match entry.payload {
        EntryPayload::Blank => Kind::Blank,
        EntryPayload::Normal(Payload::Commands(commands)) => Kind::Commands(commands),
        EntryPayload::Normal(Payload::Audit) => Kind::Audit,
        EntryPayload::Membership(membership) => {
            Kind::Membership(encode_membership(&StoredMembership::new(Some(entry.log_id), membership)))
        }
    };
    Applicable { position: entry.log_id.into(), kind }
}
