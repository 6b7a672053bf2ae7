//! Which hub, and with which token.
//!
//! What is said at four places counts in this order: flags, a profile that a flag names, the environment, a profile that
//! the environment names or that is the default. Below them is the hub that `context-hub dev` starts.
//!
//! **Invariant:** a token goes only where it was meant to go. That of a profile is used with the URL of that profile, and
//! the owner's token in `./data` with a hub on this machine.

use super::error::HubError;
use super::profiles::{self, Profile, Profiles, ProfilesError};
use crate::cli::HubArgs;
use crate::exit::Usage;
use anyhow::Result;
use hyper::Uri;
use std::path::{Path, PathBuf};

/// Where `context-hub dev` listens.
const USUAL_URL: &str = "http://127.0.0.1:8080";
/// Where it leaves the owner's token.
const USUAL_TOKEN: &str = "./data/owner.token";

/// A hub, and who one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its URL, without a slash at its end.
    pub url: String,
    /// Who said so.
    pub url_from: String,
    /// The token.
    pub token: Token,
    /// Who said so.
    pub token_from: String,
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Here.
    Given(String),
    /// In a file, which is read when it is needed: it may be renewed.
    File(PathBuf),
    /// Nowhere.
    Missing,
}

/// What one place says.
struct Layer {
    from: String,
    url: Option<String>,
    token: Option<Token>,
    /// Whether its token is for its URL alone.
    bound: bool,
}

/// The hub that the command line, the environment and the profiles name.
pub fn find(args: &HubArgs) -> Result<Target> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Whoever says everything on the command line needs no profiles, and is not stopped by a damaged file of them.
    let complete = args.url.is_some() && (args.token.is_some() || args.token_file.is_some());
    let profiles = if complete && args.profile.is_none() { Ok(Profiles::default()) } else { load(&env) }?;
    choose(args, &env, &profiles)
}

fn load(env: &impl Fn(&str) -> Option<String>) -> Result<Profiles> {
    match profiles::path(env) {
        Err(ProfilesError::Homeless) => Ok(Profiles::default()),
        path => Ok(Profiles::load(&path?)?),
    }
}

fn choose(args: &HubArgs, env: &impl Fn(&str) -> Option<String>, profiles: &Profiles) -> Result<Target> {
    let file = |path: &Path| Token::File(path.to_owned());
    let flags = Layer {
        from: "the command line".to_owned(),
        url: args.url.clone(),
        token: args.token.clone().map(Token::Given).or_else(|| args.token_file.as_deref().map(file)),
        bound: false,
    };
    let environment = Layer {
        from: "the environment".to_owned(),
        url: env("CONTEXT_HUB_URL"),
        token: env("CONTEXT_HUB_TOKEN")
            .map(Token::Given)
            .or_else(|| env("CONTEXT_HUB_TOKEN_FILE").map(|path| file(Path::new(&path)))),
        bound: false,
    };
    let named = args.profile.as_deref().map(|name| layer(name, profiles)).transpose()?;
    let usual = match named {
        Some(_) => None,
        None => env("CONTEXT_HUB_PROFILE").or_else(|| profiles.default.clone()),
    };
    let usual = usual.map(|name| layer(&name, profiles)).transpose()?;
    let layers: Vec<_> = [Some(flags), named, Some(environment), usual].into_iter().flatten().collect();

    let chosen = layers.iter().position(|layer| layer.url.is_some());
    let (url, url_from) = match chosen {
        Some(at) => (layers[at].url.clone().unwrap_or_default(), layers[at].from.clone()),
        None => (USUAL_URL.to_owned(), "the default".to_owned()),
    };
    let (url, on_this_machine) = check(&url)?;
    // What is typed goes anywhere. Any other token stays with the URL beside it, and none is lent to a profile.
    let to_a_profile = chosen.is_some_and(|at| layers[at].bound);
    let is_lent = |layer: &Layer| !layer.bound && layer.url.is_none() && !to_a_profile;
    let mut usable =
        layers.iter().enumerate().filter(|(at, layer)| *at == 0 || chosen == Some(*at) || is_lent(layer));
    let said = usable.find_map(|(_, layer)| Some((layer.token.clone()?, layer.from.clone())));
    let usual = if on_this_machine { Token::File(USUAL_TOKEN.into()) } else { Token::Missing };
    let (token, token_from) = said.unwrap_or_else(|| (usual, "the default".to_owned()));
    Ok(Target { url, url_from, token, token_from })
}

fn layer(name: &str, profiles: &Profiles) -> Result<Layer> {
    let missing = || Usage(format!("there is no profile {name:?}; see: context-hub profile ls"));
    let Profile { url, token, token_file } = profiles.profiles.get(name).ok_or_else(missing)?.clone();
    let token = token.map(Token::Given).or_else(|| token_file.map(Token::File));
    Ok(Layer { from: format!("the profile {name}"), url: Some(url), token, bound: true })
}

