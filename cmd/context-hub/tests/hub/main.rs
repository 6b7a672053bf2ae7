//! The program as its users meet it: a hub of its own on a folder of its own, spoken to over HTTP.
//!
//! Each test starts the real binary; what is tested part by part elsewhere is shown here to hold together.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod access;
mod command_line;
mod conditions;
mod crowding;
mod curl;
mod documents;
mod editing;
mod endurance;
mod feed;
mod following;
mod http;
mod https;
mod limits;
mod lists;
mod merging;
mod metadata;
mod operations;
mod pages;
mod past;
mod patches;
mod profiles;
mod refusals;
mod retries;
mod revisions;
mod secrecy;
mod start;
mod stopping;
mod support;
mod tokens;
mod verbs;
