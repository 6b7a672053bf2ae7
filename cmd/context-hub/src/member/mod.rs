//! What all processes of a cluster begin with.

mod contact;
mod directory;
mod identity;
mod map;

pub use contact::Contact;
pub use directory::{addresses, directory};
pub use identity::{credentials, name};
pub use map::{keep, map_of, replace};

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait before the coordinator is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Asks the coordinator until it answers, or until nobody waits any more: `None` then. Refusals are final.
pub async fn until_answered<T>(
    stop: &CancellationToken,
    ask: impl AsyncFn() -> Result<T, cluster::membership::MembershipError>,
) -> Option<Result<T, cluster::membership::MembershipError>> {
    use cluster::coordinator::CoordinatorError::Unavailable;
    use cluster::membership::MembershipError::Coordinator;
    loop {
        match stop.run_until_cancelled(ask()).await? {
            Err(Coordinator(Unavailable { reason })) => {
                tracing::warn!(reason, "etcd does not answer; asking again");
                stop.run_until_cancelled(tokio::time::sleep(ASK_AGAIN)).await?;
            }
            answer => return Some(answer),
        }
    }
}
