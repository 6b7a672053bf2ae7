//! What syncing costs: nanoseconds of wall clock for each step, at histories of 100, 10,000 and 50,000 changes.
//!
//! `cargo run --release -p crdt --example sync_cost`. The steps of a change that is relayed (plan, encode, receive
//! the acknowledgement) must cost the same at every length; those of a peer that is met need not.

use std::hint::black_box;
use std::time::{Duration, Instant};

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjType, ROOT, sync as stock};
use base::Hash;
use crdt::admit;
use crdt::graph::Graph;
use crdt::sync::{Content, Limits, Peer, Plan};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PEERS: usize = 100;
const EDITS: usize = 200;

fn main() {
    println!("a peer takes {} bytes", size_of::<Peer>());
    for history in [100, 10_000, 50_000] {
        let mut writer = Writer::new(history);
        let graph = writer.graph();
        println!("at {history} changes:");
        meet(&graph);
        return_with_an_edit(&graph, &mut writer);
        relay(graph, &mut writer);
    }
}

/// A stock document that is typed into.
struct Writer {
    doc: AutoCommit,
    text: automerge::ObjId,
    typed: usize,
}

impl Writer {
    fn new(changes: usize) -> Self {
        let mut doc = AutoCommit::new();
        let text = doc.put_object(ROOT, "content", ObjType::Text).expect("a new document takes a text");
        doc.commit();
        let mut writer = Writer { doc, text, typed: 0 };
        (1..changes).for_each(|_| drop(writer.type_letter()));
        writer
    }

    fn type_letter(&mut self) -> Vec<u8> {
        self.doc.splice_text(&self.text, self.typed, 0, "x").expect("the end of a text is a place in it");
        self.typed += 1;
        self.doc.commit();
        self.doc.get_last_local_change().expect("a change was just made").raw_bytes().to_vec()
    }

    fn graph(&mut self) -> Graph {
        let mut graph = Graph::new();
        insert(&mut graph, &self.doc.save());
        graph
    }
}

fn insert(graph: &mut Graph, chunks: &[u8]) {
    for change in graph.admit(chunks, &admit::Limits::default()).expect("stock changes are sound").changes {
        graph.insert(&change.summary).expect("what was admitted fits");
    }
}

/// What a stock peer says that has exactly these heads.
fn acknowledgement(heads: &[Hash]) -> Vec<u8> {
    says(heads, heads, stock::ChunkList::empty())
}

/// What a stock peer says that has made a change on these heads.
fn edit(on: &[Hash], change: &[u8]) -> Vec<u8> {
    let hash = automerge::Change::try_from(change).expect("a stock change").hash();
    says(&[Hash(hash.0)], on, change.to_vec().into())
}

fn says(heads: &[Hash], last_sync: &[Hash], changes: stock::ChunkList) -> Vec<u8> {
    let stock_hashes = |hashes: &[Hash]| hashes.iter().map(|head| automerge::ChangeHash(head.0)).collect();
    let have = vec![stock::Have { last_sync: stock_hashes(last_sync), ..stock::Have::default() }];
    let mut flags = stock::MessageFlags::new();
    flags.set(stock::MessageFlags::SUPPORTS_SYNC_RESET);
    let (heads, need) = (stock_hashes(heads), Vec::new());
    stock::Message { heads, need, have, changes, flags: Some(flags), version: stock::MessageVersion::V2 }
        .encode()
}

fn receive(peer: &mut Peer, graph: &Graph, message: &[u8]) {
    let received = peer.receive(graph, message, &Limits::default()).expect("a stock message is taken");
    assert!(received.changes.is_empty());
}

fn plan(peer: &mut Peer, graph: &Graph) -> Plan {
    peer.plan(graph).expect("there is news")
}

