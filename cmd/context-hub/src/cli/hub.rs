//! Which hub is spoken to, and as whom: what all verbs for users take.
//!
//! The environment is not read by the parser: where a setting comes from decides which token may go where; see
//! `hub::target`.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Hub")]
pub struct HubArgs {
    /// Where the hub is [env: CONTEXT_HUB_URL] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// An access token [env: CONTEXT_HUB_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// A file that holds an access token [env: CONTEXT_HUB_TOKEN_FILE] [default, for a hub on this machine:
    /// ./data/owner.token]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A profile, as `context-hub profile add` makes it [env: CONTEXT_HUB_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Print JSON; problems, too, on standard error
    #[arg(long, global = true)]
    pub json: bool,
}
