//! What later changes may say about the operations of a change, run by run: which of them are values, at
//! which place of which object, and of what kind. A run of typing is one entry, however long it is.

use std::sync::Arc;

/// The number of an operation and the index of the actor that made it. What the index points into is said by
/// whoever holds the id: the graph's actors, or the actors of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) counter: u32,
    pub(crate) actor: u32,
}

/// What an operation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Map = 0,
    List = 1,
    Text = 2,
    Table = 3,
    Scalar = 4,
    Counter = 5,
    /// The beginning or the end of a mark: an element of its text that is not a value.
    Mark = 6,
}

impl Kind {
    pub(crate) fn from_number(number: u64) -> Option<Kind> {
        let all = [Kind::Map, Kind::List, Kind::Text, Kind::Table, Kind::Scalar, Kind::Counter, Kind::Mark];
        all.into_iter().find(|kind| *kind as u64 == number)
    }
}

/// Where a run of operations stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Deletions and increments: nothing can refer to them.
    Silent,
    /// A value at a key of a map; none is the root map. Always alone.
    Key { object: Option<Id>, key: Arc<str>, kind: Kind },
    /// New elements of a list: the first stands behind `after` (none is the start), each other behind the one
    /// before.
    Inserted { object: Id, after: Option<Id>, kind: Kind },
    /// A new value of an element of a list. Always alone.
    Updated { object: Id, element: Id, kind: Kind },
}

impl Place {
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Place::Silent => None,
            Place::Key { kind, .. } | Place::Inserted { kind, .. } | Place::Updated { kind, .. } => {
                Some(*kind)
            }
        }
    }

    /// The same place with every id changed.
    pub(crate) fn try_map<E>(&self, change: impl Fn(Id) -> Result<Id, E>) -> Result<Place, E> {
        Ok(match self {
            Place::Silent => Place::Silent,
            Place::Key { object, key, kind } => {
                Place::Key { object: object.map(change).transpose()?, key: key.clone(), kind: *kind }
            }
            Place::Inserted { object, after, kind } => Place::Inserted {
                object: change(*object)?,
                after: after.map(change).transpose()?,
                kind: *kind,
            },
            Place::Updated { object, element, kind } => {
                Place::Updated { object: change(*object)?, element: change(*element)?, kind: *kind }
            }
        })
    }
}

/// Operations in a row that stand at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// How many operations of the change are before it.
    pub(crate) first: u32,
    pub(crate) place: Place,
}

/// The runs of one change, in order. Invariant: `first` rises from 0, and every run has at least one
/// operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    len: u32,
}

/// Adds operations one by one. Equal keys in a row are kept once: a change can say one long key for every one
/// of its operations in a few bytes, and must not become large here.
#[derive(Debug, Default)]
pub(crate) struct RunsBuilder {
    pub(crate) runs: Runs,
    last_key: Option<Arc<str>>,
}

impl RunsBuilder {
    /// Adds an operation, whose own id is `id`.
    pub(crate) fn push(&mut self, id: Id, mut place: Place) {
        if let Place::Key { key, .. } = &mut place {
            match &self.last_key {
                Some(last) if last == key => *key = Arc::clone(last),
                _ => self.last_key = Some(Arc::clone(key)),
            }
        }
        self.runs.push(id, place);
    }
}

impl RunsBuilder {
    /// Adds operations that go on where the last one stands. Their number was checked before, with that of the change.
    pub(crate) fn type_on(&mut self, count: u64) {
        let count = u32::try_from(count).expect("changes have fewer than 2^31 operations");
        debug_assert!(
            count == 0 || matches!(self.runs.runs.last(), Some(Run { place: Place::Inserted { .. }, .. }))
        );
        self.runs.len += count;
    }
}

impl Runs {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&Run, u32)> {
        let ends = self.runs.iter().skip(1).map(|run| run.first).chain([self.len]);
        let lens: Vec<u32> = self.runs.iter().zip(ends).map(|(run, end)| end - run.first).collect();
        self.runs.iter().zip(lens)
    }

    fn push(&mut self, id: Id, place: Place) {
        if !self.runs.last().is_some_and(|last| goes_on(&last.place, id, &place)) {
            self.runs.push(Run { first: self.len, place });
        }
        self.len += 1;
    }

    /// Adds a whole run. None if there would be more operations than numbers.
    pub(crate) fn push_run(&mut self, place: Place, len: u32) -> Option<()> {
        let end = self.len.checked_add(len)?;
        self.runs.push(Run { first: self.len, place });
        self.len = end;
        Some(())
    }

    /// The run that holds the operation at this offset.
    pub(crate) fn at(&self, offset: u32) -> Option<&Run> {
        if offset >= self.len {
            return None;
        }
        let after = self.runs.partition_point(|run| run.first <= offset);
        self.runs.get(after.checked_sub(1)?)
    }

    /// The same runs with every id changed.
    pub(crate) fn try_map<E>(&self, change: impl Fn(Id) -> Result<Id, E>) -> Result<Runs, E> {
        let map = |run: &Run| Ok(Run { first: run.first, place: run.place.try_map(&change)? });
        Ok(Runs { runs: self.runs.iter().map(map).collect::<Result<_, E>>()?, len: self.len })
    }
}

fn goes_on(last: &Place, id: Id, next: &Place) -> bool {
    match (last, next) {
        (Place::Silent, Place::Silent) => true,
        (
            Place::Inserted { object, kind, .. },
            Place::Inserted { object: o, after: Some(after), kind: k },
        ) => {
            let previous = Id { counter: id.counter.wrapping_sub(1), actor: id.actor };
            (object, kind, previous) == (o, k, *after)
        }
        _ => false,
    }
}
