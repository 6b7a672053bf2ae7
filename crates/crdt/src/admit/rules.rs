//! What each operation of a change must be: in an object that is there, of a form that suits it, replacing
//! only what stands at the same place.

use base::Hash;

use super::limits::Budget;
use super::op::{Action, Key, Op, OpId, Value, is_moderate};
use super::refused::Refused;
use crate::graph::run::{Id, Kind, Place, Runs};
use crate::graph::{Scope, is_before};

/// The check of the operations of one change, in order.
pub(super) struct Rules<'a> {
    change: Hash,
    scope: Scope<'a>,
    /// The graph's index of each of the change's actors.
    actors: &'a [u32],
    budget: &'a mut Budget,
    /// The beginning of a mark whose end must be next.
    open_mark: Option<(Id, Id)>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(change: Hash, scope: Scope<'a>, actors: &'a [u32], budget: &'a mut Budget) -> Self {
        Rules { change, scope, actors, budget, open_mark: None }
    }

    /// Checks all operations, and says what later changes may refer to.
    pub(super) fn check(mut self, ops: &[Op<'_>]) -> Result<Runs, Refused> {
        for op in ops {
            let place = self.check_op(op)?;
            let end_of = self.open_mark.take();
            let id = self.scope.next();
            let mark = match &place {
                Place::Inserted { object, kind: Kind::Mark, .. } => Some(*object),
                _ => None,
            };
            self.scope.push(place);
            // What is typed behind a character is where that is, and of the same kind.
            self.scope.type_on(op.count() - 1);
            self.check_mark(op, mark, id, end_of)?;
        }
        match self.open_mark {
            Some(_) => Err(self.bad_mark()),
            None => Ok(self.scope.into_runs()),
        }
    }

    fn check_op(&self, op: &Op<'_>) -> Result<Place, Refused> {
        let (change, at) = (self.change, self.at());
        let object = op
            .object
            .map(|id| self.resolve(id).ok_or(Refused::UnknownObject { change, op: at }))
            .transpose()?;
        let object_kind = self.object_kind(object)?;
        let action = Action::from_number(op.action);
        let action = action.ok_or(Refused::UnknownAction { change, op: at, action: op.action })?;
        self.check_form(op, action)?;
        let place = self.place(op, action, object, object_kind)?;
        self.check_replaced(op, action, object)?;
        match action {
            Action::Delete | Action::Increment => Ok(Place::Silent),
            _ => Ok(place),
        }
    }

    fn object_kind(&self, object: Option<Id>) -> Result<Kind, Refused> {
        let Some(object) = object else { return Ok(Kind::Map) };
        match self.scope.find(object).and_then(|found| found.place.kind()) {
            Some(kind @ (Kind::Map | Kind::List | Kind::Text)) => Ok(kind),
            // Automerge makes a table, but panics when an operation inside it comes from elsewhere.
            Some(Kind::Table) => Err(Refused::WrongObjectKind { change: self.change, op: self.at() }),
            _ => Err(Refused::UnknownObject { change: self.change, op: self.at() }),
        }
    }

    /// What an operation may say whatever it stands on. A saved document does not keep the rest.
    fn check_form(&self, op: &Op<'_>, action: Action) -> Result<(), Refused> {
        let (change, at) = (self.change, self.at());
        if !op.value.is_valid() {
            return Err(Refused::BadValue { change, op: at });
        }
        let is_mark = action == Action::Mark;
        let carries_value = match action {
            Action::Set | Action::Increment => true,
            Action::Mark => op.mark.is_some(),
            _ => false,
        };
        let replaces = !op.replaces.is_empty();
        let fits = match action {
            Action::Mark => op.insert,
            Action::Delete | Action::Increment => !op.insert && replaces,
            _ => true,
        };
        let contradicts = (op.insert && replaces)
            || (!is_mark && (op.expand || op.mark.is_some()))
            || (!carries_value && !op.value.is_null());
        match fits && !contradicts {
            true => Ok(()),
            false => Err(Refused::BadOperation { change, op: at }),
        }
    }

    fn place(
        &self,
        op: &Op<'_>,
        action: Action,
        object: Option<Id>,
        object_kind: Kind,
    ) -> Result<Place, Refused> {
        let (change, at) = (self.change, self.at());
        let kind = kind_of(action, op.value);
        let wrong_kind = Refused::WrongObjectKind { change, op: at };
        match (object_kind, op.key, object) {
            (Kind::Map, Key::Map(key), object) if !op.insert => {
                Ok(Place::Key { object, key: key.into(), kind })
            }
            (Kind::List | Kind::Text, Key::Head | Key::Element(_), Some(object)) => {
                if action == Action::Mark && object_kind != Kind::Text {
                    return Err(wrong_kind);
                }
                let element = self.element(op.key, object)?;
                match (op.insert, element) {
                    (true, after) => Ok(Place::Inserted { object, after, kind }),
                    (false, Some(element)) if !op.replaces.is_empty() => {
                        Ok(Place::Updated { object, element, kind })
                    }
                    (false, _) => Err(Refused::BadOperation { change, op: at }),
                }
            }
            _ => Err(wrong_kind),
        }
    }

    /// The element that a key names, which must be one of the object. None is the start of the list.
    fn element(&self, key: Key<'_>, object: Id) -> Result<Option<Id>, Refused> {
        let Key::Element(id) = key else { return Ok(None) };
        let unknown = Refused::UnknownElement { change: self.change, op: self.at() };
        let Some(element) = self.resolve(id) else { return Err(unknown) };
        match self.scope.find(element).map(|found| found.place) {
            Some(Place::Inserted { object: its, .. }) if *its == object => Ok(Some(element)),
            _ => Err(unknown),
        }
    }

    /// An operation replaces values at its own place, oldest first. Automerge looks for them nowhere else,
    /// and panics, or saves a deletion as one of something else.
    fn check_replaced(&self, op: &Op<'_>, action: Action, object: Option<Id>) -> Result<(), Refused> {
        let (change, at) = (self.change, self.at());
        let mut counters = 0;
        let mut previous = None;
        for id in &op.replaces {
            let found = self.resolve(*id).and_then(|id| self.scope.find(id));
            let found = found.filter(|found| self.is_at(found.place, found.id, op, object));
            let Some(found) = found else { return Err(Refused::UnknownPredecessor { change, op: at }) };
            let order = self.scope.order(found.id);
            if previous.is_some_and(|previous| previous >= order) {
                return Err(Refused::UnorderedPredecessors { change, op: at });
            }
            previous = Some(order);
            counters += usize::from(found.place.kind() == Some(Kind::Counter));
        }
        let adds = || {
            counters > 0 && op.value.code == Value::SIGNED && op.value.as_signed().is_some_and(is_moderate)
        };
        match action == Action::Increment && !adds() {
            true => Err(Refused::BadIncrement { change, op: at }),
            false => Ok(()),
        }
    }

    /// Whether a value stands where the operation does.
    fn is_at(&self, place: &Place, id: Id, op: &Op<'_>, object: Option<Id>) -> bool {
        match (place, op.key) {
            (Place::Key { object: its, key: at, .. }, Key::Map(key)) => *its == object && **at == *key,
            (Place::Inserted { object: its, kind, .. }, Key::Element(element)) => {
                Some(*its) == object && *kind != Kind::Mark && self.resolve(element) == Some(id)
            }
            (Place::Updated { object: its, element: at, .. }, Key::Element(element)) => {
                Some(*its) == object && self.resolve(element) == Some(*at)
            }
            _ => false,
        }
    }

    /// Marks come in pairs, the end right after the beginning. Automerge takes the operation before an end
    /// for its beginning, and does not load a document in which that stands behind the end, or in another
    /// text.
    fn check_mark(
        &mut self,
        op: &Op<'_>,
        mark: Option<Id>,
        id: Id,
        open: Option<(Id, Id)>,
    ) -> Result<(), Refused> {
        match (mark, op.mark, open) {
            (None, _, None) => Ok(()),
            (Some(object), Some(_), None) => {
                self.open_mark = Some((object, id));
                Ok(())
            }
            (Some(object), None, Some((opened_in, begin))) if object == opened_in => {
                let (is_before, steps) = is_before(&self.scope, begin, id).ok_or_else(|| self.bad_mark())?;
                self.budget.charge(steps)?;
                match is_before {
                    true => Ok(()),
                    false => Err(self.bad_mark()),
                }
            }
            _ => Err(self.bad_mark()),
        }
    }

    fn bad_mark(&self) -> Refused {
        Refused::BadMark { change: self.change, op: self.at().saturating_sub(1) }
    }

    /// The number of the operation that is being checked.
    fn at(&self) -> u64 {
        self.scope.next().counter.into()
    }

    fn resolve(&self, id: OpId) -> Option<Id> {
        let actor = *self.actors.get(id.actor as usize)?;
        Some(Id { counter: u32::try_from(id.counter).ok()?, actor })
    }
}

fn kind_of(action: Action, value: Value<'_>) -> Kind {
    match action {
        Action::MakeMap => Kind::Map,
        Action::MakeList => Kind::List,
        Action::MakeText => Kind::Text,
        Action::MakeTable => Kind::Table,
        Action::Mark => Kind::Mark,
        Action::Set if value.code == Value::COUNTER => Kind::Counter,
        Action::Set | Action::Delete | Action::Increment => Kind::Scalar,
    }
}
