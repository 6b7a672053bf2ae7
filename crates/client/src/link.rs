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
        let connecting = connect_async_with_config(url, Some(config), true);
        let connected = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let (socket, _) = connected.map_err(|_| Broken::Silent(CONNECT_WITHIN))?.map_err(broken)?;
        Ok(Link { socket })
    }

    pub async fn send(&mut self, text: String) -> Result<(), Broken> {
        let sent = tokio::time::timeout(SEND_WITHIN, self.socket.send(Message::text(text))).await;
        sent.map_err(|_| Broken::Silent(SEND_WITHIN))?.map_err(broken)
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
        Error::Http(answer) if answer.status().is_client_error() => {
            Broken::Ended(Ended::NoHub { status: answer.status().as_u16() })
        }
        other => Broken::Connection(Box::new(other)),
    }
}

fn closed(frame: Option<CloseFrame>) -> Broken {
    let (code, reason) =
        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.as_str().to_owned()));
    match code {
        4401 => Broken::Token(Ended::Closed { code, reason }),
        4400..=4499 => Broken::Ended(Ended::Closed { code, reason }),
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
        for passing in [4503, 4529, 1012, 1001, 1006] {
            assert!(matches!(close(passing), Broken::Later(_)), "{passing}");
        }
        assert!(matches!(closed(None), Broken::Later(_)));
    }
}
