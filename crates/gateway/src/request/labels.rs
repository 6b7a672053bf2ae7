//! Labels as bodies and queries carry them.

use crate::problem::{Kind, Problem};
use base::Limits;
use base::labels::check_key;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// An object whose keys each stand once.
#[derive(Debug)]
pub(crate) struct Once<V>(pub BTreeMap<String, V>);

impl<V> Default for Once<V> {
    fn default() -> Once<V> {
        Once(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Once<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once<V>, D::Error> {
        struct Entries<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Once<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Once<V>, A::Error> {
                let mut once = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry::<String, V>()? {
                    if once.contains_key(&key) {
                        return Err(A::Error::custom(format_args!(
                            "the key {key:?} stands twice in one object"
                        )));
                    }
                    once.insert(key, value);
                }
                Ok(Once(once))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Refuses labels that no document may have, or too many of them. A label without a value is one that is taken away.
pub(crate) fn check<'l>(
    labels: impl Iterator<Item = (&'l str, Option<&'l str>)> + Clone,
    limits: &Limits,
) -> Result<(), Problem> {
    let set = labels.clone().filter(|(_, value)| value.is_some()).count();
    let most = set.max(labels.clone().count() - set);
    if most > limits.labels {
        let what = "the number of labels";
        return Err(Problem::limit(Kind::TooManyLabels, what, limits.labels, Some(most)));
    }
    for (key, value) in labels {
        let of = |what: &str, limit, actual| Problem::limit(Kind::LabelTooLong, what, limit, Some(actual));
        if key.len() > limits.label_key_bytes {
            let what = "the length of a label's key in bytes";
            return Err(of(what, limits.label_key_bytes, key.len()));
        }
        check_key(key)
            .map_err(|found| Problem::new(Kind::InvalidBody, bad_key(found)).with("member", "labels"))?;
        if let Some(value) = value.filter(|value| value.len() > limits.label_value_bytes) {
            let what = "the length of a label's value in bytes";
            return Err(of(what, limits.label_value_bytes, value.len()).with("label", key));
        }
    }
    Ok(())
}

/// Why a text is not the key of a label.
pub(crate) fn bad_key(found: Option<char>) -> String {
    let rule = "keys of labels hold ASCII letters, digits and . _ / - only";
    found.map_or_else(
        || format!("{rule}, this one is empty"),
        |found| format!("{rule}, this one holds {found:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(labels: &[(&str, Option<&str>)]) -> Option<Kind> {
        let limits = Limits { labels: 2, label_key_bytes: 4, label_value_bytes: 3, ..Limits::default() };
        check(labels.iter().copied(), &limits).err().map(|problem| problem.kind)
    }

    #[test]
    fn labels_keep_to_their_bounds() {
        assert_eq!(refused(&[("team", Some("abc")), ("a/.-", Some("")), ("x", None), ("y", None)]), None);
        assert_eq!(refused(&[("a", Some("")), ("b", Some("")), ("c", Some(""))]), Some(Kind::TooManyLabels));
        assert_eq!(refused(&[("a", None), ("b", None), ("c", None)]), Some(Kind::TooManyLabels));
        assert_eq!(refused(&[("teams", None)]), Some(Kind::LabelTooLong));
        assert_eq!(refused(&[("team", Some("abcd"))]), Some(Kind::LabelTooLong));
        assert_eq!(refused(&[("a:b", Some(""))]), Some(Kind::InvalidBody));
        assert_eq!(refused(&[("", Some(""))]), Some(Kind::InvalidBody));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let read = |text| serde_json::from_str::<Once<String>>(text).map(|once| once.0.len());
        assert_eq!(read(r#"{"a":"1","b":"1"}"#).unwrap(), 2);
        assert!(read(r#"{"a":"1","a":"1"}"#).unwrap_err().to_string().contains("stands twice"));
        assert!(read(r#"{"a":1}"#).is_err());
    }
}
