//! Single turns of a peer: what it makes of one message, and what it then has to say.

use std::sync::Arc;

use automerge::sync as stock;
use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ChangeHash, ROOT};
use base::Hash;

use crate::admit::{self, Admission};
use crate::graph::Graph;
use crate::sync::{Content, Flags, Limits, Message, Peer, Plan, SyncError};

/// A document of one writer, and the graph that the hub has of it.
struct Fixture {
    doc: AutoCommit,
    graph: Graph,
}

impl Fixture {
    fn new(changes: usize) -> Self {
        let doc = AutoCommit::new().with_actor(ActorId::from([1; 16]));
        let mut fixture = Fixture { doc, graph: Graph::new() };
        for _ in 0..changes {
            fixture.commit();
        }
        fixture
    }

    /// Makes a change and inserts it, as if another client had made it.
    fn commit(&mut self) -> Hash {
        let chunk = edit(&mut self.doc);
        self.insert(&chunk);
        *self.graph.shared_heads().last().unwrap()
    }

    fn insert(&mut self, chunks: &[u8]) -> Admission {
        let admission = self.graph.admit(chunks, &admit::Limits::default()).unwrap();
        admission.changes.iter().for_each(|change| assert!(self.graph.insert(&change.summary).unwrap()));
        admission
    }

    /// A client that has everything, and goes its own way.
    fn client(&self, actor: u8) -> AutoCommit {
        self.doc.clone().fork().with_actor(ActorId::from([actor; 16]))
    }

    fn heads(&self) -> Vec<Hash> {
        self.graph.heads().collect()
    }
}

fn edit(doc: &mut AutoCommit) -> Vec<u8> {
    let before = doc.get_heads();
    let value = doc.get_changes(&[]).len() as i64;
    doc.put(ROOT, "key", value).unwrap();
    doc.commit();
    doc.get_changes(&before)[0].raw_bytes().to_vec()
}

fn heads_of(doc: &mut AutoCommit) -> Vec<Hash> {
    doc.get_heads().into_iter().map(|head| Hash(head.0)).collect()
}

/// What a peer says.
#[derive(Default)]
struct Says {
    heads: Vec<Hash>,
    needs: Vec<Hash>,
    last_sync: Vec<Hash>,
    filter: Vec<Hash>,
    changes: Vec<u8>,
    flags: u8,
}

impl Says {
    fn has(heads: &[Hash]) -> Self {
        Says { heads: heads.to_vec(), last_sync: heads.to_vec(), ..Says::default() }
    }

