//! WebSockets (RFC 6455), the server's side: what `/sync` and the JSON socket are spoken over.
//!
//! Written for many sockets that do nothing most of the time: an idle one has no buffer, a message takes memory as its
//! bytes arrive and not when its length is announced, and a large payload goes out without a copy. No extensions:
//! payloads of the sync protocol are compressed already.
//!
//! ```text
//! upgrade.rs   an HTTP request becomes a socket
//! io.rs        the two halves of a socket, and its end
//! inbox.rs     bytes to messages         (pure)
//! outbox.rs    messages to bytes         (pure)
//! frame.rs     the heads of frames       (pure)
//! close.rs     why sockets are closed
//! end.rs       a socket, and how it ends
//! life.rs      whether its client lives
//! signals.rs   what others tell a socket
//! registry.rs  all sockets of a gateway
//! revisit.rs   looks again at the tickets that are in use
//! pace.rs      spreads handshakes
//! ```

mod close;
mod end;
mod frame;
mod inbox;
mod io;
mod life;
mod outbox;
mod pace;
mod registry;
mod revisit;
mod signals;
mod upgrade;

pub(crate) use close::{Close, Code};
pub(crate) use end::{End, Socket, finish, stopping};
pub(crate) use frame::Opcode;
pub(crate) use inbox::Event;
use io::{Lost, close};
pub(crate) use io::{Receiver, Sender, halves};
pub(crate) use life::{Life, expiry};
pub(crate) use pace::Pace;
pub(crate) use registry::{NAMES_OF_CLIENTS, NAMES_OF_GATEWAYS, Place, Registry};
pub(crate) use revisit::revisit;
pub(crate) use signals::Signals;
pub(crate) use upgrade::{Upgrade, accept};
