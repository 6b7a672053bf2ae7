//! The first of many documents, of which only so many are kept: pure.

use base::DocId;
use rpc::{Order, Place, Summary};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Keeps the first `limit` of what it is shown, in an order, of those behind a place.
pub struct Top {
    order: Order,
    after: Option<Place>,
    limit: usize,
    /// The last of those that are kept is on top.
    kept: BinaryHeap<Kept>,
    /// There was one too many.
    more: bool,
}

struct Kept {
    order: Order,
    place: Place,
    document: Summary,
}

impl Ord for Kept {
    fn cmp(&self, other: &Kept) -> Ordering {
        self.order.compare(&self.place, &other.place)
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Kept) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Kept {}

impl Top {
    /// None yet.
    pub fn new(order: Order, after: Option<Place>, limit: usize) -> Top {
        Top { order, after, limit, kept: BinaryHeap::new(), more: false }
    }

    /// Whether there are as many as are kept.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= self.limit
    }

    /// The document behind whose id they begin, where ids are the order.
    pub fn begins_behind(&self) -> Option<DocId> {
        let after = self.after.as_ref().filter(|_| self.order == Order::ID);
        after.map(|place| place.id)
    }

    /// Notes that there may be more.
    pub fn stop(&mut self) {
        self.more = true;
    }

    /// Shows it one more.
    pub fn offer(&mut self, document: Summary) {
        let (order, place) = (self.order, self.order.place(&document));
        if self.after.as_ref().is_some_and(|after| order.compare(&place, after).is_le()) {
            return;
        }
        let offered = Kept { order, place, document };
        if !self.is_full() {
            return self.kept.push(offered);
        }
        self.more = true;
        if let Some(mut last) = self.kept.peek_mut()
            && offered < *last
        {
            *last = offered;
        }
    }

    /// Those that are kept, in order, and whether there may be more.
    pub fn finish(self) -> (Vec<Summary>, bool) {
        let kept = self.kept.into_sorted_vec();
        (kept.into_iter().map(|kept| kept.document).collect(), self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Level, Shape, Slot, Timestamp, UserId};
    use proptest::prelude::*;
    use rpc::SortBy;

    fn document(number: u8, name: &str, updated: u64) -> Summary {
        Summary {
            id: DocId::mint(Slot::new(1).unwrap(), [number; 16]),
            name: name.into(),
            shape: Shape::Text,
            owner: UserId::new("ada").unwrap(),
            version: 1,
            heads: vec![],
            level: Level::Owner,
            created_at: Timestamp(u64::from(number % 3)),
            updated_at: Timestamp(updated),
            labels: Default::default(),
        }
    }

    fn orders() -> impl Strategy<Value = Order> {
        let by = prop::sample::select(&[SortBy::Id, SortBy::UpdatedAt, SortBy::CreatedAt, SortBy::Name][..]);
        (by, any::<bool>()).prop_map(|(by, descending)| Order { by, descending })
    }

    proptest! {
        /// Page after page gives what a sort of all gives, whatever order they are shown in.
        #[test]
        fn pages_are_those_of_a_sort(
            shown in prop::collection::btree_map(any::<u8>(), ("[ab]{0,2}", 0..4u64), 0..40),
            order in orders(),
            limit in 1..9usize,
        ) {
            let shown: Vec<_> =
                shown.iter().map(|(number, (name, updated))| document(*number, name, *updated)).collect();
            let mut sorted = shown.clone();
            sorted.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
            let ids = |documents: &[Summary]| documents.iter().map(|one| one.id).collect::<Vec<_>>();
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let mut top = Top::new(order, after, limit);
                shown.iter().cloned().for_each(|document| top.offer(document));
                let (page, more) = top.finish();
                prop_assert!(page.len() <= limit);
                prop_assert_eq!(more, paged.len() + page.len() < sorted.len());
                after = page.last().map(|last| order.place(last));
                paged.extend(ids(&page));
                if !more {
                    break;
                }
            }
            prop_assert_eq!(paged, ids(&sorted));
        }
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_asked_for() {
        let mut top = Top::new(Order::ID, None, 0);
        top.offer(document(1, "a", 1));
        let (kept, more) = top.finish();
        assert!(kept.is_empty() && more);
    }
}
