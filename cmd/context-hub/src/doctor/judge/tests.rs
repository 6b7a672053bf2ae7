//! Everything well, then one thing after the other not.

use super::*;
use crate::doctor::look::TargetFacts;
use crate::hub::claims::Claims;
use crate::status::State;
use serde_json::json;

const NOW_S: u64 = 1_790_000_000;

fn well() -> Facts {
    let state = State { ready: true, shards: Some(4), ..State::default() };
    let claims = Claims {
        user: "ada".into(),
        tenant: "acme".into(),
        expires_s: NOW_S + 2 * ENDS_SOON_S,
        issued_s: NOW_S,
    };
    Facts {
        target: Ok(TargetFacts {
            url: "http://127.0.0.1:8080".into(),
            url_from: "the default".into(),
            on_this_machine: true,
        }),
        reached: Some(Reached::Hub(HubFacts {
            ahead_s: Some(-1),
            version: Some("1.2.3".into()),
            state: Ok(state),
        })),
        token: Ok(TokenFacts {
            from: "the environment".into(),
            file: None,
            claims: Some(claims),
            accepted: Some(Ok(())),
            now_s: NOW_S,
        }),
        local: Local {
            version: "1.2.3".into(),
            editor: ("vi".into(), true),
            profiles: Ok(1),
            room: Some(("/tmp".into(), ROOM_BYTES)),
        },
    }
}

/// What is not well once something was changed: group, check, outcome. Each has to say what to do.
fn found(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, &'static str, Outcome)> {
    let mut facts = well();
    change(&mut facts);
    let not_well = judge(&facts).into_iter().filter(|finding| finding.outcome != Outcome::Good);
    not_well
        .map(|finding| {
            let silent = finding.outcome == Outcome::Skipped;
            assert_eq!(finding.todo.is_empty(), silent, "{finding:?}");
            (finding.group, finding.check, finding.outcome)
        })
        .collect()
}

fn hub(facts: &mut Facts) -> &mut HubFacts {
    match &mut facts.reached {
        Some(Reached::Hub(hub)) => hub,
        _ => unreachable!("a hub is reached"),
    }
}

fn claims(facts: &mut Facts) -> &mut Claims {
    facts.token.as_mut().unwrap().claims.as_mut().unwrap()
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn without_a_hub_the_rest_is_skipped() {
    let nobody = found(|facts| {
        facts.reached = Some(Reached::Nobody("refused".into()));
        facts.token.as_mut().unwrap().accepted = None;
    });
    assert_eq!(nobody[0], ("Connection", "hub", Outcome::Bad));
    assert_eq!(nobody.len(), 6);
    assert!(nobody[1..].iter().all(|(_, _, outcome)| *outcome == Outcome::Skipped), "{nobody:?}");
    let stranger = found(|facts| facts.reached = Some(Reached::Stranger("404".into())));
    assert_eq!(stranger[0], ("Connection", "hub", Outcome::Bad));
    let nowhere = found(|facts| {
        (facts.target, facts.reached) = (Err("no such profile".into()), None);
        facts.token = Err("whose?".into());
    });
    assert_eq!(nowhere[0], ("Connection", "url", Outcome::Bad));
}

#[test]
fn a_token_in_the_clear_is_worth_a_word() {
    let far = found(|facts| {
        let target = facts.target.as_mut().unwrap();
        (target.url, target.on_this_machine) = ("http://hub.example".into(), false);
    });
    assert_eq!(far, [("Connection", "url", Outcome::Doubtful)]);
}

#[test]
fn clocks_are_compared() {
    assert_eq!(found(|facts| hub(facts).ahead_s = Some(31)), [("Clock", "apart", Outcome::Bad)]);
    assert_eq!(found(|facts| hub(facts).ahead_s = Some(i64::MIN)), [("Clock", "apart", Outcome::Bad)]);
    assert_eq!(found(|facts| hub(facts).ahead_s = Some(-30)), []);
    assert_eq!(found(|facts| hub(facts).ahead_s = None), [("Clock", "apart", Outcome::Skipped)]);
}

#[test]
fn tokens_are_looked_at_from_all_sides() {
    assert_eq!(found(|facts| facts.token = Err("none".into())), [("Token", "there", Outcome::Bad)]);
    let open = found(|facts| facts.token.as_mut().unwrap().file = Some(("/t".into(), true)));
    assert_eq!(open, [("Token", "there", Outcome::Doubtful)]);
    let strange = found(|facts| facts.token.as_mut().unwrap().claims = None);
    assert_eq!(strange, [("Token", "form", Outcome::Bad)]);
    assert_eq!(found(|facts| claims(facts).expires_s = NOW_S), [("Token", "expiry", Outcome::Bad)]);
    assert_eq!(found(|facts| claims(facts).expires_s = NOW_S + 60), [("Token", "expiry", Outcome::Doubtful)]);
    let refused = found(|facts| facts.token.as_mut().unwrap().accepted = Some(Err("another key".into())));
    assert_eq!(refused, [("Token", "accepted", Outcome::Bad)]);
}

#[test]
fn a_hub_may_be_reached_and_not_well() {
    let starting = State { not_serving: vec![json!({"shard": 1, "state": "starting"})], ..State::default() };
    assert_eq!(found(|facts| hub(facts).state = Ok(starting)), [("Hub", "shards", Outcome::Bad)]);
    let partly = State {
        ready: true,
        shards: Some(4),
        not_serving: vec![json!({"shard": 1})],
        disk_spare_bytes: Some(7),
    };
    let expected = [("Hub", "shards", Outcome::Doubtful), ("Hub", "disk", Outcome::Bad)];
    assert_eq!(found(|facts| hub(facts).state = Ok(partly)), expected);
    assert_eq!(found(|facts| hub(facts).state = Err("500".into())), [("Hub", "shards", Outcome::Bad)]);
}

#[test]
fn versions_differ_now_and_then() {
    let other = found(|facts| hub(facts).version = Some("2.0.0".into()));
    assert_eq!(other, [("Versions", "same", Outcome::Doubtful)]);
    assert_eq!(found(|facts| hub(facts).version = None), [("Versions", "same", Outcome::Skipped)]);
}

#[test]
fn this_machine_is_looked_at() {
    assert_eq!(found(|facts| facts.local.editor.1 = false), [("This machine", "editor", Outcome::Doubtful)]);
    let open = found(|facts| facts.local.profiles = Err("others can read it".into()));
    assert_eq!(open, [("This machine", "profiles", Outcome::Bad)]);
    let full = found(|facts| facts.local.room = Some(("/tmp".into(), ROOM_BYTES - 1)));
    assert_eq!(full, [("This machine", "disk", Outcome::Doubtful)]);
}
