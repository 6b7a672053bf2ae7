//! A header-only client of a document that many write at once.

use super::{Header, Ledger, Place, RepoPeer, say};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::rc::Rc;

/// A client that writes behind its own anchor and hears of everyone's changes.
pub struct Hand {
    peer: RepoPeer,
    ledger: Rc<RefCell<Ledger>>,
    number: usize,
    view: View,
}

impl Hand {
    /// Joins as the hand of that number and waits until it has the text with its anchors.
    pub async fn open(place: &Place, ledger: &Rc<RefCell<Ledger>>, number: usize) -> Result<Hand> {
        let mut peer = RepoPeer::open(place).await?;
        peer.request(say::request())?;
        let mut hand = Hand { peer, ledger: ledger.clone(), number, view: View::default() };
        while hand.view.frontier.is_empty() {
            hand.next().await?;
        }
        Ok(hand)
    }

    /// Writes each of `texts` as a change and sends them in one message; the numbers of the changes.
    pub fn write<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<usize>> {
        let mut ledger = self.ledger.borrow_mut();
        let (mut numbers, mut chunks) = (Vec::new(), Vec::new());
        for text in texts {
            let made = ledger.write(self.number, text, std::mem::take(&mut self.view.frontier));
            self.view.frontier.push(made.number);
            self.view.unshared.push(made.number);
            numbers.push(made.number);
            chunks.extend_from_slice(&made.bytes);
        }
        let heads = ledger.hashes(&self.view.frontier);
        let shared = ledger.hashes(&self.view.server_heads);
        let unshared = ledger.hashes(&self.view.unshared);
        drop(ledger);
        let say = say::Say {
            heads: &heads,
            shared: &shared,
            unshared: &unshared,
            need: &[],
            changes: Some(chunks),
        };
        self.peer.say(say::message(say))?;
        Ok(numbers)
    }

    /// Waits for a message, answers it, and tells what others wrote that this client now has. Cancelling it loses
    /// nothing.
    pub async fn next(&mut self) -> Result<Vec<usize>> {
        let message = self.peer.hear().await?;
        let header = Header::read(&message)?;
        let ledger = self.ledger.borrow();
        let numbers = header.heads.iter().map(|head| ledger.number_of(head));
        let heads: Vec<usize> =
            numbers.collect::<Option<_>>().context("the server has a change that nobody made")?;
        let news = self.view.news(&ledger, self.number, &heads);
        if news.others.is_empty() {
            self.view.take(&ledger, heads, &news);
            return Ok(news.others);
        }
        let shared = ledger.hashes(&self.view.server_heads);
        let mine = ledger.hashes(&self.view.frontier);
        if header.is_empty() {
            let need = header.heads;
            let unshared = ledger.hashes(&self.view.unshared);
            let ask =
                say::Say { heads: &mine, shared: &shared, unshared: &unshared, need, changes: Some(vec![]) };
            self.peer.say(say::message(ask))?;
            return Ok(Vec::new());
        }
        ensure!(
            header.whole || header.changes >= news.others.len(),
            "the server says that it has {} more changes, but sends {}",
            news.others.len(),
            header.changes
        );
        self.view.take(&ledger, heads, &news);
        let (heads, unshared) = (ledger.hashes(&self.view.frontier), ledger.hashes(&self.view.unshared));
        let shared = header.heads;
        let answer =
            say::Say { heads: &heads, shared, unshared: &unshared, need: &[], changes: Some(Vec::new()) };
        self.peer.say(say::message(answer))?;
        Ok(news.others)
    }

    /// How many of its own changes the server has not confirmed yet.
    pub fn unconfirmed(&self) -> usize {
        self.view.unshared.len()
    }
}

/// What a client knows, in numbers of the ledger.
#[derive(Default)]
struct View {
    /// What the server has, as far as it said.
    shared: Bits,
    server_heads: Vec<usize>,
    /// Own changes that the server has not confirmed, ascending.
    unshared: Vec<usize>,
    /// The client's heads.
    frontier: Vec<usize>,
}

