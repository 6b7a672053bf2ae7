//! What a list is asked for: which documents, in which order, and how many.

use crate::problem::{Kind, Problem};
use crate::request::labels::bad_key;
use crate::request::query::Query;
use base::labels::check_key;
use base::{Limits, Shape, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rpc::{Filter, LabelFilter, Order, SortBy};
use sha2::{Digest, Sha256};

/// What is written another way in a query; what a cursor is made of is not.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/');

/// How many documents a page has when nobody says.
const PAGE_DEFAULT: usize = 50;

/// How many labels may be asked for at once: each is looked for in every document.
const LABELS_MAX: usize = 16;

/// The orders that can be asked for. Ids are the order of those who do not ask.
const ORDERS: [(&str, SortBy); 3] =
    [("updated_at", SortBy::UpdatedAt), ("created_at", SortBy::CreatedAt), ("name", SortBy::Name)];

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// As it was given; see [`super::Cursor`].
    pub cursor: Option<String>,
    pub limit: usize,
    pub filter: Filter,
    /// None: the documents of one shard after the other, each by their ids.
    pub order: Option<Order>,
    pub count: bool,
}

impl Asked {
    /// Reads a query.
    pub fn parse(raw: Option<&str>, limits: &Limits) -> Result<Asked, Problem> {
        let known = ["limit", "cursor", "doc_type", "owner", "label", "name", "sort", "count"];
        let query = Query::parse_with(raw, &known, &["label"])?;
        let limit = query.number("limit")?.unwrap_or(PAGE_DEFAULT.min(limits.page_documents));
        if limit > limits.page_documents {
            let what = "the number of documents on a page";
            return Err(Problem::limit(Kind::PageTooLarge, what, limits.page_documents, Some(limit)));
        }
        if limit == 0 {
            return Err(bad("limit", "limit is at least 1"));
        }
        let count = match query.get("count") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad("count", "count is true or false")),
        };
        let cursor = query.get("cursor").map(str::to_owned);
        Ok(Asked {
            cursor,
            limit,
            filter: filter(&query)?,
            order: query.get("sort").map(order).transpose()?,
            count,
        })
    }

    /// The query that asks for the page at a cursor.
    pub fn query_at(&self, cursor: &str) -> String {
        let Filter { shape, owner, labels, name_prefix } = &self.filter;
        let mut query = format!("limit={}", self.limit);
        let mut add = |name: &str, value: &str| {
            query.extend(["&", name, "="]);
            query.extend(utf8_percent_encode(value, RESERVED));
        };
        if let Some(shape) = shape {
            add("doc_type", shape.as_str());
        }
        if let Some(owner) = owner {
            add("owner", owner.as_str());
        }
        for LabelFilter { key, value } in labels {
            match value {
                Some(value) => add("label", &format!("{key}:{value}")),
                None => add("label", key),
            }
        }
        if let Some(prefix) = name_prefix {
            add("name", prefix);
        }
        if let Some(order) = self.order {
            add("sort", &word_of(order));
        }
        if self.count {
            add("count", "true");
        }
        add("cursor", cursor);
        query
    }
}

fn bad(parameter: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(Kind::BadQuery, detail).with("parameter", parameter)
}

fn filter(query: &Query<'_>) -> Result<Filter, Problem> {
    let shape = query.get("doc_type").map(|word| {
        let known = [Shape::Text, Shape::Json].into_iter().find(|shape| shape.as_str() == word);
        known.ok_or_else(|| bad("doc_type", "doc_type is Text or Json"))
    });
    let owner = query
        .get("owner")
        .map(|name| UserId::new(name).map_err(|error| bad("owner", format!("owner: {error}"))));
    let labels = query.all("label").map(label).collect::<Result<Vec<_>, _>>()?;
    if labels.len() > LABELS_MAX {
        return Err(bad("label", format!("label is given at most {LABELS_MAX} times")));
    }
    let mut labels = labels;
    labels.sort();
    labels.dedup();
    let name_prefix = query.get("name").filter(|prefix| !prefix.is_empty()).map(str::to_owned);
    Ok(Filter { shape: shape.transpose()?, owner: owner.transpose()?, labels, name_prefix })
}

/// `key:value`, or `key` alone, whatever its value is.
fn label(text: &str) -> Result<LabelFilter, Problem> {
    let (key, value) = text.split_once(':').map_or((text, None), |(key, value)| (key, Some(value)));
    check_key(key).map_err(|found| bad("label", format!("label is key:value or key; {}", bad_key(found))))?;
    Ok(LabelFilter { key: key.to_owned(), value: value.map(str::to_owned) })
}

