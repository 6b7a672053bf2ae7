//! Random histories, topologies, losses and reconnects. However it went, everybody comes to the same heads, and
//! our hub says no more than a stock server would have.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::world::{Hub, Node, Stock, Traffic, World};

/// What happens next, decided without looking at what happened, so that every server meets the same.
#[derive(Debug, Clone, Copy)]
enum Step {
    Edit { node: usize, value: u64 },
    Send { link: usize, from: usize },
    Deliver { link: usize, to: usize },
    Commit { node: usize },
    Break { link: usize, remembers: bool },
    ReadOnly { link: usize, end: usize, on: bool },
    Forget { node: usize, percent: usize },
}

/// What can go wrong, beside messages that cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// Links break, and what is under way is lost.
    Breaks,
    /// Nodes no longer take what comes over a link, for a while.
    ReadOnly,
    /// Nodes lose what they had made durable.
    Forgets,
}

struct Scenario {
    seed: u64,
    start: Vec<u8>,
    starts_with: Vec<bool>,
    steps: Vec<Step>,
}

impl Scenario {
    fn random(seed: u64, nodes: usize, links: usize, trouble: Trouble) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let length = random.random_range(10..120);
        let steps = (0..length).map(|_| Step::random(&mut random, nodes, links, trouble)).collect();
        let starts_with = (0..nodes).map(|_| random.random_bool(0.6)).collect();
        let mut first = Stock::new(0xff);
        let history = [0, 0, 1, 5, 70][random.random_range(0..5)];
        (0..history).for_each(|value| first.edit(value * 7));
        Scenario { seed, start: first.doc.save(), starts_with, steps }
    }

    fn play(&self, world: &mut World) {
        for step in &self.steps {
            match *step {
                Step::Edit { node, value } => world.nodes[node].edit(value),
                Step::Send { link, from } => drop(world.send(link, from)),
                Step::Deliver { link, to } => drop(world.deliver(link, to)),
                Step::Commit { node } => drop(world.nodes[node].commit()),
                Step::Break { link, remembers } => world.meet(link, remembers),
                Step::ReadOnly { link, end, on } => world.set_read_only(link, end, on),
                Step::Forget { node, percent } => world.forget(node, percent),
            }
        }
        world.settle();
        world.assert_equal(self.seed);
    }

    fn client(&self, node: usize) -> Box<dyn Node> {
        let actor = node as u8 + 1;
        Box::new(if self.starts_with[node] { Stock::with(&self.start, actor) } else { Stock::new(actor) })
    }

    fn hub(&self, node: usize, hub: Hub) -> Box<dyn Node> {
        Box::new(if self.starts_with[node] { hub.with(&self.start) } else { hub })
    }
}

impl Step {
    fn random(random: &mut StdRng, nodes: usize, links: usize, trouble: Trouble) -> Step {
        let (link, end) = (random.random_range(0..links), random.random_range(0..2));
        let node = random.random_range(0..nodes);
        match random.random_range(0..20) {
            0..5 => Step::Edit { node, value: random.random() },
            5..10 => Step::Send { link, from: end },
            10..17 => Step::Deliver { link, to: end },
            17..19 => Step::Commit { node },
            _ => match trouble {
                Trouble::None => Step::Send { link, from: end },
                Trouble::Breaks => Step::Break { link, remembers: random.random() },
                Trouble::ReadOnly => Step::ReadOnly { link, end, on: random.random() },
                Trouble::Forgets => Step::Forget { node: 0, percent: random.random_range(0..100) },
            },
        }
    }
}

/// Clients around one server, which is node 0.
fn star(clients: usize) -> Vec<[usize; 2]> {
    (1..=clients).map(|client| [client, 0]).collect()
}

fn play_star(scenario: &Scenario, clients: usize, server: Box<dyn Node>, old: &[usize]) -> Traffic {
    let nodes = std::iter::once(server).chain((1..=clients).map(|node| scenario.client(node))).collect();
    let mut world = World::new(nodes, &star(clients));
    old.iter().for_each(|link| world.make_old(*link));
    scenario.play(&mut world);
    world.sent[0]
}

/// How many histories each test plays; more with `SYNC_HISTORIES` in the environment.
fn seeds(salt: u64) -> impl Iterator<Item = u64> {
    let count = std::env::var("SYNC_HISTORIES").map_or(450, |count| count.parse().unwrap());
    (0..count).map(move |seed| salt << 32 | seed)
}

fn play_hub(seed: u64, trouble: Trouble, old: &[usize]) {
    let clients = 1 + seed as usize % 4;
    let scenario = Scenario::random(seed, clients + 1, clients, trouble);
    play_star(&scenario, clients, scenario.hub(0, Hub::default()), old);
}

#[test]
fn a_star_of_stock_peers_comes_together() {
    seeds(1).for_each(|seed| play_hub(seed, Trouble::None, &[]));
}

#[test]
fn peers_come_together_over_links_that_break() {
    seeds(2).for_each(|seed| play_hub(seed, Trouble::Breaks, &[]));
}

#[test]
fn peers_come_together_once_they_may_write() {
    seeds(3).for_each(|seed| play_hub(seed, Trouble::ReadOnly, &[]));
}

#[test]
fn peers_come_together_around_a_hub_that_forgot() {
    seeds(4).for_each(|seed| play_hub(seed, Trouble::Forgets, &[]));
}

#[test]
fn peers_that_know_version_1_alone_come_together_with_others() {
    for seed in seeds(5) {
        let trouble = [Trouble::Breaks, Trouble::ReadOnly, Trouble::Forgets][seed as usize % 3];
        play_hub(seed, trouble, if seed & 1 == 0 { &[0] } else { &[] });
    }
}

#[test]
fn a_chain_of_two_hubs_comes_together() {
    // Two clients on each hub, and a client that is on both.
    let links = [[2, 0], [3, 0], [0, 1], [4, 1], [5, 1], [6, 0], [6, 1]];
    for seed in seeds(6) {
        let trouble = [Trouble::Breaks, Trouble::ReadOnly, Trouble::Forgets][seed as usize % 3];
        let scenario = Scenario::random(seed, 7, links.len(), trouble);
        let hubs = (0..2).map(|node| scenario.hub(node, Hub::default()));
        let nodes = hubs.chain((2..7).map(|node| scenario.client(node))).collect();
        scenario.play(&mut World::new(nodes, &links));
    }
}

#[test]
fn a_hub_says_no_more_than_a_stock_server() {
    let (mut ours, mut theirs) = (Traffic::default(), Traffic::default());
    for seed in seeds(7) {
        let clients = 1 + seed as usize % 4;
        let scenario = Scenario::random(seed, clients + 1, clients, Trouble::Breaks);
        let hub = play_star(&scenario, clients, scenario.hub(0, Hub::prompt()), &[]);
        let stock = play_star(&scenario, clients, scenario.client(0), &[]);
        assert!(hub.messages <= stock.messages + 2 * clients, "seed {seed}: {hub:?}, stock {stock:?}");
        ours += hub;
        theirs += stock;
    }
    println!("ours {ours:?}, stock {theirs:?}");
    assert!(
        ours.messages <= theirs.messages && ours.bytes <= theirs.bytes,
        "ours {ours:?}, stock {theirs:?}"
    );
}
