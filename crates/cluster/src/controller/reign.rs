//! The loop of the controller: be elected, decide and perform until deposed, and again.

use super::perform::{Hand, Performed};
use super::{Because, Decision, Rules, decide};
use crate::coordinator::{Election, Leadership, SharedCoordinator};
use crate::state::{ControllerRecord, Key, Keys, encode};
use crate::view::ClusterView;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often it is decided anew although nothing was heard: some decisions only wait for time to pass.
const TICK: Duration = Duration::from_secs(1);

/// A candidate for the office of the controller, and its task. Any number of processes have one.
pub struct Controller {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Controller {
    /// Stands for election as `name`, and does the work while elected.
    pub fn start(
        coordinator: SharedCoordinator,
        keys: Keys,
        view: ClusterView,
        name: &str,
        rules: Rules,
    ) -> Controller {
        let stop = CancellationToken::new();
        let record = encode(&ControllerRecord { name: name.into() });
        let election = Election::new(coordinator.clone(), keys.path(Key::Controller), record, rules.ttl);
        let reign = Reign { coordinator, keys, view, rules };
        let stopped = stop.clone();
        Controller { stop, task: tokio::spawn(reign.run(election, stopped)) }
    }

    /// Leaves the office, if it is held, and stops standing for it.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task of the controller panicked");
        }
    }
}

struct Reign {
    coordinator: SharedCoordinator,
    keys: Keys,
    view: ClusterView,
    rules: Rules,
}

impl Reign {
    async fn run(mut self, election: Election, stop: CancellationToken) {
        while let Some(mut leadership) = stop.run_until_cancelled(election.campaign()).await {
            tracing::info!(token = leadership.token(), "elected as controller");
            let deposed = stop.run_until_cancelled(self.reign(&mut leadership));
            if deposed.await.is_none() {
                leadership.resign().await;
                return;
            }
            tracing::warn!(token = leadership.token(), "not the controller any more");
        }
    }

    /// Does the work until the office is lost.
    async fn reign(&mut self, leadership: &mut Leadership) {
        let (coordinator, keys) = (self.coordinator.clone(), self.keys.clone());
        let hand = Hand { coordinator, keys, fence: leadership.fence() };
        tokio::select! {
            () = leadership.keep() => {}
            () = self.govern(&hand) => {}
        }
    }

    /// Decides and performs, until a write finds that somebody else was elected.
    async fn govern(&mut self, hand: &Hand) {
        let mut said = None;
        loop {
            let snapshot = self.view.now();
            let decision = decide(&snapshot, &self.view.contact(), &self.rules, Instant::now());
            if said.as_ref() != Some(&decision.because) {
                say(&decision.because);
                said = Some(decision.because.clone());
            }
            if perform_all(hand, &decision).await == Some(Performed::Deposed) {
                return;
            }
            // A view that was stopped says so at once, and would say it for ever.
            if tokio::time::timeout(TICK, self.view.changed()).await == Ok(None) {
                tokio::time::sleep(TICK).await;
            }
        }
    }
}

/// Performs actions until one is not done, and gives what became of that one.
async fn perform_all(hand: &Hand, decision: &Decision) -> Option<Performed> {
    for action in &decision.actions {
        match hand.perform(action).await {
            Ok(Performed::Done) => {}
            Ok(otherwise) => return Some(otherwise),
            Err(error) => {
                // Whether it is written or not shows in the view.
                tracing::warn!(%error, "the controller could not write");
                return None;
            }
        }
    }
    None
}

fn say(because: &Because) {
    match because {
        Because::PlacementsLost(_) | Because::DataIsThere(_) => tracing::error!("{because}"),
        Because::Braked(_) | Because::NoPlan(_) => tracing::warn!("{because}"),
        _ => tracing::info!("{because}"),
    }
}
