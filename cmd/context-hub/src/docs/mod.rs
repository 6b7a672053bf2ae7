//! `context-hub docs`: documents of a hub that runs, over the network as any client.
//!
//! `requests` says what each verb asks for, `show` how answers look; the verbs only carry things between the two.

mod change;
mod edit;
mod files;
mod pages;
mod past;
mod print;
mod read;
mod remove;
mod requests;
mod share;
mod show;
mod watch;

use crate::cli::{DocsArgs, DocsVerb};
use crate::hub;
use anyhow::Result;
use std::process::ExitCode;

/// Runs one of the verbs.
pub fn run(args: &DocsArgs) -> Result<ExitCode> {
    let json = args.hub.json;
    hub::run(&args.hub, async |hub| {
        match &args.verb {
            DocsVerb::New(args) => change::new(hub, args, json).await?,
            DocsVerb::Ls(args) => read::list(hub, args, json).await?,
            DocsVerb::Get(args) => read::get(hub, args, json).await?,
            DocsVerb::Put(args) => change::put(hub, args, json).await?,
            DocsVerb::Patch(args) => change::patch(hub, args, json).await?,
            DocsVerb::Edit(args) => edit::edit(hub, args, json).await?,
            DocsVerb::Set(args) => change::set(hub, args, json).await?,
            DocsVerb::History(args) => past::history(hub, args, json).await?,
            DocsVerb::Diff(args) => past::diff(hub, args, json).await?,
            DocsVerb::Restore(args) => past::restore(hub, args, json).await?,
            DocsVerb::Share(args) => share::share(hub, args, json).await?,
            DocsVerb::Rm(args) => remove::remove(hub, args, json).await?,
            DocsVerb::Watch(args) => watch::watch(hub, args, json).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}
