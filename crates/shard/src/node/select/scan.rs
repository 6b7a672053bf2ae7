//! Going through what a user can reach in a shard, a step at a time.

use super::top::Top;
use crate::documents::{Fault, head};
use crate::node::list::{listed, summary};
use crate::store::{DocKey, Space, StoreView, key};
use base::{DocId, Labels, Level, Shape};
use rpc::{Caller, Order, Select, Selection};

/// A selection on its way. Each step sees the store as it is then.
pub struct Scan {
    caller: Caller,
    select: Select,
    top: Top,
    counted: u64,
    /// What every key of the user's list begins with.
    prefix: Vec<u8>,
    /// Where the next step begins; none at the end.
    next: Option<Vec<u8>>,
}

impl Scan {
    /// A selection that begins.
    pub fn new(caller: Caller, select: Select) -> Scan {
        let top = Top::new(select.order, select.after.clone(), select.limit);
        let prefix = key::list_prefix(caller.tenant.as_str(), caller.user.as_str());
        // What is not behind the place counts, too.
        let behind = top.begins_behind().filter(|_| !select.count);
        let begin = behind.map_or(prefix.clone(), |id| behind_id(&prefix, id));
        Scan { caller, select, top, counted: 0, prefix, next: Some(begin) }
    }

    /// Whether there is nothing more to look at.
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// Looks at so many more, as they are in this view. Blocking.
    pub fn step(&mut self, store: &StoreView<'_>, looks: usize) -> Result<(), Fault> {
        let Some(from) = self.next.take() else { return Ok(()) };
        let to = [&self.prefix[..], &[0xff; 17]].concat();
        for (looked_at, pair) in store.range(Space::Lists, from, to).enumerate() {
            let (key, value) = pair?;
            if looked_at == looks {
                self.next = Some(key.to_vec());
                break;
            }
            let (id, level) = listed(&self.prefix, &key, &value)?;
            if !self.may_pass(level) {
                continue;
            }
            // Ids are the order in which they come: what is behind a full page is of no use.
            if self.top.is_full() && self.select.order == Order::ID && !self.select.count {
                self.top.stop();
                break;
            }
            // Nothing is asked of it but that it is there, and every document in a list is.
            if self.select.limit == 0 && self.select.filter.is_empty() {
                self.counted += 1;
                self.top.stop();
                continue;
            }
            let doc = DocKey { tenant: self.caller.tenant.clone(), id };
            let Some(head) = head(store, &doc)? else { continue };
            let shape = Shape::from_number(head.shape)
                .ok_or_else(|| Fault::damaged("the document has no known type"))?;
            let none = Labels::new();
            let labels = head.labels.as_ref().unwrap_or(&none);
            if self.select.filter.passes(&head.name, shape, &head.owner, labels) {
                self.counted += 1;
                self.top.offer(summary(id, head, level)?);
            }
        }
        Ok(())
    }

    /// Whether a document may pass of which only the user's level is known: a list says whose a document is, if it is the user's.
    fn may_pass(&self, level: Level) -> bool {
        let owner = self.select.filter.owner.as_ref();
        owner.is_none_or(|owner| (*owner == self.caller.user) == (level == Level::Owner))
    }

    /// What was found.
    pub fn finish(self) -> Selection {
        let (documents, more) = self.top.finish();
        Selection { documents, more, count: self.select.count.then_some(self.counted) }
    }
}