fn meet(graph: &Graph) {
    let hello = acknowledgement(&[]);
    let took = median(20, || {
        let mut peer = Peer::new();
        receive(&mut peer, graph, &hello);
        let plan = plan(&mut peer, graph);
        assert_eq!(*plan.content(), Content::Document);
    });
    println!("  meet one that has nothing    {}", nanos(took));
    let hello = acknowledgement(&graph.shared_heads());
    let took = median(200, || {
        let mut peer = Peer::new();
        receive(&mut peer, graph, &hello);
        assert_eq!(*plan(&mut peer, graph).content(), Content::Nothing);
    });
    println!("  meet one that has everything {}", nanos(took));
}

/// A peer that comes back with an edit of its own and has forgotten when it last was in sync.
fn return_with_an_edit(graph: &Graph, writer: &mut Writer) {
    let mut alone = writer.doc.fork();
    alone.put(ROOT, "alone", 1).expect("a map takes a number");
    let hello = stock::SyncDoc::generate_sync_message(&alone.sync(), &mut stock::State::new());
    let hello = hello.expect("a first message").encode();
    let took = median(20, || {
        let mut peer = Peer::new();
        receive(&mut peer, graph, &hello);
        drop(black_box(plan(&mut peer, graph)));
    });
    println!("  meet one with a filter       {}", nanos(took));
}

/// One change after the other, to many peers that are in sync.
fn relay(mut graph: Graph, writer: &mut Writer) {
    let hello = acknowledgement(&graph.shared_heads());
    let mut peers: Vec<Peer> = (0..PEERS).map(|_| Peer::new()).collect();
    for peer in &mut peers {
        receive(peer, &graph, &hello);
        drop(plan(peer, &graph));
    }
    let mut author = peers[0].clone();
    let [mut planned, mut encoded, mut received, mut idle] = [(); 4].map(|()| Vec::new());
    let [mut written, mut answered] = [(); 2].map(|()| Vec::new());
    for _ in 0..EDITS {
        let change = writer.type_letter();
        let message = edit(&graph.shared_heads(), &change);
        written.push(time(|| {
            let received =
                author.receive(&graph, &message, &Limits::default()).expect("a stock message is taken");
            assert_eq!(*received.changes, change);
        }));
        insert(&mut graph, &change);
        answered.push(time(|| {
            author.settle(&graph, &graph.shared_heads(), Vec::new(), &Limits::default());
            assert_eq!(*plan(&mut author, &graph).content(), Content::Nothing);
        }));
        let acknowledgement = acknowledgement(&graph.shared_heads());
        let mut plans = Vec::new();
        planned.push(time(|| plans.extend(peers.iter_mut().map(|peer| plan(peer, &graph)))));
        assert!(plans.windows(2).all(|pair| pair[0] == pair[1]));
        encoded.push(time(|| plans.iter().for_each(|plan| drop(black_box(plan.encode(&[&change]))))));
        received.push(time(|| peers.iter_mut().for_each(|peer| receive(peer, &graph, &acknowledgement))));
        idle.push(time(|| assert!(peers.iter_mut().all(|peer| peer.plan(&graph).is_none()))));
        assert!(peers.iter().all(|peer| peer.is_in_sync(&graph)));
    }
    for (name, mut times) in [("receive a change", written), ("settle and answer it", answered)] {
        times.sort_unstable();
        println!("  {name:<28} {}", nanos(times[EDITS / 2]));
    }
    let of_each = |name: &str, mut times: Vec<Duration>| {
        times.sort_unstable();
        println!("  {name} {}", nanos(times[times.len() / 2] / PEERS as u32));
    };
    of_each("plan one change             ", planned);
    of_each("encode it                   ", encoded);
    of_each("receive an acknowledgement  ", received);
    of_each("plan nothing                ", idle);
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds).map(|_| time(&mut work)).collect();
    times.sort_unstable();
    times[rounds / 2]
}

fn nanos(took: Duration) -> String {
    format!("{:>12} ns", took.as_nanos())
}