    fn needs(self, needs: &[Hash]) -> Self {
        Says { needs: needs.to_vec(), ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let hashes = |hashes: &[Hash]| {
            let mut hashes: Vec<ChangeHash> = hashes.iter().map(|hash| ChangeHash(hash.0)).collect();
            hashes.sort();
            hashes
        };
        let mut flags = stock::MessageFlags::new();
        flags.set(stock::MessageFlags::SUPPORTS_SYNC_RESET | self.flags);
        let bloom = stock::BloomFilter::from_hashes(hashes(&self.filter).into_iter());
        let changes: Vec<Vec<u8>> =
            Some(self.changes.clone()).filter(|changes| !changes.is_empty()).into_iter().collect();
        stock::Message {
            heads: hashes(&self.heads),
            need: hashes(&self.needs),
            have: vec![stock::Have { last_sync: hashes(&self.last_sync), bloom }],
            changes: changes.into(),
            flags: Some(flags),
            version: stock::MessageVersion::V2,
        }
        .encode()
    }
}

/// Feeds what a peer says, and gives the changes that came with it.
fn hear(peer: &mut Peer, graph: &Graph, says: &Says) -> Vec<u8> {
    peer.receive(graph, &says.bytes(), &Limits::default()).unwrap().changes.into_owned()
}

fn content(plan: Option<Plan>) -> Content {
    plan.expect("there is something to say").content().clone()
}

fn changes(hashes: &[Hash]) -> Content {
    Content::Changes(hashes.into())
}

/// A peer that has everything, and has been answered.
fn in_sync(fixture: &Fixture) -> Peer {
    let mut peer = Peer::new();
    hear(&mut peer, &fixture.graph, &Says::has(&fixture.heads()));
    assert_eq!(content(peer.plan(&fixture.graph)), Content::Nothing);
    assert_eq!(peer.plan(&fixture.graph), None);
    peer
}

#[test]
fn a_peer_in_sync_costs_itself_alone() {
    let fixture = Fixture::new(3);
    let peer = in_sync(&fixture);
    assert!(size_of::<Peer>() <= 80, "{}", size_of::<Peer>());
    assert!(peer.is_in_sync(&fixture.graph));
    let heads = fixture.graph.shared_heads();
    assert_eq!(peer.size(), size_of::<Peer>());
    assert!(Arc::ptr_eq(&peer.told, &heads) && Arc::ptr_eq(&peer.covered, &heads) && peer.loose.is_none());
}

#[test]
fn a_change_is_sent_once_and_its_acknowledgement_is_not_answered() {
    let mut fixture = Fixture::new(50);
    let mut peer = in_sync(&fixture);
    let new = [fixture.commit(), fixture.commit()];
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!(*plan.content(), changes(&new));
    assert_eq!(plan.heads(), fixture.heads());
    assert_eq!(peer.plan(&fixture.graph), None);
    hear(&mut peer, &fixture.graph, &Says::has(&fixture.heads()));
    assert_eq!(peer.plan(&fixture.graph), None);
    assert!(peer.is_in_sync(&fixture.graph));
}

#[test]
fn peers_at_the_same_point_get_the_same_message() {
    let mut fixture = Fixture::new(50);
    let mut peers = [(); 3].map(|()| in_sync(&fixture));
    fixture.commit();
    let plans = peers.each_mut().map(|peer| peer.plan(&fixture.graph).unwrap());
    assert!(plans.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn one_that_has_nothing_or_lacks_a_third_gets_the_document() {
    let mut fixture = Fixture::new(60);
    let early = fixture.heads();
    for _ in 0..20 {
        fixture.commit();
    }
    let late = fixture.heads();
    for _ in 0..33 {
        fixture.commit();
    }
    let says = |heads: &[Hash]| {
        let mut peer = Peer::new();
        hear(&mut peer, &fixture.graph, &Says::has(heads));
        content(peer.plan(&fixture.graph))
    };
    assert_eq!(says(&[]), Content::Document);
    assert_eq!(says(&early), Content::Document);
    assert_eq!(says(&late), changes(&fixture.graph.since(&late)));
}

#[test]
fn changes_on_their_way_into_the_log_are_neither_asked_for_nor_sent_back() {
    let mut fixture = Fixture::new(3);
    let mut peer = in_sync(&fixture);
    let mut client = fixture.client(2);
    let chunk = edit(&mut client);
    let says = Says { changes: chunk, ..Says::has(&heads_of(&mut client)) };
    let came = hear(&mut peer, &fixture.graph, &says);
    assert_eq!(peer.plan(&fixture.graph), None);
    // Somebody else's change becomes durable first: it is sent, and nothing is asked for.
    let other = fixture.commit();
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!((plan.content(), &*plan.needs), (&changes(&[other]), &[][..]));
    let admission = fixture.insert(&came);
    let accepted: Vec<Hash> = admission.changes.iter().map(|change| change.summary.hash()).collect();
    peer.settle(&fixture.graph, &accepted, admission.orphans, &Limits::default());
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!((plan.content(), plan.heads()), (&Content::Nothing, &fixture.heads()[..]));
}

#[test]
fn heads_that_do_not_exist_are_asked_for_once() {
    let fixture = Fixture::new(3);
    let mut peer = in_sync(&fixture);
    let nowhere = [Hash([9; 32])];
    let says = Says { heads: nowhere.to_vec(), last_sync: fixture.heads(), ..Says::default() };
    hear(&mut peer, &fixture.graph, &says);
    assert_eq!(*peer.plan(&fixture.graph).unwrap().needs, nowhere);
    for _ in 0..3 {
        hear(&mut peer, &fixture.graph, &says);
        assert_eq!(peer.plan(&fixture.graph), None);
    }
}

#[test]
fn what_a_filter_wrongly_claims_is_sent_when_asked_for() {
    let mut fixture = Fixture::new(3);
    let lacking = [fixture.commit(), fixture.commit()];
    let mut client = fixture.client(2);
    edit(&mut client);
    let liar =
        Says { heads: heads_of(&mut client), filter: fixture.graph.changes().collect(), ..Says::default() };
    let mut peer = Peer::new();
    hear(&mut peer, &fixture.graph, &liar);
    assert_eq!(content(peer.plan(&fixture.graph)), Content::Nothing);
    let asks = Says { needs: lacking.to_vec(), ..liar };
    hear(&mut peer, &fixture.graph, &asks);
    assert_eq!(content(peer.plan(&fixture.graph)), changes(&lacking));
    // The same again is not news: an answer that did not help will not help either.
    hear(&mut peer, &fixture.graph, &asks);
    assert_eq!(peer.plan(&fixture.graph), None);
}

#[test]
fn thousands_of_needs_are_answered_once_each_or_named() {
    let fixture = Fixture::new(100);
    let mut peer = in_sync(&fixture);
    let mut needs: Vec<Hash> = fixture.graph.changes().collect();
    needs.extend((0..5000u32).map(|n| Hash(std::array::from_fn(|i| (n >> (8 * (i % 2))) as u8))));
    let says = Says::has(&fixture.heads()).needs(&[&needs[..], &needs].concat());
    hear(&mut peer, &fixture.graph, &says);
    assert_eq!(content(peer.plan(&fixture.graph)), changes(&fixture.graph.changes().collect::<Vec<_>>()));
    let limits = Limits { needs: 1000, ..Limits::default() };
    let refused = peer.receive(&fixture.graph, &says.bytes(), &limits).unwrap_err();
    assert_eq!(refused, SyncError::TooManyNeeds { count: 2 * needs.len() as u64, limit: 1000 });
}

#[test]
fn a_last_sync_that_was_forgotten_is_met_with_heads_and_a_filter() {
    let fixture = Fixture::new(40);
    let (lost, edited) = (Hash([8; 32]), Hash([9; 32]));
    let mut peer = Peer::new();
    let says = Says { heads: vec![edited], last_sync: vec![lost], filter: vec![edited], ..Says::default() };
    hear(&mut peer, &fixture.graph, &says);
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!((plan.content(), &*plan.needs), (&Content::Nothing, &[edited][..]));
    let have = plan.have.unwrap();
    assert!(have.last_sync.is_empty() && !have.filter.is_empty());
}

#[test]
fn one_that_may_not_write_is_told_so_and_not_heard() {
    let mut fixture = Fixture::new(3);
    let mut peer = Peer::read_only();
    let mut client = fixture.client(2);
    let chunk = edit(&mut client);
    let says = Says { changes: chunk, last_sync: fixture.heads(), ..Says::has(&heads_of(&mut client)) };
    assert!(hear(&mut peer, &fixture.graph, &says).is_empty());
    let plan = peer.plan(&fixture.graph).unwrap();
    assert!(plan.flags.has(Flags::READ_ONLY) && plan.needs.is_empty());
    fixture.commit();
    assert_eq!(content(peer.plan(&fixture.graph)), changes(&fixture.heads()));
    peer.set_read_only(false);
    let plan = peer.plan(&fixture.graph).unwrap();
    assert!(plan.flags.has(Flags::RESET) && !plan.flags.has(Flags::READ_ONLY));
    assert_eq!(*plan.needs, heads_of(&mut client)[..]);
}

#[test]
fn one_that_takes_nothing_is_sent_heads_alone() {
    let mut fixture = Fixture::new(3);
    let early = fixture.heads();
    fixture.commit();
    let mut peer = Peer::new();
    hear(&mut peer, &fixture.graph, &Says { flags: stock::MessageFlags::READ_ONLY, ..Says::has(&early) });
    assert_eq!(content(peer.plan(&fixture.graph)), Content::Nothing);
    fixture.commit();
    assert_eq!(content(peer.plan(&fixture.graph)), Content::Nothing);
    hear(&mut peer, &fixture.graph, &Says { flags: stock::MessageFlags::SYNC_RESET, ..Says::has(&early) });
    assert_eq!(content(peer.plan(&fixture.graph)), changes(&fixture.graph.since(&early)));
}

#[test]
fn one_that_does_not_know_what_it_was_sent_is_sent_it_again_once() {
    let mut fixture = Fixture::new(50);
    let early = fixture.heads();
    let mut peer = in_sync(&fixture);
    let new = fixture.commit();
    assert_eq!(content(peer.plan(&fixture.graph)), changes(&[new]));
    let refuses = Says { last_sync: Vec::new(), ..Says::has(&early) };
    hear(&mut peer, &fixture.graph, &refuses);
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!(*plan.content(), changes(&[new]));
    assert_eq!(*plan.have.unwrap().last_sync, early[..]);
    hear(&mut peer, &fixture.graph, &refuses);
    assert_eq!(peer.plan(&fixture.graph), None);
}

/// A client of which the filter hid the first change: the others wait for it.
fn with_orphans(fixture: &mut Fixture, limits: &Limits) -> (Peer, Vec<u8>, Vec<Hash>) {
    let mut peer = in_sync(fixture);
    let mut client = fixture.client(2);
    let hidden = edit(&mut client);
    let first = heads_of(&mut client);
    let rest = [edit(&mut client), edit(&mut client)].concat();
    let came = hear(&mut peer, &fixture.graph, &Says { changes: rest, ..Says::has(&heads_of(&mut client)) });
    let admission = fixture.insert(&came);
    assert_eq!((admission.changes.len(), admission.orphans.len()), (0, 2));
    peer.settle(&fixture.graph, &[], admission.orphans, limits);
    (peer, hidden, first)
}

#[test]
fn changes_that_wait_come_again_with_what_they_wait_for() {
    let mut fixture = Fixture::new(3);
    let (mut peer, hidden, first) = with_orphans(&mut fixture, &Limits::default());
    let plan = peer.plan(&fixture.graph).unwrap();
    assert_eq!(*plan.needs, first[..]);
    assert_eq!(plan.have, None, "asked by name, the peer sends nothing else");
    let came = hear(&mut peer, &fixture.graph, &Says { changes: hidden, ..Says::has(&fixture.heads()) });
    let accepted: Vec<Hash> =
        fixture.insert(&came).changes.iter().map(|change| change.summary.hash()).collect();
    peer.settle(&fixture.graph, &accepted, Vec::new(), &Limits::default());
    assert_eq!(accepted, first);
    assert_eq!(peer.plan(&fixture.graph).map(|plan| plan.needs.len()), Some(0));
    let came = peer.unblocked(&fixture.graph).unwrap();
    assert_eq!(fixture.insert(&came).changes.len(), 2);
}

#[test]
fn changes_that_wait_are_tried_again_when_another_brings_what_they_wait_for() {
    let mut fixture = Fixture::new(3);
    let (mut peer, hidden, _) = with_orphans(&mut fixture, &Limits::default());
    assert_eq!(peer.unblocked(&fixture.graph), None);
    fixture.insert(&hidden);
    let came = peer.unblocked(&fixture.graph).unwrap();
    let accepted: Vec<Hash> =
        fixture.insert(&came).changes.iter().map(|change| change.summary.hash()).collect();
    peer.settle(&fixture.graph, &accepted, Vec::new(), &Limits::default());
    assert_eq!(
        content(peer.plan(&fixture.graph)),
        Content::Nothing,
        "what a peer made is not sent back to it"
    );
    assert!(peer.is_in_sync(&fixture.graph));
}

#[test]
fn too_much_that_waits_is_dropped_and_asked_for_again() {
    let mut fixture = Fixture::new(3);
    let limits = Limits { orphan_bytes: 100, ..Limits::default() };
    let (mut peer, _, _) = with_orphans(&mut fixture, &limits);
    let plan = peer.plan(&fixture.graph).unwrap();
    assert!(plan.flags.has(Flags::RESET));
    let have = plan.have.unwrap();
    assert_eq!((&*have.last_sync, &have.filter[..]), (&fixture.heads()[..], &[][..]));
    assert_eq!(peer.unblocked(&fixture.graph), None);
}

#[test]
fn what_is_lost_on_its_way_is_asked_for_again_at_once() {
    let fixture = Fixture::new(3);
    let mut peer = in_sync(&fixture);
    let mut client = fixture.client(2);
    let chunk = edit(&mut client);
    let says = Says { changes: chunk.clone(), ..Says::has(&heads_of(&mut client)) };
    assert_eq!(hear(&mut peer, &fixture.graph, &says), chunk);
    assert_eq!(peer.plan(&fixture.graph), None);
    // Nobody can say any more what became of it.
    peer.start_over();
    assert!(peer.plan(&fixture.graph).unwrap().flags.has(Flags::RESET));
}

#[test]
fn a_message_that_is_refused_changes_nothing() {
    let fixture = Fixture::new(3);
    let mut peer = in_sync(&fixture);
    let before = format!("{peer:?}");
    let message = Says::has(&[Hash([9; 32])]).needs(&fixture.heads()).bytes();
    let cut = &message[..message.len() / 2];
    assert!(peer.receive(&fixture.graph, cut, &Limits::default()).is_err());
    assert_eq!(format!("{peer:?}"), before);
}

#[test]
fn one_that_was_not_heard_is_told_the_heads() {
    let fixture = Fixture::new(3);
    let mut peer = Peer::new();
    let plan = peer.plan(&fixture.graph).unwrap();
    let bytes = plan.encode::<&[u8]>(&[]);
    let message = Message::decode(&bytes, &Limits::default()).unwrap();
    assert!(message.heads.are(&fixture.heads()) && message.changes.is_empty());
    let have = message.haves.iter().next().unwrap();
    assert!(fixture.graph.changes().all(|change| have.filter.claims(&change)));
    hear(&mut peer, &fixture.graph, &Says::default());
    assert_eq!(content(peer.plan(&fixture.graph)), Content::Document);
}
