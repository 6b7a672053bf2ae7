//! Who is cut off from whom: decided here, done by [`Network`](super::Network).

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::bail;
use serde::{Deserialize, Serialize};

/// The name of the end at which clients and tools are.
pub const HOST: &str = "host";

/// Two ends, the lesser name first.
pub type Pair = (String, String);

/// A cut that was made and not healed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// These reach each other and nobody else; who comes later is somebody else.
    Group(BTreeSet<String>),
    /// These two do not reach each other.
    Pair(String, String),
}

/// How a pair is written: `n1:n2`.
impl FromStr for Cut {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> anyhow::Result<Cut> {
        match word.split_once(':') {
            Some((one, other)) if one != other => {
                let (one, other) = ordered(one, other);
                Ok(Cut::Pair(one, other))
            }
            Some(_) => bail!("{word:?} is one member, not two"),
            None => bail!("{word:?} is no pair: write n1:n2"),
        }
    }
}

/// The cuts that these words ask for: a pair for each `n1:n2`, and one group of all others.
pub fn asked(words: &[String], ends: &[String]) -> anyhow::Result<Vec<Cut>> {
    let (pairs, group): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.contains(':'));
    let mut cuts: Vec<Cut> = pairs.into_iter().map(|word| word.parse()).collect::<anyhow::Result<_>>()?;
    if !group.is_empty() {
        cuts.push(Cut::Group(group.into_iter().cloned().collect()));
    }
    for name in cuts.iter().flat_map(Cut::names) {
        if !ends.contains(name) {
            bail!("{name} is not in the network; in it are {}", ends.join(" "));
        }
    }
    Ok(cuts)
}

/// What is left of the cuts when these words are healed: a pair for `n1:n2`, all that names it for `n1`, everything for none.
/// A word that heals nothing is an error.
pub fn healed(cuts: &[Cut], words: &[String]) -> anyhow::Result<Vec<Cut>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut left = cuts.to_vec();
    for word in words {
        let before = left.clone();
        if word.contains(':') {
            let pair: Cut = word.parse()?;
            left.retain(|cut| *cut != pair);
        } else {
            left = without(left, word);
        }
        if left == before {
            bail!("no cut is called {word}");
        }
    }
    Ok(left)
}

/// The cuts without a member: it is taken back by the others, or is there no more.
pub fn without(cuts: Vec<Cut>, name: &str) -> Vec<Cut> {
    let healed = cuts.into_iter().map(|cut| match cut {
        Cut::Group(mut members) => {
            members.remove(name);
            Cut::Group(members)
        }
        pair => pair,
    });
    let empty = |cut: &Cut| matches!(cut, Cut::Group(members) if members.is_empty());
    let of_it = |cut: &Cut| matches!(cut, Cut::Pair(one, other) if one == name || other == name);
    healed.filter(|cut| !empty(cut) && !of_it(cut)).collect()
}

/// The pairs of these ends that do not reach each other.
pub fn severed(cuts: &[Cut], ends: &[String]) -> BTreeSet<Pair> {
    let pairs = ends.iter().flat_map(|one| ends.iter().map(move |other| (one, other)));
    let severed = pairs.filter(|(one, other)| one < other && cuts.iter().any(|cut| cut.parts(one, other)));
    severed.map(|(one, other)| (one.clone(), other.clone())).collect()
}

impl Cut {
    fn parts(&self, one: &str, other: &str) -> bool {
        match self {
            Cut::Group(members) => members.contains(one) != members.contains(other),
            Cut::Pair(a, b) => (a.as_str(), b.as_str()) == (one, other),
        }
    }

    fn names(&self) -> Vec<&String> {
        match self {
            Cut::Group(members) => members.iter().collect(),
            Cut::Pair(one, other) => vec![one, other],
        }
    }
}

fn ordered(one: &str, other: &str) -> Pair {
    let (one, other) = if one < other { (one, other) } else { (other, one) };
    (one.to_owned(), other.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn pairs(line: &str) -> BTreeSet<Pair> {
        words(line).iter().map(|word| word.split_once(':').unwrap()).map(|(a, b)| ordered(a, b)).collect()
    }

    const ENDS: &str = "host n1 n2 n3";

    fn cut(line: &str) -> Vec<Cut> {
        asked(&words(line), &words(ENDS)).unwrap()
    }

    #[test]
    fn a_node_is_cut_off_from_all() {
        assert_eq!(severed(&cut("n1"), &words(ENDS)), pairs("host:n1 n1:n2 n1:n3"));
    }

    #[test]
    fn a_group_keeps_together() {
        assert_eq!(severed(&cut("n1 n2"), &words(ENDS)), pairs("host:n1 host:n2 n1:n3 n2:n3"));
    }

    #[test]
    fn pairs_and_a_group_at_once() {
        assert_eq!(severed(&cut("n2:n1 n3"), &words(ENDS)), pairs("n1:n2 host:n3 n1:n3 n2:n3"));
    }

    #[test]
    fn who_comes_later_is_cut_off_too() {
        assert!(severed(&cut("n1"), &words("host n1 n2 n3 n4")).contains(&ordered("n1", "n4")));
        assert!(!severed(&cut("n1:n2"), &words("host n1 n2 n3 n4")).contains(&ordered("n1", "n4")));
    }

    #[test]
    fn what_is_healed_and_what_stays() {
        let cuts = [cut("n1"), cut("n1:n2"), cut("n2 n3")].concat();
        assert_eq!(healed(&cuts, &[]).unwrap(), []);
        assert_eq!(healed(&cuts, &words("n2:n1")).unwrap(), [cut("n1"), cut("n2 n3")].concat());
        assert_eq!(healed(&cuts, &words("n1")).unwrap(), cut("n2 n3"));
        assert_eq!(healed(&cuts, &words("n2")).unwrap(), [cut("n1"), cut("n3")].concat());
        assert!(healed(&cuts, &words("n2:n3")).is_err());
        assert!(healed(&[], &words("n1")).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        let ends = words(ENDS);
        for line in ["n9", "n1:n9", "n1:n1", "e1", ":", "n1:n2:n3"] {
            assert!(asked(&words(line), &ends).is_err(), "{line}");
        }
    }
}
