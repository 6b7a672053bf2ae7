//! Which documents of a shard are asked for, and in which order. Gateways put those of all shards together.

use crate::Summary;
use base::{DocId, Labels, Shape, ShardId, Timestamp, UserId};
use std::cmp::Ordering;
use std::sync::Arc;

/// A request for the first documents of a shard, in some order, that the caller may read and that pass a filter.
#[derive(Debug, Clone)]
pub struct Select {
    /// The shard.
    pub shard: ShardId,
    /// What has to hold of a document.
    pub filter: Filter,
    /// Which come first.
    pub order: Order,
    /// Only those behind this place. The document that stood there need not be there any more.
    pub after: Option<Place>,
    /// At most this many.
    pub limit: usize,
    /// Whether to count all that pass the filter, wherever they stand.
    pub count: bool,
}

/// What a shard has of a selection.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The first documents, in order.
    pub documents: Vec<Summary>,
    /// Whether there may be more behind them.
    pub more: bool,
    /// How many pass the filter, if that was asked.
    pub count: Option<u64>,
}

/// What has to hold of a document. All of it does, and nothing is asked by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its type.
    pub shape: Option<Shape>,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Labels that it has.
    pub labels: Vec<LabelFilter>,
    /// How its name begins, byte by byte.
    pub name_prefix: Option<String>,
}

/// A label that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelFilter {
    /// Its key.
    pub key: String,
    /// Its value; `None`: whatever it is.
    pub value: Option<String>,
}

/// An order of documents. Where two are equal by it, their ids decide, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: SortBy,
    /// The greatest first.
    pub descending: bool,
}

/// What documents are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// Their ids alone: stable, whatever changes meanwhile.
    Id,
    /// When their content last changed.
    UpdatedAt,
    /// When they were made.
    CreatedAt,
    /// Their names, byte by byte.
    Name,
}

/// Where a document stands in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What it is sorted by.
    pub key: SortKey,
    /// The document.
    pub id: DocId,
}

/// What a document is sorted by. Those of one order are of one variant; among others the order means nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// Nothing but the id.
    Id,
    /// A time.
    Time(Timestamp),
    /// A name.
    Name(Arc<str>),
}

impl Filter {
    /// Whether every document passes.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether a document passes of which this is known.
    pub fn passes(&self, name: &str, shape: Shape, owner: &str, labels: &Labels) -> bool {
        let Filter { shape: wanted, owner: whose, labels: asked, name_prefix } = self;
        let labelled = |label: &LabelFilter| match (labels.get(&label.key), &label.value) {
            (Some(value), Some(wanted)) => value == wanted,
            (found, None) => found.is_some(),
            (None, Some(_)) => false,
        };
        wanted.is_none_or(|wanted| wanted == shape)
            && whose.as_ref().is_none_or(|whose| whose.as_str() == owner)
            && name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
            && asked.iter().all(labelled)
    }
}

impl Order {
    /// That of ids: the one in which documents are stored.
    pub const ID: Order = Order { by: SortBy::Id, descending: false };

    /// Where a document stands.
    pub fn place(self, document: &Summary) -> Place {
        let key = match self.by {
            SortBy::Id => SortKey::Id,
            SortBy::UpdatedAt => SortKey::Time(document.updated_at),
            SortBy::CreatedAt => SortKey::Time(document.created_at),
            SortBy::Name => SortKey::Name(document.name.clone()),
        };
        Place { key, id: document.id }
    }

    /// Which of two places comes first.
    pub fn compare(self, one: &Place, other: &Place) -> Ordering {
        if self.descending { other.cmp(one) } else { one.cmp(other) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Slot;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn label(key: &str, value: Option<&str>) -> LabelFilter {
        LabelFilter { key: key.to_owned(), value: value.map(str::to_owned) }
    }

    #[test]
    fn all_that_is_asked_has_to_hold() {
        let labels = labels(&[("team", "a"), ("stage", "")]);
        let passes = |filter: Filter| filter.passes("Plan B", Shape::Json, "ada", &labels);
        let with = |labels: Vec<LabelFilter>| Filter { labels, ..Filter::default() };
        assert!(passes(Filter::default()) && Filter::default().is_empty());
        assert!(passes(with(vec![label("team", Some("a")), label("stage", None)])));
        assert!(passes(with(vec![label("stage", Some(""))])));
        assert!(!passes(with(vec![label("team", Some("a")), label("team", Some("b"))])));
        assert!(!passes(with(vec![label("other", None)])));
        assert!(passes(Filter { name_prefix: Some("Plan ".into()), ..Filter::default() }));
        assert!(!passes(Filter { name_prefix: Some("plan".into()), ..Filter::default() }));
        assert!(!passes(Filter { shape: Some(Shape::Text), ..Filter::default() }));
        let owner = |name| Filter { owner: UserId::new(name).ok(), ..Filter::default() };
        assert!(passes(owner("ada")) && !passes(owner("bob")));
        let all = Filter {
            shape: Some(Shape::Json),
            owner: UserId::new("ada").ok(),
            labels: vec![label("team", None)],
            name_prefix: Some(String::new()),
        };
        assert!(passes(all.clone()));
        assert!(!passes(Filter { shape: Some(Shape::Text), ..all }));
    }

    #[test]
    fn ids_decide_between_equals_in_the_same_direction() {
        let id = |number| DocId::mint(Slot::new(1).unwrap(), [number; 16]);
        let place = |name: &str, number| Place { key: SortKey::Name(name.into()), id: id(number) };
        let up = Order { by: SortBy::Name, descending: false };
        let down = Order { descending: true, ..up };
        assert_eq!(up.compare(&place("a", 2), &place("b", 1)), Ordering::Less);
        assert_eq!(down.compare(&place("a", 2), &place("b", 1)), Ordering::Greater);
        assert_eq!(up.compare(&place("a", 1), &place("a", 2)), Ordering::Less);
        assert_eq!(down.compare(&place("a", 1), &place("a", 2)), Ordering::Greater);
    }
}
