//! What is well and what is not, and what to do about it. Pure: facts in, findings out.

use super::look::{Facts, HubFacts, Local, Reached, TokenFacts};
use super::{Finding, Outcome};
use crate::output::plain;
use crate::status::{seconds, shards};

/// How far apart clocks may be before tokens are taken for expired too early or too late, in seconds.
const CLOCK_APART_S: u64 = 30;
/// How long before its end a token is worth a word, in seconds.
const ENDS_SOON_S: u64 = 24 * 60 * 60;
/// Room on the disk below which a hub is close to refusing writes: its reserve and two segments of its log.
const ROOM_BYTES: u64 = 512 << 20;

/// All checks, in the order in which they depend on each other.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = connection(facts);
    let hub = match &facts.reached {
        Some(Reached::Hub(hub)) => Some(hub),
        _ => None,
    };
    findings.push(clock(hub));
    findings.extend(token(&facts.token));
    findings.extend(of_hub(hub));
    findings.push(versions(hub, &facts.local));
    findings.extend(local(&facts.local));
    findings
}

fn finding(
    group: &'static str,
    check: &'static str,
    outcome: Outcome,
    seen: impl Into<String>,
    todo: impl Into<String>,
) -> Finding {
    Finding { group, check, outcome, seen: seen.into(), todo: todo.into() }
}

fn skipped(group: &'static str, check: &'static str) -> Finding {
    finding(group, check, Outcome::Skipped, "no hub was reached", "")
}

fn connection(facts: &Facts) -> Vec<Finding> {
    const GROUP: &str = "Connection";
    let target = match &facts.target {
        Err(why) => {
            let todo = "give --url, CONTEXT_HUB_URL or a profile: context-hub profile add";
            return vec![finding(GROUP, "url", Outcome::Bad, plain(why), todo)];
        }
        Ok(target) => target,
    };
    let named = format!("{} (from {})", plain(&target.url), plain(&target.url_from));
    let open = target.url.starts_with("http://") && !target.on_this_machine;
    let url = match open {
        true => {
            let todo = "use https://, or make sure that the network in between is yours: the token is sent in the clear";
            finding(GROUP, "url", Outcome::Doubtful, named, todo)
        }
        false => finding(GROUP, "url", Outcome::Good, named, ""),
    };
    let reached = match &facts.reached {
        Some(Reached::Hub(_)) => finding(GROUP, "hub", Outcome::Good, "a hub answers", ""),
        Some(Reached::Stranger(seen)) => {
            let todo = "something else listens there: look at the port, and at what a proxy in between does";
            finding(GROUP, "hub", Outcome::Bad, plain(seen), todo)
        }
        Some(Reached::Nobody(why)) => {
            let todo = match target.on_this_machine {
                true => "start one: context-hub dev; or name another with --url",
                false => {
                    "look at the URL, at the network and at the hub; behind https:// at the certificate, too \
                          (SSL_CERT_FILE names authorities to trust)"
                }
            };
            finding(GROUP, "hub", Outcome::Bad, plain(why), todo)
        }
        None => skipped(GROUP, "hub"),
    };
    vec![url, reached]
}

fn clock(hub: Option<&HubFacts>) -> Finding {
    const GROUP: &str = "Clock";
    let Some(hub) = hub else { return skipped(GROUP, "apart") };
    match hub.ahead_s {
        None => finding(GROUP, "apart", Outcome::Skipped, "the answer bears no date", ""),
        Some(apart) if apart.unsigned_abs() <= CLOCK_APART_S => {
            finding(GROUP, "apart", Outcome::Good, format!("{apart} s apart from the hub"), "")
        }
        Some(apart) => {
            let whose = if apart > 0 { "ahead of" } else { "behind" };
            let seen = format!("the hub's clock is {} s {whose} this one", apart.unsigned_abs());
            let todo = "set both by NTP: tokens begin and end by the clock of the hub";
            finding(GROUP, "apart", Outcome::Bad, seen, todo)
        }
    }
}

