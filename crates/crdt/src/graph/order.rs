//! The order of elements in a list. Every element stands behind the element that it was inserted after; of
//! several that were inserted after the same one, the newest is first. The elements are therefore a tree, and
//! the list is its walk.

use super::run::{Id, Place};
use super::view::Scope;

/// A stretch of the way from the start of the list to an element: it enters a run at its first element and
/// leaves it at `last`, behind which the next stretch starts.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: Id,
    last: Id,
}

/// Whether element `a` stands before element `b` of the same list, and how many steps it took to know. None
/// if either is not an element.
pub(crate) fn is_before(scope: &Scope<'_>, a: Id, b: Id) -> Option<(bool, u64)> {
    let (way_a, way_b) = (way_to(scope, a)?, way_to(scope, b)?);
    let steps = (way_a.len() + way_b.len()) as u64;
    Some((compare(scope, &way_a, &way_b), steps))
}

fn compare(scope: &Scope<'_>, a: &[Stretch], b: &[Stretch]) -> bool {
    let together = a.iter().zip(b).take_while(|(a, b)| a.first == b.first && a.last == b.last).count();
    let (rest_a, rest_b) = (&a[together..], &b[together..]);
    match (rest_a.first(), rest_b.first()) {
        // One way is the beginning of the other: whatever is inserted behind an element stands behind it.
        (None, rest_b) => rest_b.is_some(),
        (Some(_), None) => false,
        (Some(a), Some(b)) if a.first != b.first => scope.order(a.first) > scope.order(b.first),
        // Both enter the same run, and one leaves it earlier: to a run that starts there, or because it has
        // arrived.
        (Some(a), Some(b)) if a.last.counter < b.last.counter => leaves_before(scope, a, rest_a.get(1)),
        (Some(_), Some(b)) => !leaves_before(scope, b, rest_b.get(1)),
    }
}

/// Whether a way that leaves a run at `at` is before one that goes on within the run.
fn leaves_before(scope: &Scope<'_>, at: &Stretch, next: Option<&Stretch>) -> bool {
    let going_on = Id { counter: at.last.counter + 1, ..at.last };
    next.is_none_or(|next| scope.order(next.first) > scope.order(going_on))
}

fn way_to(scope: &Scope<'_>, element: Id) -> Option<Vec<Stretch>> {
    let mut way = Vec::new();
    let mut at = Some(element);
    while let Some(id) = at {
        let found = scope.find(id)?;
        let Place::Inserted { after, .. } = found.place else { return None };
        way.push(Stretch { first: found.first, last: id });
        // Admission saw to it that the way leads to older and older elements; without that it might not end.
        at = after.filter(|after| after.counter < found.first.counter);
    }
    way.reverse();
    Some(way)
}
