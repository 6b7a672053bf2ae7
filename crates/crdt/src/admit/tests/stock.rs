//! Everything that a stock document makes is admitted, and splitting a saved document gives the changes it
//! was made of.

use automerge::marks::{ExpandMark, Mark};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};
use proptest::prelude::*;

use super::*;

/// One step of one of the writers. Numbers pick among what is there.
#[derive(Debug, Clone)]
enum Step {
    Put(usize, u8, ScalarValue),
    PutObject(usize, u8, ObjType),
    Insert(usize, usize, ScalarValue),
    InsertObject(usize, usize, ObjType),
    Splice(usize, usize, usize, String),
    Update(usize, usize, ScalarValue),
    Delete(usize, usize),
    DeleteKey(usize, u8),
    Increment(usize, u8, i64),
    IncrementAt(usize, usize, i64),
    Mark(usize, usize, usize, bool, u8),
    Block(usize, usize),
    Commit(String),
    Empty,
    Merge(usize),
    Past(usize),
    Present,
}

fn scalar() -> impl Strategy<Value = ScalarValue> {
    prop_oneof![
        "[a-zé🙂]{0,3}".prop_map(ScalarValue::from),
        any::<i64>().prop_map(ScalarValue::Int),
        any::<u64>().prop_map(ScalarValue::Uint),
        any::<f64>().prop_map(ScalarValue::F64),
        (-9i64..9).prop_map(ScalarValue::counter),
        any::<bool>().prop_map(ScalarValue::Boolean),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(ScalarValue::Bytes),
        any::<i64>().prop_map(ScalarValue::Timestamp),
        Just(ScalarValue::Null),
    ]
}

fn kind() -> impl Strategy<Value = ObjType> {
    prop_oneof![Just(ObjType::Map), Just(ObjType::List), Just(ObjType::Text)]
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0usize..12;
    prop_oneof![
        4 => (n.clone(), 0u8..4, scalar()).prop_map(|(o, k, v)| Step::Put(o, k, v)),
        3 => (n.clone(), 0u8..4, kind()).prop_map(|(o, k, t)| Step::PutObject(o, k, t)),
        4 => (n.clone(), n.clone(), scalar()).prop_map(|(o, i, v)| Step::Insert(o, i, v)),
        1 => (n.clone(), n.clone(), kind()).prop_map(|(o, i, t)| Step::InsertObject(o, i, t)),
        6 => (n.clone(), n.clone(), 0usize..4, "[a-zé🙂]{0,5}").prop_map(|(o, i, d, t)| Step::Splice(o, i, d, t)),
        2 => (n.clone(), n.clone(), scalar()).prop_map(|(o, i, v)| Step::Update(o, i, v)),
        2 => (n.clone(), n.clone()).prop_map(|(o, i)| Step::Delete(o, i)),
        2 => (n.clone(), 0u8..4).prop_map(|(o, k)| Step::DeleteKey(o, k)),
        2 => (n.clone(), 0u8..4, -9i64..9).prop_map(|(o, k, by)| Step::Increment(o, k, by)),
        1 => (n.clone(), n.clone(), -9i64..9).prop_map(|(o, i, by)| Step::IncrementAt(o, i, by)),
        3 => (n.clone(), n.clone(), n.clone(), any::<bool>(), 0u8..4).prop_map(|(o, i, j, v, e)| Step::Mark(o, i, j, v, e)),
        1 => (n.clone(), n.clone()).prop_map(|(o, i)| Step::Block(o, i)),
        4 => "[a-z]{0,4}".prop_map(Step::Commit),
        1 => Just(Step::Empty),
        3 => (0usize..3).prop_map(Step::Merge),
        1 => n.prop_map(Step::Past),
        1 => Just(Step::Present),
    ]
}

struct Writers {
    docs: Vec<AutoCommit>,
    /// Whether nobody edits in the past any more, because there is an empty change or a mark. Automerge takes
    /// an empty change for an ancestor of later edits in the past, and lets those name the end of a mark that
    /// they cannot see. Neither is admitted, and only a program that calls `isolate` in such a document comes
    /// to it.
    only_present: bool,
    objects: Vec<(ObjId, ObjType)>,
}

impl Writers {
    fn new() -> Self {
        let mut first = AutoCommit::new().with_actor(ActorId::from(ALICE));
        let list = first.put_object(ROOT, "list", ObjType::List).unwrap();
        let text = first.put_object(ROOT, "text", ObjType::Text).unwrap();
        first.splice_text(&text, 0, 0, "hello").unwrap();
        first.put(ROOT, "0", ScalarValue::counter(1)).unwrap();
        first.commit();
        let docs = (0..3).map(|n| first.fork().with_actor(ActorId::from([n * 90 + 20; 16]))).collect();
        Writers {
            docs,
            only_present: false,
            objects: vec![(ROOT, ObjType::Map), (list, ObjType::List), (text, ObjType::Text)],
        }
    }

