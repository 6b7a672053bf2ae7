//! `context-hub profile`: hubs and tokens under names.

use crate::cli::{ProfileAddArgs, ProfileArgs, ProfileRemoveArgs, ProfileVerb};
use crate::exit::Usage;
use crate::hub;
use crate::hub::profiles::{self, Profile, Profiles};
use crate::hub::target;
use crate::output;
use crate::table::table;
use anyhow::{Context, Result};
use serde_json::json;
use std::io::stdin;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub fn run(args: &ProfileArgs) -> Result<ExitCode> {
    hub::finish(args.json, run_verb(&args.verb, args.json).map(|()| ExitCode::SUCCESS))
}

fn run_verb(verb: &ProfileVerb, json: bool) -> Result<()> {
    let path = profiles::path(&|name| std::env::var(name).ok())?;
    match verb {
        ProfileVerb::Add(args) => add(&path, args, json),
        ProfileVerb::Ls => list(&path, json),
        ProfileVerb::Rm(args) => remove(&path, args, json),
    }
}

fn add(path: &Path, args: &ProfileAddArgs, json: bool) -> Result<()> {
    let (url, _) = target::check(&args.url)?;
    let token = match args.token.as_deref() {
        Some("-") => {
            let mut line = String::new();
            stdin().read_line(&mut line).context("cannot read a token from standard input")?;
            Some(line)
        }
        given => given.map(str::to_owned),
    };
    let token = token.map(|token| token.trim().to_owned());
    if token.as_deref() == Some("") {
        return Err(Usage("the token is empty".to_owned()).into());
    }
    // A profile is used from anywhere, so its file is, too.
    let token_file: Option<PathBuf> = args.token_file.as_deref().map(std::path::absolute).transpose()?;
    let mut all = Profiles::load(path)?;
    all.profiles.insert(args.name.clone(), Profile { url, token, token_file });
    if args.default {
        all.default = Some(args.name.clone());
    }
    all.save(path)?;
    if json {
        return output::json(&json!({ "name": args.name, "file": path }));
    }
    output::line(&format!("{} is in {}", output::plain(&args.name), path.display()))
}

fn list(path: &Path, json: bool) -> Result<()> {
    let all = Profiles::load(path)?;
    let is_default = |name: &String| all.default.as_ref() == Some(name);
    let token = |profile: &Profile| match (&profile.token, &profile.token_file) {
        (Some(_), _) => "kept here".to_owned(),
        (None, Some(file)) => format!("in {}", file.display()),
        (None, None) => "none".to_owned(),
    };
    if json {
        let shown = all.profiles.iter().map(|(name, profile)| {
            json!({
                "name": name, "url": profile.url, "has_token": profile.token.is_some(),
                "token_file": profile.token_file, "default": is_default(name),
            })
        });
        return output::json(&json!({ "profiles": shown.collect::<Vec<_>>() }));
    }
    let row = |(name, profile): (&String, &Profile)| {
        let default = if is_default(name) { "yes" } else { "" };
        [output::plain(name), output::plain(&profile.url), token(profile), default.to_owned()]
    };
    let rows: Vec<_> = all.profiles.iter().map(row).collect();
    output::line(&table(["NAME", "URL", "TOKEN", "DEFAULT"], &rows))
}

fn remove(path: &Path, args: &ProfileRemoveArgs, json: bool) -> Result<()> {
    let mut all = Profiles::load(path)?;
    if all.profiles.remove(&args.name).is_none() {
        return Err(Usage(format!("there is no profile {:?}; see: context-hub profile ls", args.name)).into());
    }
    all.default = all.default.filter(|default| *default != args.name);
    all.save(path)?;
    if json {
        return output::json(&json!({ "name": args.name, "forgotten": true }));
    }
    output::line(&format!("{} is forgotten", output::plain(&args.name)))
}