/// A URL in the form that paths are appended to, and whether it leads to this machine.
pub fn check(url: &str) -> Result<(String, bool)> {
    let wrong = |why: &str| Usage(format!("{url:?} is no URL of a hub: {why}"));
    let parsed: Uri = url.parse().map_err(|_| wrong("write http://host:port or https://host"))?;
    let (Some("http" | "https"), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return Err(wrong("it begins with http:// or https://").into());
    };
    if parsed.query().is_some() || authority.as_str().contains('@') {
        return Err(wrong("it has no query and no user in it").into());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    Ok((url.trim_end_matches('/').to_owned(), loopback || host == "localhost"))
}

impl Target {
    /// The token, read now.
    pub fn token(&self) -> Result<String> {
        match &self.token {
            Token::Given(token) => Ok(token.trim().to_owned()),
            Token::File(path) => {
                let read = std::fs::read_to_string(path).map_err(|error| HubError::NoToken {
                    why: format!(
                        "no token can be read from {}, which {} names ({error}); give --token-file, \
                         CONTEXT_HUB_TOKEN or a profile",
                        path.display(),
                        self.token_from
                    ),
                });
                Ok(read?.trim().to_owned())
            }
            Token::Missing => Err(HubError::NoToken {
                why: format!(
                    "nobody says who you are at {}; give --token-file, CONTEXT_HUB_TOKEN or a profile",
                    self.url
                ),
            }
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles() -> Profiles {
        let profile =
            |url: &str, token: &str| Profile { url: url.into(), token: Some(token.into()), token_file: None };
        let both = [("work", profile("https://work", "tw")), ("home", profile("http://home:1", "th"))];
        let profiles = both.into_iter().map(|(name, profile)| (name.to_owned(), profile)).collect();
        Profiles { default: Some("home".into()), profiles }
    }

    /// The URL and the token that are chosen.
    fn chosen(args: HubArgs, env: &[(&str, &str)], profiles: &Profiles) -> (String, Token) {
        let env =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let target = choose(&args, &env, profiles).unwrap();
        (target.url, target.token)
    }

    fn given(token: &str) -> Token {
        Token::Given(token.to_owned())
    }

    fn url(url: &str) -> HubArgs {
        HubArgs { url: Some(url.to_owned()), ..HubArgs::default() }
    }

    #[test]
    fn without_a_word_it_is_the_hub_that_dev_starts() {
        let (url, token) = chosen(HubArgs::default(), &[], &Profiles::default());
        assert_eq!((url.as_str(), token), (USUAL_URL, Token::File(USUAL_TOKEN.into())));
    }

    #[test]
    fn the_nearer_word_counts() {
        let env = [("CONTEXT_HUB_URL", "http://env/"), ("CONTEXT_HUB_TOKEN", "te")];
        let none = HubArgs::default;
        assert_eq!(chosen(none(), &[], &profiles()), ("http://home:1".into(), given("th")));
        assert_eq!(chosen(none(), &env, &profiles()), ("http://env".into(), given("te")));
        let work = HubArgs { profile: Some("work".into()), ..none() };
        assert_eq!(chosen(work, &env, &profiles()), ("https://work".into(), given("tw")));
        let flags = HubArgs { token: Some("tf".into()), profile: Some("work".into()), ..url("http://flag") };
        assert_eq!(chosen(flags, &env, &profiles()), ("http://flag".into(), given("tf")));
        let named = [("CONTEXT_HUB_PROFILE", "work")];
        assert_eq!(chosen(none(), &named, &profiles()), ("https://work".into(), given("tw")));
    }

    #[test]
    fn a_token_goes_only_where_it_was_meant_to_go() {
        assert_eq!(chosen(url("https://other"), &[], &profiles()).1, Token::Missing);
        assert_eq!(chosen(url("http://localhost:9"), &[], &profiles()).1, Token::File(USUAL_TOKEN.into()));
        assert_eq!(chosen(url("http://[::1]:9"), &[], &profiles()).1, Token::File(USUAL_TOKEN.into()));
        assert_eq!(chosen(url("http://127.0.0.1.evil"), &[], &profiles()).1, Token::Missing);
        let elsewhere = HubArgs { profile: Some("work".into()), ..url("http://flag") };
        assert_eq!(chosen(elsewhere, &[], &profiles()).1, Token::Missing);
        let both = [("CONTEXT_HUB_URL", "https://prod"), ("CONTEXT_HUB_TOKEN", "te")];
        assert_eq!(chosen(url("https://other"), &both, &Profiles::default()).1, Token::Missing);
        assert_eq!(chosen(url("https://other"), &both[1..], &Profiles::default()).1, given("te"));
        let bare = Profile { url: "https://staging".into(), token: None, token_file: None };
        let bare = Profiles { default: None, profiles: [("staging".to_owned(), bare)].into() };
        let staging = HubArgs { profile: Some("staging".into()), ..HubArgs::default() };
        assert_eq!(chosen(staging, &both[1..], &bare).1, Token::Missing);
    }

    #[test]
    fn urls_that_lead_nowhere_are_named() {
        for wrong in ["", "hub", "ftp://hub", "http://", "http://a@hub", "http://hub?x=1"] {
            let error = choose(&url(wrong), &|_: &str| None, &Profiles::default()).unwrap_err();
            assert_eq!(crate::exit::code_of(&error), crate::exit::USAGE, "{wrong}");
        }
        assert_eq!(check("https://hub/api/v1/").unwrap(), ("https://hub/api/v1".to_owned(), false));
    }

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        let args = HubArgs { profile: Some("moon".into()), ..HubArgs::default() };
        let error = choose(&args, &|_: &str| None, &profiles()).unwrap_err();
        assert!(error.to_string().contains("moon"));
    }
}
