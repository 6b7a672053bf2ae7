//! A socket: connecting it, and what its end means.

use crate::error::Ended;
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::CloseFrame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use wire::thin::FromHub;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The close codes that say more than their hundreds.
pub(crate) const TOO_LONG: u16 = 1009;
const TOKEN: u16 = 4401;
const SILENT: u16 = 4408;

/// How long the hub's last words are waited for, once nothing can be sent any more.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// How long a message may take to go out.
const SEND_WITHIN: Duration = Duration::from_secs(30);

/// The largest message that is taken: a snapshot of the largest document.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// A connected socket.
pub(crate) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// Why a socket is not there any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// For good.
    #[error(transparent)]
    Ended(Ended),
    /// The token is not good any more; a new one may be.
    #[error("the token was refused: {0}")]
    Token(Ended),
    /// A message was longer than what the hub takes.
    #[error("the hub closed the socket: {0}")]
    TooLong(String),
    /// The hub asked to come back later.
    #[error("the hub closed the socket: {0}")]
    Later(String),
    /// The way to the hub is broken.
    #[error("the connection failed")]
    Connection(#[source] Box<Error>),
    /// Nothing came or went for too long.
    #[error("nothing moved for {} s", .0.as_secs())]
    Silent(Duration),
    /// What came is not what a hub says.
    #[error("the hub sent what this client does not understand")]
    Message(#[source] serde_json::Error),
}

impl Link {
    pub async fn connect(url: &str) -> Result<Link, Broken> {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 << 10)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        // The library takes that of the process, and there may be none yet; one that is there stays.
        let _there_already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let connecting = connect_async_with_config(url, Some(config), true);
        let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let (socket, _) = connected.map_err(|_| Broken::Silent(CONNECT_WITHIN))?.map_err(broken)?;
        Ok(Link { socket })
    }

    pub async fn send(&mut self, text: String) -> Result<(), Broken> {
        let sent = tokio::time::timeout(SEND_WITHIN, self.socket.send(Message::text(text))).await;
        match sent.map_err(|_| Broken::Silent(SEND_WITHIN))? {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words().await.unwrap_or_else(|| broken(error))),
        }
    }

    /// Why the hub closed the socket, if it said so while it was being sent to.
    async fn last_words(&mut self) -> Option<Broken> {
        let listening = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    return Some(closed(frame));
                }
            }
            None
        };
        tokio::time::timeout(LAST_WORDS_WITHIN, listening).await.ok().flatten()
    }

    /// The next message. `None` is a sign of life without one. Safe to drop while it waits.
    pub async fn next(&mut self) -> Result<Option<FromHub>, Broken> {
        let frame = self.socket.next().await.unwrap_or(Err(Error::ConnectionClosed)).map_err(broken)?;
        match frame {
            Message::Text(text) => serde_json::from_str(&text).map(Some).map_err(Broken::Message),
            Message::Close(frame) => Err(closed(frame)),
            _ => Ok(None),
        }
    }

    /// Says good-bye. What does not go out is lost with the socket.
    pub async fn close(mut self) {
        let _best_effort = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

fn broken(error: Error) -> Broken {
    match error {
        Error::Http(answer) if is_no_hub(answer.status().as_u16()) => {
            Broken::Ended(Ended::NoHub { status: answer.status().as_u16() })
        }
        other => Broken::Connection(Box::new(other)),
    }
}

/// Whether who answers like this to the request for a socket does not know the path. A proxy in front of a hub has reasons
/// of its own to refuse, and those may pass.
fn is_no_hub(status: u16) -> bool {
    matches!(status, 400 | 404 | 426)
}

fn closed(frame: Option<CloseFrame>) -> Broken {
    let (code, reason) =
        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.as_str().to_owned()));
    match code {
        TOO_LONG => Broken::TooLong(reason),
        TOKEN => Broken::Token(Ended::Closed { code, reason }),
        4400..=4499 if code != SILENT => Broken::Ended(Ended::Closed { code, reason }),
        _ => Broken::Later(format!("{code} {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_whether_to_come_back() {
        let close = |code: u16| closed(Some(CloseFrame { code: code.into(), reason: "because".into() }));
        assert!(matches!(close(4401), Broken::Token(_)));
        assert!(matches!(close(4404), Broken::Ended(Ended::Closed { code: 4404, .. })));
        for passing in [4408, 4503, 4529, 1012, 1001, 1006] {
            assert!(matches!(close(passing), Broken::Later(_)), "{passing}");
        }
        assert!(matches!(close(1009), Broken::TooLong(_)));
        assert!(matches!(closed(None), Broken::Later(_)));
    }

    #[test]
    fn only_who_does_not_know_the_path_is_no_hub() {
        let no_hub = [400, 401, 403, 404, 408, 426, 429, 502].map(is_no_hub);
        assert_eq!(no_hub, [true, false, false, true, false, true, false, false]);
    }
}
