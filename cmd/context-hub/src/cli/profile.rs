//! Profiles: hubs with names.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
pub struct ProfileArgs {
    #[command(subcommand)]
    pub verb: ProfileVerb,
    /// Print JSON; problems, too, on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum ProfileVerb {
    /// Give a hub and a token a name; a profile of that name is replaced
    Add(ProfileAddArgs),
    /// Print the profiles, without their tokens
    Ls,
    /// Forget a profile
    Rm(ProfileRemoveArgs),
}

#[derive(Args)]
pub struct ProfileAddArgs {
    /// Its name
    pub name: String,
    /// Where the hub is
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// An access token; - reads it from standard input, which shows it to nobody
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,
    /// A file that holds an access token; it is read at every use, so that it may be renewed
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Use it when no hub is named
    #[arg(long)]
    pub default: bool,
}

#[derive(Args)]
pub struct ProfileRemoveArgs {
    /// Its name
    pub name: String,
}
