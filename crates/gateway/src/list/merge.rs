//! Puts together what shards have found, each the first of its own in an order: pure.

use rpc::{Order, Place, Summary};

/// The first documents of all shards.
pub(super) struct Merge {
    order: Order,
    limit: usize,
    /// In order, at most `limit`.
    first: Vec<(Place, Summary)>,
    /// Behind this place a shard may have documents that it did not give.
    horizon: Option<Place>,
    /// Something was left out.
    more: bool,
}

impl Merge {
    /// Nothing yet.
    pub fn new(order: Order, limit: usize) -> Merge {
        Merge { order, limit, first: Vec::new(), horizon: None, more: false }
    }

    /// Adds what a shard has found, and whether it may have more behind that.
    pub fn add(&mut self, found: Vec<Summary>, more: bool) {
        let order = self.order;
        let found = found.into_iter().map(|document| (order.place(&document), document));
        let mut found: Vec<_> = found.collect();
        found.sort_by(|one, other| order.compare(&one.0, &other.0));
        if let Some((last, _)) = found.last().filter(|_| more) {
            let nearer = self.horizon.as_ref().is_none_or(|horizon| order.compare(last, horizon).is_lt());
            self.horizon = if nearer { Some(last.clone()) } else { self.horizon.take() };
        }
        self.more |= more;
        self.first.extend(found);
        self.first.sort_by(|one, other| order.compare(&one.0, &other.0));
        self.more |= self.first.len() > self.limit;
        self.first.truncate(self.limit);
    }

    /// The first of all, and the place to go on behind if there may be more.
    pub fn finish(mut self) -> (Vec<Summary>, Option<Place>) {
        if let Some(horizon) = &self.horizon {
            let before = self.first.len();
            let order = self.order;
            self.first.retain(|(place, _)| order.compare(place, horizon).is_le());
            self.more |= self.first.len() < before;
        }
        let next = self.first.last().map(|(place, _)| place.clone()).filter(|_| self.more);
        (self.first.into_iter().map(|(_, document)| document).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{DocId, Level, Shape, Slot, Timestamp, UserId};
    use proptest::prelude::*;
    use rpc::SortBy;

    fn document(number: u8, name: &str, updated: u64) -> Summary {
        Summary {
            id: DocId::mint(Slot::new(1).unwrap(), [number; 16]),
            name: name.into(),
            shape: Shape::Json,
            owner: UserId::new("ada").unwrap(),
            version: 1,
            heads: vec![],
            level: Level::Read,
            created_at: Timestamp(7),
            updated_at: Timestamp(updated),
            labels: Default::default(),
        }
    }

    /// What a shard answers: its first behind a place. It may give fewer than it was asked for.
    fn answer(shard: &[Summary], order: Order, after: Option<&Place>, limit: usize) -> (Vec<Summary>, bool) {
        let mut sorted = shard.to_vec();
        sorted.sort_by_key(|document| order.place(document));
        if order.descending {
            sorted.reverse();
        }
        sorted.retain(|document| {
            after.is_none_or(|after| order.compare(&order.place(document), after).is_gt())
        });
        let more = sorted.len() > limit;
        sorted.truncate(limit);
        (sorted, more)
    }

    proptest! {
        /// Page after page is what a simple sort of everything gives, however the documents lie in shards.
        #[test]
        fn pages_are_those_of_a_sort(
            documents in prop::collection::btree_map(any::<u8>(), ("[ab]{0,2}", 0..4u64, 0..5usize), 0..50),
            by in prop::sample::select(&[SortBy::UpdatedAt, SortBy::CreatedAt, SortBy::Name][..]),
            descending: bool,
            limit in 1..9usize,
            stingy in prop::array::uniform5(1..9usize),
        ) {
            let order = Order { by, descending };
            let mut shards = vec![Vec::new(); 5];
            for (number, (name, updated, shard)) in &documents {
                shards[*shard].push(document(*number, name, *updated));
            }
            let (sorted, _) = answer(&shards.concat(), order, None, usize::MAX);
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let mut merge = Merge::new(order, limit);
                for (shard, most) in shards.iter().zip(stingy) {
                    let (found, more) = answer(shard, order, after.as_ref(), limit.min(most));
                    merge.add(found, more);
                }
                let (page, next) = merge.finish();
                prop_assert!(page.len() <= limit);
                paged.extend(page);
                let Some(next) = next else { break };
                after = Some(next);
            }
            let ids = |documents: &[Summary]| documents.iter().map(|one| one.id).collect::<Vec<_>>();
            prop_assert_eq!(ids(&paged), ids(&sorted));
        }
    }
}
