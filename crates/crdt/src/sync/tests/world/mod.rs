//! A world of nodes that sync one document over links. Every link carries messages in order until it breaks;
//! what is under way is then lost, and both ends meet afresh.

mod hub;
mod stock;

use std::collections::VecDeque;

use automerge::sync as stock_sync;
use base::Hash;

pub(super) use hub::Hub;
pub(super) use stock::Stock;

/// Something that syncs a document. Links are numbered by the world.
pub(super) trait Node {
    /// A link was made. If it was there before, what is persisted of it may be used.
    fn meet(&mut self, link: usize, remembers: bool);
    fn receive(&mut self, link: usize, message: &[u8]);
    fn generate(&mut self, link: usize) -> Option<Vec<u8>>;
    /// Takes the changes that come over a link from now on, or no longer.
    fn set_read_only(&mut self, link: usize, read_only: bool);
    /// Loses its newest changes, so many of a hundred, and all that is known of its links. Whether it can.
    fn forget(&mut self, _percent: usize) -> bool {
        false
    }
    /// Makes a change, if this node makes any.
    fn edit(&mut self, _value: u64) {}
    /// Makes durable what came first, if anything waits for that. Whether anything did.
    fn commit(&mut self) -> bool {
        false
    }
    fn heads(&mut self) -> Vec<Hash>;
}

/// One direction of a link.
#[derive(Default)]
struct Wire {
    messages: VecDeque<Vec<u8>>,
}

struct Link {
    ends: [usize; 2],
    /// What is under way to each end.
    wires: [Wire; 2],
    /// Takes the flags off all messages, as if both ends were too old to know any.
    old: bool,
}

/// What was sent.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Traffic) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

pub(super) struct World {
    pub(super) nodes: Vec<Box<dyn Node>>,
    links: Vec<Link>,
    /// By the node that sent.
    pub(super) sent: Vec<Traffic>,
}

impl World {
    pub(super) fn new(nodes: Vec<Box<dyn Node>>, links: &[[usize; 2]]) -> Self {
        let sent = vec![Traffic::default(); nodes.len()];
        let link = |ends: &[usize; 2]| Link { ends: *ends, wires: Default::default(), old: false };
        let mut world = World { nodes, links: links.iter().map(link).collect(), sent };
        (0..links.len()).for_each(|link| world.meet(link, false));
        world
    }

    pub(super) fn make_old(&mut self, link: usize) {
        self.links[link].old = true;
    }

    pub(super) fn meet(&mut self, link: usize, remembers: bool) {
        self.links[link].wires = Default::default();
        for end in self.links[link].ends {
            self.nodes[end].meet(link, remembers);
        }
    }

    /// One end of a link takes what comes over it, or no longer.
    pub(super) fn set_read_only(&mut self, link: usize, end: usize, read_only: bool) {
        self.nodes[self.links[link].ends[end]].set_read_only(link, read_only);
    }

    /// A node loses its newest changes, and all its links break.
    pub(super) fn forget(&mut self, node: usize, percent: usize) {
        if self.nodes[node].forget(percent) {
            let broken = |link: &usize| self.links[*link].ends.contains(&node);
            (0..self.links.len())
                .filter(broken)
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|link| self.meet(link, true));
        }
    }

    /// Lets one end of a link send what it has to say. Whether it did.
    pub(super) fn send(&mut self, link: usize, from: usize) -> bool {
        let at = &mut self.links[link];
        let Some(message) = self.nodes[at.ends[from]].generate(link) else { return false };
        let message = if at.old { without_flags(&message) } else { message };
        let sent = &mut self.sent[at.ends[from]];
        sent.messages += 1;
        sent.bytes += message.len();
        at.wires[1 - from].messages.push_back(message);
        true
    }

    /// Delivers the message that is first on its way to one end. Whether there was one.
    pub(super) fn deliver(&mut self, link: usize, to: usize) -> bool {
        let at = &mut self.links[link];
        let Some(message) = at.wires[to].messages.pop_front() else { return false };
        self.nodes[at.ends[to]].receive(link, &message);
        true
    }

    /// Sends and delivers until nobody has anything to say, with everybody taking everything.
    pub(super) fn settle(&mut self) {
        const ROUNDS: usize = 200;
        for link in 0..self.links.len() {
            [0, 1].into_iter().for_each(|end| self.set_read_only(link, end, false));
        }
        for _ in 0..ROUNDS {
            let mut busy = false;
            for link in 0..self.links.len() {
                for end in [0, 1] {
                    busy |= self.send(link, end);
                    busy |= self.deliver(link, 1 - end);
                }
            }
            for node in &mut self.nodes {
                busy |= node.commit();
            }
            if !busy {
                return;
            }
        }
        panic!("the peers still talk after {ROUNDS} rounds");
    }

    pub(super) fn assert_equal(&mut self, seed: u64) {
        let heads: Vec<_> = self.nodes.iter_mut().map(|node| node.heads()).collect();
        assert!(
            heads.windows(2).all(|pair| pair[0] == pair[1]),
            "heads differ in history {seed:#x}: {heads:?}"
        );
    }
}

fn without_flags(message: &[u8]) -> Vec<u8> {
    let message = stock_sync::Message::decode(message).unwrap();
    assert_eq!(message.version, stock_sync::MessageVersion::V1, "nobody showed that it knows version 2");
    stock_sync::Message { flags: None, ..message }.encode()
}
