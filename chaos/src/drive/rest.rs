//! What clients over REST do all day.

use std::io;
use std::time::Duration;

use rand::Rng;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::session::Session;

/// The occupation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Edits any document in any way.
    Write,
    /// Edits the document of one place, as fast as it should and without reading.
    Hammer {
        /// Which.
        place: usize,
    },
    /// Reads the newest state.
    Read,
    /// Reads at a revision.
    ReadAt,
}

/// An edit that a writer may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Splice,
    Replace,
    Swap,
}

impl Duty {
    /// Does this until it is told to stop, and brings the last operation to its end.
    pub async fn work(
        self,
        mut session: Session,
        pace: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stop.borrow() {
            self.once(&mut session).await?;
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.changed() => {}
            }
        }
        Ok(())
    }

    async fn once(self, session: &mut Session) -> io::Result<()> {
        let scene = session.scene.clone();
        let place = match self {
            Duty::Hammer { place } => place,
            Duty::Write | Duty::Read | Duty::ReadAt => scene.places.any(&mut session.dice),
        };
        let paper = scene.places.at(place);
        match self {
            Duty::Read => session.read(&paper).await.map(drop),
            Duty::ReadAt => session.read_at(&paper).await.map(drop),
            Duty::Hammer { .. } => {
                session.splice(&paper, paper.version()).await?;
                session.renew(place, &paper).await
            }
            Duty::Write => {
                match Edit::any(&mut session.dice) {
                    Edit::Splice => session.splice(&paper, paper.version()).await?,
                    Edit::Replace => {
                        if let Some(seen) = session.read(&paper).await? {
                            session.replace(&paper, &seen).await?;
                        }
                    }
                    Edit::Swap => {
                        if let Some(seen) = session.read(&paper).await? {
                            session.swap(&paper, seen).await?;
                        }
                    }
                }
                session.renew(place, &paper).await
            }
        }
    }
}

impl Edit {
    fn any(dice: &mut impl Rng) -> Edit {
        match dice.random_range(0..3) {
            0 => Edit::Splice,
            1 => Edit::Replace,
            _ => Edit::Swap,
        }
    }
}