    /// Does a step as far as it is possible. What is not, Automerge says, and nothing happens.
    fn step(&mut self, writer: usize, step: &Step) {
        if matches!(step, Step::Empty | Step::Mark(..) | Step::Block(..)) {
            self.only_present = true;
            self.docs.iter_mut().for_each(AutoCommit::integrate);
        }
        let pick = |o: &usize| self.objects[o % self.objects.len()].clone();
        let key = |k: &u8| k.to_string();
        let doc = &mut self.docs[writer];
        let made = match step {
            Step::Put(o, k, v) => doc.put(pick(o).0, key(k), v.clone()).map(|()| None),
            Step::PutObject(o, k, t) => doc.put_object(pick(o).0, key(k), *t).map(|id| Some((id, *t))),
            Step::Insert(o, i, v) => doc.insert(pick(o).0, *i, v.clone()).map(|()| None),
            Step::InsertObject(o, i, t) => doc.insert_object(pick(o).0, *i, *t).map(|id| Some((id, *t))),
            Step::Splice(o, i, d, t) => doc.splice_text(pick(o).0, *i, *d as isize, t).map(|()| None),
            Step::Update(o, i, v) => doc.put(pick(o).0, *i, v.clone()).map(|()| None),
            Step::Delete(o, i) => doc.delete(pick(o).0, *i).map(|()| None),
            Step::DeleteKey(o, k) => doc.delete(pick(o).0, key(k)).map(|()| None),
            Step::Increment(o, k, by) => doc.increment(pick(o).0, key(k), *by).map(|()| None),
            Step::IncrementAt(o, i, by) => doc.increment(pick(o).0, *i, *by).map(|()| None),
            Step::Mark(o, i, j, v, e) => mark(doc, &pick(o), *i, *j, *v, *e).map(|()| None),
            Step::Block(o, i) => doc.split_block(pick(o).0, *i).map(|id| Some((id, ObjType::Map))),
            Step::Commit(message) => {
                doc.commit_with(
                    CommitOptions::default().with_message(message.clone()).with_time(message.len() as i64),
                );
                Ok(None)
            }
            Step::Empty => {
                doc.empty_change(CommitOptions::default());
                Ok(None)
            }
            Step::Merge(from) => {
                let mut from = self.docs[*from].fork();
                self.docs[writer].merge(&mut from).map(|_| None)
            }
            Step::Past(_) if self.only_present => Ok(None),
            Step::Past(n) => {
                let changes = doc.get_changes(&[]);
                let heads = [changes[n % changes.len()].hash()];
                doc.isolate(&heads);
                Ok(None)
            }
            Step::Present => {
                doc.integrate();
                Ok(None)
            }
        };
        self.objects.extend(made.ok().flatten());
    }

    /// Everything that all wrote.
    fn merged(mut self) -> AutoCommit {
        let mut all = self.docs.remove(0);
        all.integrate();
        all.commit();
        for doc in &mut self.docs {
            doc.integrate();
            doc.commit();
            all.merge(doc).unwrap();
        }
        all
    }
}

fn mark(
    doc: &mut AutoCommit,
    (object, kind): &(ObjId, ObjType),
    i: usize,
    j: usize,
    value: bool,
    expand: u8,
) -> Result<(), automerge::AutomergeError> {
    let length = doc.length(object);
    if *kind != ObjType::Text || i.max(j) > length {
        return Ok(());
    }
    let value = if value { ScalarValue::Boolean(true) } else { ScalarValue::Null };
    let expand = [ExpandMark::Both, ExpandMark::None, ExpandMark::Before, ExpandMark::After][expand as usize];
    doc.mark(object, Mark::new("bold".to_owned(), value, i.min(j), i.max(j)), expand)
}

fn sorted(mut hashes: Vec<Hash>) -> Vec<Hash> {
    hashes.sort_unstable();
    hashes
}

fn hashes_of(admission: &Admission) -> Vec<Hash> {
    sorted(admission.changes.iter().map(|change| change.summary.hash()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn whatever_a_stock_document_makes_is_admitted(steps in proptest::collection::vec((0usize..3, step()), 0..60)) {
        let mut writers = Writers::new();
        for (writer, step) in &steps {
            writers.step(*writer, step);
        }
        let mut all = writers.merged();
        let expected: Vec<Hash> = all.get_changes(&[]).iter().map(|change| Hash(change.hash().0)).collect();
        let expected = sorted(expected);
        let heads = sorted(all.get_heads().into_iter().map(|head| Hash(head.0)).collect());

        let empty = Graph::new();
        let compressed: Vec<u8> = all.get_changes(&[]).iter_mut().flat_map(|change| change.bytes().into_owned()).collect();
        let plain: Vec<u8> = all.get_changes(&[]).iter().flat_map(|change| change.raw_bytes().to_vec()).collect();
        let saved = all.save();
        let bare = all.save_nocompress();
        for bytes in [&compressed, &plain, &saved, &bare] {
            let admission = admit(&empty, bytes).unwrap();
            prop_assert!(admission.orphans.is_empty());
            prop_assert_eq!(&hashes_of(&admission), &expected);
            let mut graph = Graph::new();
            for change in &admission.changes {
                prop_assert!(graph.insert(&change.summary).unwrap());
                let decoded = crate::graph::Summary::decode(&change.summary.encode()).unwrap();
                prop_assert_eq!(&decoded, &change.summary);
            }
            prop_assert_eq!(graph.heads().collect::<Vec<_>>(), heads.clone());
            prop_assert!(admit(&graph, bytes).unwrap().changes.is_empty());
        }

        let singly: Vec<Vec<u8>> = all.get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect();
        let mut backwards: Vec<u8> = Vec::new();
        singly.iter().rev().for_each(|chunk| backwards.extend(chunk));
        prop_assert_eq!(hashes_of(&admit(&empty, &backwards).unwrap()), expected);
        prop_assert_eq!(survive(&singly), Ok(()));
    }
}
