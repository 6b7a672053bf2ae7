//! Documents in memory: opened on demand, edited one batch at a time, shown from a cache.

mod compaction;
mod comparing;
pub mod effort;
mod engine;
mod export;
mod fault;
mod history;
mod keyring;
mod making;
mod moment;
mod open;
mod outcome;
mod pace;
mod quarantine;
mod queue;
mod quiet;
mod reading;
mod runner;
mod stored;
mod turns;
mod views;
mod workers;

pub use engine::{Engine, EngineOptions};
pub use fault::{Fault, RETRY_AFTER, bad_edit, chain, elsewhere, unavailable, unproposed, unread};
pub use keyring::{Keyring, OwnerId, new_document_key};
pub use making::{Asker, edit_id};
pub use outcome::refusal;
pub use queue::{Pending, Queued};
pub use stored::{
    HeadWords, access_list, compacted, context, done_before, head, level, level_of_user, unsealed,
    unsealed_versions, version, words,
};
pub use workers::WorkLost;
