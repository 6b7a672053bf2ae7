//! How an outcome finds its way from the log to who waits for it.

use super::ProposeError;
use super::types::TypeConfig;
use openraft::errors::ClientWriteError;
use openraft::raft::responder::Responder;
use tokio::sync::oneshot;

/// The sending end of an answer. That nobody waits any more is not worth a word: a caller may have given up.
pub(super) struct Reply<T>(oneshot::Sender<T>);

impl<T> Reply<T> {
    pub(super) fn new() -> (Reply<T>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Reply(sender), receiver)
    }
}

impl<O, T> Responder<TypeConfig<O>, T> for Reply<T>
where
    O: Send + Sync + 'static,
    T: Send + 'static,
{
    fn on_complete(self, result: T) {
        let _nobody_waits = self.0.send(result);
    }
}

/// What a refusal means to the proposer.
pub(super) fn refusal<O: Send + Sync + 'static>(error: ClientWriteError<TypeConfig<O>>) -> ProposeError {
    match error {
        ClientWriteError::ForwardToLeader(forward) => ProposeError::NotLeader { leader: forward.leader_id },
        // It was in this node's log and was cut off; a new leader may have it in its own.
        ClientWriteError::LogEntryDiscarded(_) => ProposeError::Unknown,
        // Only changes of the membership are refused so, and none is proposed here.
        ClientWriteError::ChangeMembershipError(_) | ClientWriteError::PreconditionFailed(_) => {
            ProposeError::Unknown
        }
    }
}