fn order(text: &str) -> Result<Order, Problem> {
    let (word, descending) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
    let by = ORDERS.iter().find(|(known, _)| *known == word).map(|(_, by)| *by);
    let detail = "sort is updated_at, created_at or name, with - before it for the greatest first";
    Ok(Order { by: by.ok_or_else(|| bad("sort", detail))?, descending })
}

fn word_of(order: Order) -> String {
    let known = ORDERS.iter().find(|(_, by)| *by == order.by);
    let word = known.map_or("", |(word, _)| word);
    if order.descending { format!("-{word}") } else { word.to_owned() }
}

/// What tells one filter from another in a cursor; none if nothing is asked.
pub(crate) type Fingerprint = Option<[u8; 8]>;

/// The fingerprint of a filter.
pub(crate) fn fingerprint(filter: &Filter) -> Fingerprint {
    let Filter { shape, owner, labels, name_prefix } = filter;
    let labels: Vec<_> = labels.iter().map(|LabelFilter { key, value }| (key, value)).collect();
    let said = (shape.map(Shape::as_str), owner, labels, name_prefix);
    let said = serde_json::to_vec(&said).expect("a list of texts is JSON");
    let digest = Sha256::digest(&said);
    (!filter.is_empty()).then(|| std::array::from_fn(|at| digest[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(raw: &str) -> Result<Asked, Kind> {
        Asked::parse(Some(raw), &Limits::default()).map_err(|problem| problem.kind)
    }

    #[test]
    fn a_query_says_which_and_how_many() {
        let plain = Asked::parse(None, &Limits::default()).unwrap();
        assert!(plain.filter.is_empty() && plain.order.is_none() && !plain.count);
        assert_eq!((plain.limit, fingerprint(&plain.filter)), (50, None));
        let asked = parse(
            "doc_type=Json&owner=ada%40x&label=team:a:b&label=stage&label=team:a:b&name=Pl%20a&sort=-name&count=true",
        );
        let Asked { filter, order, count, .. } = asked.unwrap();
        let label = |key: &str, value: Option<&str>| LabelFilter {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        };
        assert_eq!(filter.labels, [label("stage", None), label("team", Some("a:b"))]);
        assert_eq!((filter.shape, filter.name_prefix.as_deref()), (Some(Shape::Json), Some("Pl a")));
        assert_eq!(filter.owner.unwrap().as_str(), "ada@x");
        assert_eq!((order, count), (Some(Order { by: SortBy::Name, descending: true }), true));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for raw in [
            "doc_type=text",
            "owner=a%20b",
            "label=",
            "label=a%20b",
            "label=:b",
            "sort=size",
            "sort=--name",
            "sort=",
            "count=1",
            "limit=0",
            "sort=name&sort=name",
        ] {
            assert_eq!(parse(raw), Err(Kind::BadQuery), "{raw}");
        }
        assert_eq!(parse(&"label=a&".repeat(17)), Err(Kind::BadQuery));
        assert_eq!(parse("limit=201"), Err(Kind::PageTooLarge));
    }

    #[test]
    fn filters_are_told_apart() {
        let of = |raw| fingerprint(&parse(raw).unwrap().filter);
        let all =
            ["", "label=a", "label=a:", "label=a&label=b", "label=a:b", "name=a", "owner=a", "doc_type=Text"];
        let distinct: std::collections::HashSet<_> = all.iter().map(|raw| of(raw)).collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(of("label=a&label=b"), of("label=b&label=a&label=b&limit=3&sort=name&count=true"));
    }

    proptest! {
        /// The page behind a cursor is asked for as the one before it was.
        #[test]
        fn a_query_is_read_back(
            labels in prop::collection::vec(("[a-z./_-]{1,5}", prop::option::of("\\PC{0,5}")), 0..4),
            name in "\\PC{0,9}",
            sort in prop::option::of(prop::sample::select(&["name", "-name", "updated_at", "-created_at"][..])),
            owner in prop::option::of("[a-z@+.-]{1,9}"),
            count: bool,
        ) {
            let labels = labels.into_iter().map(|(key, value)| LabelFilter { key, value });
            let mut labels: Vec<_> = labels.collect();
            labels.sort();
            labels.dedup();
            let filter = Filter {
                shape: None,
                owner: owner.map(|name| UserId::new(&name).unwrap()),
                labels,
                name_prefix: Some(name).filter(|name| !name.is_empty()),
            };
            let order = sort.map(|text| order(text).unwrap());
            let asked = Asked { cursor: Some("a-_".to_owned()), limit: 7, filter, order, count };
            prop_assert_eq!(parse(&asked.query_at("a-_")), Ok(asked));
        }
    }
}