/// The first key behind that of a document.
fn behind_id(prefix: &[u8], id: DocId) -> Vec<u8> {
    [prefix, id.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Head, Lookup, NodeStore, Store, StoreOptions};
    use base::{ShardId, Slot, TenantId, UserId};
    use rpc::{Filter, LabelFilter, Place, SortBy};

    fn id(number: u8) -> DocId {
        let mut random = [0; 16];
        random[15] = number;
        DocId::mint(Slot::new(9).unwrap(), random)
    }

    fn ada() -> Caller {
        Caller { tenant: TenantId::new("acme").unwrap(), user: UserId::new("ada").unwrap() }
    }

    /// Documents 1 to 20: every third is bob's, names count down, every fifth has a label.
    fn filled(folder: &std::path::Path) -> Store {
        let store = NodeStore::open(folder, StoreOptions::default()).unwrap().shard(ShardId(0)).unwrap();
        let mut txn = store.begin();
        for number in 1..=20u8 {
            let (owner, level) = if number % 3 == 0 { ("bob", 1) } else { ("ada", 4) };
            let label = ("team".to_owned(), (number % 2).to_string());
            let head = Head {
                name: format!("n{:02}", 20 - number),
                shape: 1 + number % 2,
                owner: owner.into(),
                version: 1,
                heads: vec![number; 32],
                created_ms: u64::from(number),
                updated_ms: u64::from(number % 4),
                deleted_ms: None,
                access_entries: 0,
                key: vec![],
                first: None,
                labels: (number % 5 == 0).then(|| [label].into()),
            };
            let document = key::document("acme", id(number).as_bytes(), id(number).slot());
            txn.put(Space::Documents, key::head(&document), head.to_record());
            txn.put(Space::Lists, key::listed("acme", "ada", id(number).as_bytes()), vec![level]);
            txn.put(Space::Lists, key::listed("acme", "eve", id(number).as_bytes()), vec![level]);
        }
        txn.commit().unwrap();
        store
    }

    fn select(filter: Filter, order: Order, limit: usize) -> Select {
        Select { shard: ShardId(0), filter, order, after: None, limit, count: true }
    }

    /// The numbers of the documents, whether there are more, and how many there are; whatever the steps are.
    fn found(store: &Store, select: &Select) -> (Vec<u8>, bool, Option<u64>) {
        let mut all = [1usize, 3, 7, 100].map(|looks| {
            let mut scan = Scan::new(ada(), select.clone());
            let mut steps = 0;
            while !scan.is_done() {
                scan.step(&store.view(), looks).unwrap();
                steps += 1;
            }
            assert!(steps <= 20 / looks + 1, "{steps} steps of {looks}");
            let Selection { documents, more, count } = scan.finish();
            (documents.iter().map(|one| one.heads[0].0[0]).collect(), more, count)
        });
        all.windows(2).for_each(|pair| assert_eq!(pair[0], pair[1]));
        std::mem::take(&mut all[0])
    }

    #[test]
    fn what_passes_is_found_sorted_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path());
        let by = |by, descending| Order { by, descending };
        let any = Filter::default;
        let all = select(any(), Order::ID, 3);
        assert_eq!(found(&store, &all), (vec![1, 2, 3], true, Some(20)));
        let place = Place { key: rpc::SortKey::Id, id: id(18) };
        let last = Select { after: Some(place), ..all };
        assert_eq!(found(&store, &last), (vec![19, 20], false, Some(20)));
        assert_eq!(found(&store, &Select { count: false, ..last }), (vec![19, 20], false, None));
        assert_eq!(found(&store, &select(any(), by(SortBy::Name, false), 2)), (vec![20, 19], true, Some(20)));
        assert_eq!(found(&store, &select(any(), by(SortBy::Name, true), 2)), (vec![1, 2], true, Some(20)));
        assert_eq!(
            found(&store, &select(any(), by(SortBy::UpdatedAt, true), 2)),
            (vec![19, 15], true, Some(20))
        );
        assert_eq!(
            found(&store, &select(any(), by(SortBy::CreatedAt, true), 2)),
            (vec![20, 19], true, Some(20))
        );
        assert_eq!(found(&store, &select(any(), Order::ID, 0)), (vec![], true, Some(20)));

        let owner = |name| Filter { owner: UserId::new(name).ok(), ..any() };
        assert_eq!(found(&store, &select(owner("bob"), Order::ID, 2)), (vec![3, 6], true, Some(6)));
        assert_eq!(found(&store, &select(owner("ada"), Order::ID, 9)).2, Some(14));
        assert_eq!(found(&store, &select(owner("eve"), Order::ID, 9)), (vec![], false, Some(0)));
        let team = |value: Option<&str>| {
            let label = LabelFilter { key: "team".into(), value: value.map(str::to_owned) };
            Filter { labels: vec![label], ..any() }
        };
        assert_eq!(found(&store, &select(team(None), Order::ID, 9)), (vec![5, 10, 15, 20], false, Some(4)));
        assert_eq!(found(&store, &select(team(Some("1")), Order::ID, 9)), (vec![5, 15], false, Some(2)));
        let name = Filter { name_prefix: Some("n1".into()), shape: Some(Shape::Json), ..any() };
        assert_eq!(found(&store, &select(name, by(SortBy::Name, false), 2)), (vec![9, 7], true, Some(5)));
    }

    #[test]
    fn without_a_count_it_ends_with_a_full_page() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path());
        let mut scan = Scan::new(ada(), Select { count: false, ..select(Filter::default(), Order::ID, 4) });
        scan.step(&store.view(), 4).unwrap();
        assert!(!scan.is_done());
        scan.step(&store.view(), 4).unwrap();
        assert!(scan.is_done() && scan.finish().more);
    }
}
