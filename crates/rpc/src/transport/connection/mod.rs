//! One HTTP/2 connection between two members of a cluster.

mod dial;
mod hello;
mod listener;
mod requests;
mod settings;

pub use dial::Address;
pub use hello::{WIRE_VERSION, WireVersion};

pub(crate) use dial::{Standing, dial};
pub(crate) use hello::{Hello, LinkId};
pub(crate) use listener::{Answerer, Listener, Peer};
pub(crate) use requests::{FRAME_BYTES_MAX, Requests};
pub(crate) use settings::Tasks;
