//! A hub, its users, and what they are answered: `hub.user("ada").put(&path, &body).send().await`.

mod ask;
mod hub;
mod program;
mod reply;
mod shell;
mod user;

pub use ask::Ask;
pub use hub::TestHub;
pub use program::context_hub;
pub use reply::Reply;
pub use shell::{Ran, Shell};
pub use user::{TENANT, User};
