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
}

struct Scenario {
    start: Vec<u8>,
    starts_with: Vec<bool>,
    steps: Vec<Step>,
}

impl Scenario {
    fn random(seed: u64, nodes: usize, links: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let length = random.random_range(10..120);
        let breaks = random.random_bool(0.5);
        let steps = (0..length).map(|_| Step::random(&mut random, nodes, links, breaks)).collect();
        let starts_with = (0..nodes).map(|_| random.random_bool(0.6)).collect();
        let mut first = Stock::new(0xff);
        let history = [0, 0, 1, 5, 70][random.random_range(0..5)];
        (0..history).for_each(|value| first.edit(value * 7));
        Scenario { start: first.doc.save(), starts_with, steps }
    }

    fn play(&self, world: &mut World) {
        for step in &self.steps {
            match *step {
                Step::Edit { node, value } => world.nodes[node].edit(value),
                Step::Send { link, from } => drop(world.send(link, from)),
                Step::Deliver { link, to } => drop(world.deliver(link, to)),
                Step::Commit { node } => drop(world.nodes[node].commit()),
                Step::Break { link, remembers } => world.meet(link, remembers),
            }
        }
        world.settle();
        world.assert_equal();
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
    fn random(random: &mut StdRng, nodes: usize, links: usize, breaks: bool) -> Step {
        let (link, end) = (random.random_range(0..links), random.random_range(0..2));
        match random.random_range(0..20) {
            0..5 => Step::Edit { node: random.random_range(0..nodes), value: random.random() },
            5..10 => Step::Send { link, from: end },
            10..17 => Step::Deliver { link, to: end },
            17..19 => Step::Commit { node: random.random_range(0..nodes) },
            _ if breaks => Step::Break { link, remembers: random.random_bool(0.5) },
            _ => Step::Send { link, from: end },
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

const SEEDS: u64 = 300;

#[test]
fn a_star_of_stock_peers_comes_together() {
    for seed in 0..SEEDS {
        let clients = 1 + seed as usize % 4;
        let scenario = Scenario::random(seed, clients + 1, clients);
        play_star(&scenario, clients, scenario.hub(0, Hub::default()), &[]);
    }
}

#[test]
fn peers_that_know_version_1_alone_come_together_with_others() {
    for seed in 0..SEEDS {
        let clients = 1 + seed as usize % 3;
        let scenario = Scenario::random(seed ^ 0xaaaa, clients + 1, clients);
        let old: Vec<usize> = (0..clients).filter(|link| seed >> link & 1 == 0).collect();
        play_star(&scenario, clients, scenario.hub(0, Hub::default()), &old);
    }
}

#[test]
fn a_chain_of_two_hubs_comes_together() {
    // Two clients on each hub, and a client that is on both.
    let links = [[2, 0], [3, 0], [0, 1], [4, 1], [5, 1], [6, 0], [6, 1]];
    for seed in 0..SEEDS {
        let scenario = Scenario::random(seed ^ 0x5555, 7, links.len());
        let hubs = (0..2).map(|node| scenario.hub(node, Hub::default()));
        let nodes = hubs.chain((2..7).map(|node| scenario.client(node))).collect();
        scenario.play(&mut World::new(nodes, &links));
    }
}

#[test]
fn a_hub_says_no_more_than_a_stock_server() {
    let (mut ours, mut theirs) = (Traffic::default(), Traffic::default());
    for seed in 0..SEEDS {
        let clients = 1 + seed as usize % 4;
        let scenario = Scenario::random(seed ^ 0x1234, clients + 1, clients);
        let hub = play_star(&scenario, clients, scenario.hub(0, Hub::prompt()), &[]);
        let stock = play_star(&scenario, clients, scenario.client(0), &[]);
        assert!(hub.messages <= stock.messages + 2 * clients, "seed {seed}: {hub:?}, stock {stock:?}");
        ours.messages += hub.messages;
        ours.bytes += hub.bytes;
        theirs.messages += stock.messages;
        theirs.bytes += stock.bytes;
    }
    println!("ours {ours:?}, stock {theirs:?}");
    assert!(ours.messages <= theirs.messages);
}