/// What heads of the server bring, ascending.
struct News {
    own: Vec<usize>,
    others: Vec<usize>,
}

impl View {
    /// What of the history of `heads` was not known to be the server's.
    fn news(&self, ledger: &Ledger, hand: usize, heads: &[usize]) -> News {
        let mut seen = Bits::default();
        let mut news = News { own: Vec::new(), others: Vec::new() };
        let mut stack = heads.to_vec();
        while let Some(number) = stack.pop() {
            if self.shared.contains(number) || !seen.insert(number) {
                continue;
            }
            let own = ledger.hand_of(number) == Some(hand);
            if own { &mut news.own } else { &mut news.others }.push(number);
            stack.extend_from_slice(ledger.deps(number));
        }
        news.own.sort_unstable();
        news.others.sort_unstable();
        news
    }

    fn take(&mut self, ledger: &Ledger, heads: Vec<usize>, news: &News) {
        for number in news.own.iter().chain(&news.others) {
            self.shared.insert(*number);
        }
        self.unshared.retain(|number| !self.shared.contains(*number));
        // A change of somebody else is a head until one that depends on it comes; those have higher numbers.
        for number in &news.others {
            self.frontier.retain(|head| !ledger.deps(*number).contains(head));
            self.frontier.push(*number);
        }
        self.server_heads = heads;
    }
}

/// A set of small numbers.
#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether it was not there.
    fn insert(&mut self, number: usize) -> bool {
        let was = self.contains(number);
        if number / 64 >= self.0.len() {
            self.0.resize(number / 64 + 1, 0);
        }
        self.0[number / 64] |= 1 << (number % 64);
        !was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: usize = 0;
    const OTHER: usize = 1;

    fn joined() -> (Ledger, View) {
        let ledger = Ledger::new(2).unwrap();
        let mut view = View::default();
        let news = view.news(&ledger, ME, &[Ledger::BASE]);
        assert_eq!(news.others, [Ledger::BASE]);
        view.take(&ledger, vec![Ledger::BASE], &news);
        (ledger, view)
    }

    /// Lets the server say that its heads are `heads`.
    fn hear(view: &mut View, ledger: &Ledger, heads: &[usize]) -> Vec<usize> {
        let news = view.news(ledger, ME, heads);
        view.take(ledger, heads.to_vec(), &news);
        news.others
    }

    #[test]
    fn others_are_told_once_and_become_heads() {
        let (mut ledger, mut view) = joined();
        let first = ledger.write(OTHER, "a", vec![Ledger::BASE]).number;
        let second = ledger.write(OTHER, "b", vec![first]).number;
        assert_eq!(hear(&mut view, &ledger, &[second]), [first, second]);
        assert!(hear(&mut view, &ledger, &[second]).is_empty());
        assert_eq!(view.frontier, [second]);
    }

    #[test]
    fn an_own_change_is_unshared_until_the_server_has_it() {
        let (mut ledger, mut view) = joined();
        let mine = ledger.write(ME, "m", std::mem::take(&mut view.frontier)).number;
        view.frontier.push(mine);
        view.unshared.push(mine);
        let theirs = ledger.write(OTHER, "t", vec![Ledger::BASE]).number;
        assert_eq!(hear(&mut view, &ledger, &[theirs]), [theirs]);
        assert_eq!(
            (view.unshared.as_slice(), view.frontier.as_slice()),
            ([mine].as_slice(), [mine, theirs].as_slice())
        );
        let both = ledger.write(OTHER, "b", vec![mine, theirs]).number;
        assert_eq!(hear(&mut view, &ledger, &[both]), [both]);
        assert_eq!((view.unshared.len(), view.frontier.as_slice()), (0, [both].as_slice()));
    }

    #[test]
    fn bits_remember() {
        let mut bits = Bits::default();
        assert!(bits.insert(64) && !bits.insert(64) && bits.insert(0));
        assert!(bits.contains(64) && bits.contains(0) && !bits.contains(63) && !bits.contains(1_000));
    }
}