fn token(token: &Result<TokenFacts, String>) -> Vec<Finding> {
    const GROUP: &str = "Token";
    let token = match token {
        Err(why) => {
            let todo =
                "mint one beside the hub: context-hub token --user NAME; then give it as CONTEXT_HUB_TOKEN";
            return vec![finding(GROUP, "there", Outcome::Bad, plain(why), todo)];
        }
        Ok(token) => token,
    };
    let mut findings = Vec::new();
    let from = plain(&token.from);
    findings.push(match &token.file {
        Some((path, true)) => {
            let path = path.display();
            let todo = format!("chmod 600 {path}");
            finding(GROUP, "there", Outcome::Doubtful, format!("others can read {path}"), todo)
        }
        Some((path, false)) => {
            finding(GROUP, "there", Outcome::Good, format!("in {} (from {from})", path.display()), "")
        }
        None => finding(GROUP, "there", Outcome::Good, format!("from {from}"), ""),
    });
    let renew = "ask for a new one, or mint it beside the hub: context-hub token --user NAME";
    findings.push(match &token.claims {
        None => finding(GROUP, "form", Outcome::Bad, "it is no token of a hub", renew),
        Some(claims) => {
            let whose = format!("{} of {}", plain(&claims.user), plain(&claims.tenant));
            let end = seconds(claims.expires_s);
            if claims.expires_s <= token.now_s {
                finding(GROUP, "expiry", Outcome::Bad, format!("{whose}: it ended at {end}"), renew)
            } else if claims.expires_s - token.now_s < ENDS_SOON_S {
                finding(GROUP, "expiry", Outcome::Doubtful, format!("{whose}: it ends at {end}"), renew)
            } else {
                finding(GROUP, "expiry", Outcome::Good, format!("{whose}, until {end}"), "")
            }
        }
    });
    findings.push(match &token.accepted {
        None => skipped(GROUP, "accepted"),
        Some(Ok(())) => finding(GROUP, "accepted", Outcome::Good, "the hub takes it", ""),
        Some(Err(why)) => {
            let todo = "take a token of this hub: each signs with a key of its own";
            finding(GROUP, "accepted", Outcome::Bad, plain(why), todo)
        }
    });
    findings
}

fn of_hub(hub: Option<&HubFacts>) -> Vec<Finding> {
    const GROUP: &str = "Hub";
    let state = match hub.map(|hub| &hub.state) {
        None => return vec![skipped(GROUP, "shards"), skipped(GROUP, "disk")],
        Some(Err(why)) => {
            let todo = "look at the log of the hub";
            return vec![finding(GROUP, "shards", Outcome::Bad, plain(why), todo)];
        }
        Some(Ok(state)) => state,
    };
    let seen = anstream::adapter::strip_str(&shards(state)).to_string();
    let shards = match (state.ready, state.not_serving.is_empty()) {
        (true, true) => finding(GROUP, "shards", Outcome::Good, seen, ""),
        (true, false) => {
            let todo = "documents in other shards are served; see: context-hub admin shards list";
            finding(GROUP, "shards", Outcome::Doubtful, seen, todo)
        }
        (false, _) => {
            let todo = "wait, if it has just started; otherwise the log says why a shard does not start";
            finding(GROUP, "shards", Outcome::Bad, format!("not ready; {seen}"), todo)
        }
    };
    let disk = match state.disk_spare_bytes {
        None => finding(GROUP, "disk", Outcome::Good, "there is room for writes", ""),
        Some(spare) => {
            let seen = format!("too full for writes: {spare} bytes are left");
            finding(GROUP, "disk", Outcome::Bad, seen, "free some room on the hub's disk, or add some")
        }
    };
    vec![shards, disk]
}

fn versions(hub: Option<&HubFacts>, local: &Local) -> Finding {
    const GROUP: &str = "Versions";
    let Some(hub) = hub else { return skipped(GROUP, "same") };
    let ours = &local.version;
    match &hub.version {
        None => finding(
            GROUP,
            "same",
            Outcome::Skipped,
            format!("this is {ours}; the hub does not tell its own"),
            "",
        ),
        Some(theirs) if theirs == ours => {
            finding(GROUP, "same", Outcome::Good, format!("the hub and this program are {ours}"), "")
        }
        Some(theirs) => {
            let seen = format!("the hub is {theirs}, this program is {ours}");
            finding(GROUP, "same", Outcome::Doubtful, seen, "use the program of the hub's release")
        }
    }
}

fn local(local: &Local) -> Vec<Finding> {
    const GROUP: &str = "This machine";
    let (editor, there) = &local.editor;
    let editor = match there {
        true => finding(GROUP, "editor", Outcome::Good, plain(editor), ""),
        false => {
            let seen = format!("{} is not there", plain(editor));
            finding(GROUP, "editor", Outcome::Doubtful, seen, "set EDITOR, for context-hub docs edit")
        }
    };
    let profiles = match &local.profiles {
        Ok(count) => finding(GROUP, "profiles", Outcome::Good, count.to_string(), ""),
        Err(why) => finding(GROUP, "profiles", Outcome::Bad, plain(why), "mend the file, or remove it"),
    };
    let room = local.room.as_ref().map(|(folder, bytes)| {
        let seen = format!("{} MiB are free at {}", bytes >> 20, folder.display());
        match *bytes < ROOM_BYTES {
            true => finding(
                GROUP,
                "disk",
                Outcome::Doubtful,
                seen,
                "free some room: a hub here would refuse writes",
            ),
            false => finding(GROUP, "disk", Outcome::Good, seen, ""),
        }
    });
    [editor, profiles].into_iter().chain(room).collect()
}

#[cfg(test)]
mod tests;
