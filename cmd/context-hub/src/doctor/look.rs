//! What there is to see. Nothing here judges.

use crate::cli::HubArgs;
use crate::hub::claims::{Claims, claims};
use crate::hub::profiles::{self, ProfilesError};
use crate::hub::{Ask, Hub, HubError, target};
use crate::private_file;
use crate::status::{self, State};
use anyhow::Result;
use base::{Timestamp, now};
use std::path::{Path, PathBuf};

/// The folder that `context-hub dev` keeps its data in.
const DATA: &str = "./data";

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Which hub, or why nobody can say.
    pub target: Result<TargetFacts, String>,
    /// What the network showed; `None` if no hub is known.
    pub reached: Option<Reached>,
    /// The token, or why there is none.
    pub token: Result<TokenFacts, String>,
    /// This machine.
    pub local: Local,
}

/// Which hub.
#[derive(Debug, Clone)]
pub struct TargetFacts {
    pub url: String,
    pub url_from: String,
    pub on_this_machine: bool,
}

/// What answered at the URL.
#[derive(Debug, Clone)]
pub enum Reached {
    /// Nothing, and why.
    Nobody(String),
    /// Something that is no hub.
    Stranger(String),
    /// A hub.
    Hub(HubFacts),
}

/// What a hub showed.
#[derive(Debug, Clone)]
pub struct HubFacts {
    /// Its clock less ours, in seconds, if it tells.
    pub ahead_s: Option<i64>,
    /// Its version, if it tells.
    pub version: Option<String>,
    /// What it says of itself.
    pub state: Result<State, String>,
}

/// A token.
#[derive(Debug, Clone)]
pub struct TokenFacts {
    pub from: String,
    /// The file that it is in, and whether others can read that.
    pub file: Option<(PathBuf, bool)>,
    pub claims: Option<Claims>,
    /// What the hub makes of it; `None` if it was not asked.
    pub accepted: Option<Result<(), String>>,
    /// Now, in seconds since 1970.
    pub now_s: u64,
}

/// What is on this machine.
#[derive(Debug, Clone)]
pub struct Local {
    /// The version of this program.
    pub version: String,
    /// The editor that `docs edit` opens, and whether it is there.
    pub editor: (String, bool),
    /// The profiles: how many, or what is wrong with the file.
    pub profiles: Result<usize, String>,
    /// Where there is how much room, in bytes.
    pub room: Option<(PathBuf, u64)>,
}

/// Looks at everything.
pub async fn look(args: &HubArgs) -> Facts {
    let found = target::find(args);
    let mut reached = None;
    let mut token = Err("it is not known which hub it is for".to_owned());
    if let Ok(target) = &found {
        let read = target.token();
        let hub = Hub::at(target.clone());
        let saw = match &hub {
            Ok(hub) => see(hub).await,
            Err(error) => Reached::Nobody(format!("{error:#}")),
        };
        token = match read {
            Ok(text) => Ok(token_facts(target, &text, hub.as_ref().ok(), &saw).await),
            Err(error) => Err(format!("{error:#}")),
        };
        reached = Some(saw);
    }
    let target = found.map_err(|error| format!("{error:#}")).map(|target| TargetFacts {
        on_this_machine: target::check(&target.url).is_ok_and(|(_, here)| here),
        url: target.url,
        url_from: target.url_from,
    });
    Facts { target, reached, token, local: local() }
}

async fn see(hub: &Hub) -> Reached {
    let answer = match hub.ask_once(Ask::get("/livez"), None).await {
        Ok(answer) => answer,
        Err(error) => return Reached::Nobody(why(&error)),
    };
    if answer.status != 200 || answer.body.as_ref() != b"ok\n" {
        return Reached::Stranger(format!("{} answers with {}", hub.target.url, answer.status));
    }
    let ours = i64::try_from(now_s()).unwrap_or(i64::MAX);
    Reached::Hub(HubFacts {
        ahead_s: answer.date_s().map(|theirs| theirs - ours),
        version: version(hub).await,
        state: status::state(hub).await.map_err(|error| format!("{error:#}")),
    })
}

/// Why nobody answers, without the advice that stands elsewhere.
fn why(error: &anyhow::Error) -> String {
    match error.downcast_ref::<HubError>() {
        Some(HubError::Unreachable { why, .. }) => why.clone(),
        _ => format!("{error:#}"),
    }
}

/// The version that a hub's description of its interface names.
async fn version(hub: &Hub) -> Option<String> {
    let answer =
        hub.ask_once(Ask::get("/openapi.json"), None).await.ok().filter(|answer| answer.is_good())?;
    let described = answer.json(&hub.target.url).ok()?;
    described["info"]["version"].as_str().map(crate::output::plain)
}

async fn token_facts(target: &target::Target, text: &str, hub: Option<&Hub>, saw: &Reached) -> TokenFacts {
    let file = match &target.token {
        target::Token::File(path) => {
            Some((path.clone(), private_file::is_open_to_others(path).unwrap_or(false)))
        }
        target::Token::Given(_) | target::Token::Missing => None,
    };
    let accepted = match (hub, saw) {
        (Some(hub), Reached::Hub(_)) => Some(accepted(hub, text).await),
        _ => None,
    };
    TokenFacts { from: target.token_from.clone(), file, claims: claims(text), accepted, now_s: now_s() }
}

/// Whether a hub takes a token, by the smallest read that needs one.
async fn accepted(hub: &Hub, token: &str) -> Result<(), String> {
    let answer = hub.ask_once(Ask::get("/documents").query("limit", "1"), Some(token)).await;
    let answer = answer.map_err(|error| format!("{error:#}"))?;
    match answer.is_good() {
        true => Ok(()),
        false => Err(match answer.refusal(&hub.target.url, None) {
            // The list may not be there just now; that says nothing of the token.
            HubError::Refused(problem) if !matches!(problem.status, 401 | 403) => return Ok(()),
            error => error.to_string(),
        }),
    }
}

fn local() -> Local {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let program = editor.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
    let found = is_program(&program, &set("PATH").unwrap_or_default());
    let profiles = match profiles::path(&set).map(|path| profiles::Profiles::load(&path)) {
        Ok(loaded) => loaded.map(|all| all.profiles.len()).map_err(|error| error.to_string()),
        Err(ProfilesError::Homeless) => Ok(0),
        Err(error) => Err(error.to_string()),
    };
    Local { version: env!("CARGO_PKG_VERSION").to_owned(), editor: (editor, found), profiles, room: room() }
}

/// Whether there is a program of this name, as a shell looks for it.
fn is_program(name: &str, path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let runs = |file: &Path| {
        std::fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    match name.contains('/') {
        true => runs(Path::new(name)),
        false => std::env::split_paths(path).any(|folder| runs(&folder.join(name))),
    }
}

/// The room where a hub of this folder keeps its data, or where files are edited.
fn room() -> Option<(PathBuf, u64)> {
    let data = Some(PathBuf::from(DATA)).filter(|data| data.is_dir());
    let folder = data.unwrap_or_else(std::env::temp_dir);
    let disk = rustix::fs::statvfs(&folder).ok()?;
    Some((folder, disk.f_bavail.saturating_mul(disk.f_frsize)))
}

fn now_s() -> u64 {
    let Timestamp(now) = now();
    now / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        assert!(is_program("sh", "/nowhere:/bin:/usr/bin"));
        assert!(is_program("/bin/sh", ""));
        assert!(
            !is_program("sh", "/nowhere") && !is_program("/etc/passwd", "/bin") && !is_program("", "/bin")
        );
    }
}
