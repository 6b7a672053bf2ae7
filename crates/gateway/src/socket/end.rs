//! A socket as those work with it who speak over it, and how it ends.

use super::{Close, Code, Lost, Receiver, Sender, close};
use crate::app::App;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a socket works with.
pub(crate) struct Socket {
    pub app: Arc<App>,
    pub receiver: Receiver,
    pub sender: Sender,
    /// Cancelled when the hub stops.
    pub stop: CancellationToken,
}

/// How a socket ended.
pub(crate) enum End {
    /// The client is told why.
    Told(Close),
    /// There is nobody to tell.
    Gone,
}

/// What is told when the hub stops.
pub(crate) fn stopping() -> Close {
    Close::new(Code::Restart, "the hub stops; connect again")
}

/// Ends a socket, and counts how.
pub(crate) async fn finish(socket: Socket, end: End) {
    let Socket { app, receiver, sender, .. } = socket;
    match end {
        End::Told(reason) => {
            app.metrics.socket_closed(reason.code.label());
            close(receiver, sender, &reason).await;
        }
        End::Gone => app.metrics.socket_closed("none"),
    }
}

impl From<Close> for End {
    fn from(close: Close) -> End {
        End::Told(close)
    }
}

impl From<Lost> for End {
    fn from(lost: Lost) -> End {
        lost.close().map_or(End::Gone, End::Told)
    }
}
