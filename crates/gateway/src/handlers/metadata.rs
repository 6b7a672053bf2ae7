//! `PATCH /documents/{id}/metadata`: a new name, and labels that come and go (a merge patch, RFC 7396). The content stays, and
//! with it the version and the heads: `If-Match` asks for a content, and is not needed.

use super::{Call, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::request::conditions::Conditions;
use crate::request::labels::{self, Once};
use crate::respond::{self, Outcome};
use crate::router::Guarded;
use base::Limits;
use hyper::StatusCode;
use rpc::SetMetadata;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// What of the metadata changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MetadataPatch")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// A name may be empty, but not be taken away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "String")]
    name: Option<String>,
    /// Labels by their keys; `null` takes one away, or all of them.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<BTreeMap<String, Option<String>>>")]
    labels: Option<Option<Once<Option<String>>>>,
}

/// A member that is there is taken at its word, and be it `null`.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let id = call.document()?;
    call.query(&[])?;
    let precondition = Conditions::of(&call.parts.headers)?.for_write();
    let (body, key) = call.json_edit(app, Guarded::SetMetadata, Some(id)).await?;
    let Body { name, labels } = body;
    if let Some(name) = &name {
        check_name(name, &app.limits)?;
    }
    let clear_labels = matches!(labels, Some(None));
    let labels = labels.flatten().unwrap_or_default().0;
    labels::check(labels.iter().map(|(key, value)| (key.as_str(), value.as_deref())), &app.limits)?;
    let refused = refused_write(key.key.clone());
    let set = SetMetadata { id, name, clear_labels, labels, precondition, key };
    let seen = app.shards.set_metadata(call.caller(), set).await.map_err(refused)?;
    Ok(respond::written(StatusCode::OK, &seen, &call.parts.headers))
}

/// Refuses a name that is too long.
pub(super) fn check_name(name: &str, limits: &Limits) -> Result<(), Problem> {
    if name.len() > limits.name_bytes {
        let what = "the length of a name in bytes";
        return Err(Problem::limit(Kind::NameTooLong, what, limits.name_bytes, Some(name.len())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_labels_away_and_no_name() {
        let read = |text| serde_json::from_str::<Body>(text);
        let nothing = read("{}").unwrap();
        assert!(nothing.name.is_none() && nothing.labels.is_none());
        assert!(read(r#"{"name":null}"#).is_err());
        assert!(matches!(read(r#"{"labels":null}"#).unwrap().labels, Some(None)));
        let labels = read(r#"{"labels":{"a":null,"b":"1"}}"#).unwrap().labels.flatten().unwrap().0;
        assert_eq!((&labels["a"], &labels["b"]), (&None, &Some("1".to_owned())));
        assert!(read(r#"{"labels":[]}"#).is_err() && read(r#"{"version":1}"#).is_err());
    }
}
