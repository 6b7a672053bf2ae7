//! A cluster of the real program as its users and its operators meet it: three etcds, three nodes, a gateway; one story from the
//! first placement to the loss of the coordinator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod admin;
mod lost;
mod story;
#[expect(dead_code, reason = "the tests of one hub use all of it")]
#[path = "../hub/support"]
mod support {
    mod ask;
    mod program;
    mod reply;
    mod user;

    pub use ask::{Ask, Wire};
    pub use program::{context_hub, context_hub_within};
    pub use reply::Reply;
    pub use user::User;
}
