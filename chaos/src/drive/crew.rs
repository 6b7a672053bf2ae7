//! Hires the clients of a plan, each with a number and dice of its own.

use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::follower::Follower;
use super::http::Http;
use super::notes::Notes;
use super::peer::Peer;
use super::places::Places;
use super::plan::{Plan, Writers};
use super::rest::Duty;
use super::session::{Scene, Session};
use crate::history::ClientId;

/// Hires clients.
pub struct Crew {
    /// Who is wanted.
    pub plan: Plan,
    gateways: Arc<[String]>,
    /// What they share.
    pub scene: Arc<Scene>,
    hired: u32,
}

/// How a client with a socket works.
pub struct Habits {
    /// Where: the document of this place, whichever that is.
    pub place: usize,
    /// The gateways.
    pub gateways: Arc<[String]>,
    /// The one of the next connection, counted round.
    pub gateway: usize,
    /// From one edit to the next.
    pub pace: Duration,
    /// How long an edit may take.
    pub budget: Duration,
}

impl Crew {
    /// Nobody yet.
    pub fn new(plan: Plan, notes: Notes) -> Crew {
        let scene =
            Scene { places: Places::default(), notes, tokens: plan.tokens.clone(), marks: plan.marks.max(1) };
        let gateways = plan.gateways.clone().into();
        Crew { plan, gateways, scene: Arc::new(scene), hired: 0 }
    }

    /// The next client's number, and its dice.
    fn hire(&mut self) -> (ClientId, StdRng) {
        self.hired += 1;
        let seed = self.plan.seed.rotate_left(32) ^ u64::from(self.hired);
        (ClientId(self.hired), StdRng::seed_from_u64(seed))
    }

    /// A client over REST.
    pub fn session(&mut self) -> Session {
        let (client, dice) = self.hire();
        let Plan { attempt, budget, .. } = self.plan;
        let http = Http::new(self.gateways.clone(), client.0 as usize, attempt, budget);
        Session::new(client, self.scene.clone(), dice, http)
    }

    /// The `number`th client of the JSON socket.
    pub fn follower(&mut self, number: u32) -> Follower {
        let (client, dice) = self.hire();
        Follower::new(client, self.scene.clone(), dice, self.habits(client, number))
    }

    /// The `number`th client of the automerge-repo protocol.
    pub fn peer(&mut self, number: u32) -> Peer {
        let (client, dice) = self.hire();
        Peer::new(client, self.scene.clone(), dice, self.habits(client, number))
    }

    /// Those with sockets go round the places.
    fn habits(&self, client: ClientId, number: u32) -> Habits {
        Habits {
            place: number as usize % self.scene.places.len(),
            gateways: self.gateways.clone(),
            gateway: client.0 as usize,
            pace: self.plan.pace,
            budget: self.plan.budget,
        }
    }

    /// What the clients over REST do.
    pub fn duties(&self) -> Vec<Duty> {
        let plan = &self.plan;
        let mut duties: Vec<Duty> = match plan.writers {
            Writers::Roaming(count) => (0..count).map(|_| Duty::Write).collect(),
            Writers::OneEach => (0..self.scene.places.len()).map(|place| Duty::Hammer { place }).collect(),
        };
        duties.extend((0..plan.readers).map(|_| Duty::Read));
        duties.extend((0..plan.revision_readers).map(|_| Duty::ReadAt));
        duties
    }
}
