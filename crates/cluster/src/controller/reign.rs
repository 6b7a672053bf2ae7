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

/// How a reign ended.
enum Over {
    /// Somebody else may be the controller by now.
    Deposed,
    /// The coordinator does not keep this cluster.
    Estranged,
}

impl Reign {
    async fn run(mut self, election: Election, stop: CancellationToken) {
        while let Some(mut leadership) = stop.run_until_cancelled(self.campaign(&election)).await {
            tracing::info!(token = leadership.token(), "elected as controller");
            let over = stop.run_until_cancelled(self.reign(&mut leadership)).await;
            match over {
                None => return leadership.resign().await,
                Some(Over::Estranged) => {
                    tracing::warn!(
                        token = leadership.token(),
                        "the office is left to who knows the cluster there"
                    );
                    // If the stop comes meanwhile, the office falls vacant by itself.
                    stop.run_until_cancelled(leadership.resign()).await;
                }
                Some(Over::Deposed) => {
                    tracing::warn!(token = leadership.token(), "not the controller any more");
                }
            }
        }
    }

    /// Stands for election, but not for the office of a cluster that is not this one.
    async fn campaign(&self, election: &Election) -> Leadership {
        loop {
            let _stopped = self.view.clone().wait_for_contact(|contact| !contact.is_estranged()).await;
            tokio::select! {
                leadership = election.campaign() => return leadership,
                () = until_estranged(self.view.clone()) => {}
            }
        }
    }

    /// Does the work until the office is lost, or is that of another cluster.
    async fn reign(&mut self, leadership: &mut Leadership) -> Over {
        let (coordinator, keys) = (self.coordinator.clone(), self.keys.clone());
        let hand = Hand { coordinator, keys, fence: leadership.fence() };
        let view = self.view.clone();
        tokio::select! {
            () = until_estranged(view) => Over::Estranged,
            () = leadership.keep() => Over::Deposed,
            () = self.govern(&hand) => Over::Deposed,
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

/// Waits until the coordinator is found to keep another cluster, or none.
async fn until_estranged(mut view: ClusterView) {
    if view.wait_for_contact(|contact| contact.is_estranged()).await.is_none() {
        // A view that was stopped hears of nothing.
        std::future::pending::<()>().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{Local, Txn};
    use crate::state::ClusterConfig;
    use base::ClusterId;
    use std::sync::Arc;

    #[tokio::test]
    async fn nobody_stands_for_the_office_of_another_cluster() {
        let coordinator: SharedCoordinator = Arc::new(Local::new());
        let keys = Keys::new("/hub").unwrap();
        let is_of = async |cluster| {
            let cluster = Some(ClusterId::from_u128(cluster));
            let config = ClusterConfig { shards: 1, replicas: 1, master_key: None, cluster };
            coordinator.commit(Txn::new().put("/hub/config".into(), encode(&config))).await.unwrap();
        };
        let is_held = async || coordinator.get("/hub/controller".into()).await.unwrap().is_some();
        let becomes = async |held| {
            let became = async {
                while is_held().await != held {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), became).await.expect("it comes true in time");
        };
        is_of(1).await;
        let (mut view, task) = ClusterView::start(coordinator.clone(), keys.clone());
        view.wait_for(|snapshot| snapshot.config().is_some()).await.unwrap();
        let rules = Rules { ttl: Duration::from_secs(60), ..Rules::default() };
        let controller = Controller::start(coordinator.clone(), keys.clone(), view.clone(), "a", rules);
        becomes(true).await;
        is_of(2).await;
        // Long before the lease ends.
        becomes(false).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!is_held().await, "it stands again");
        is_of(1).await;
        becomes(true).await;
        controller.stop().await;
        assert!(!is_held().await);
        task.stop().await;
    }
}
