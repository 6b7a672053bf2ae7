//! `POST /documents`: makes a document that the caller owns.

use super::metadata::check_name;
use super::{Call, import, refused_write};
use crate::app::App;
use crate::request::labels::{self, Once};
use crate::respond::{self, Answer, Outcome};
use crate::router::{Guarded, Resource};
use base::Shape;
use base::json::exact;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use rpc::{Create, Seen};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewDocument")]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// What people call it. Names need not differ.
    name: String,
    doc_type: Shape,
    /// A text, or an object, as the type says.
    #[serde(default, deserialize_with = "given")]
    content: Option<Value>,
    /// Keys of ASCII letters, digits and `._/-`, with any values.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    labels: Once<String>,
}

/// A content that is there is taken at its word: `null` is a value.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    exact(deserializer).map(Some)
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    if import::is_file(&call.parts.headers) {
        return import::answer(app, call).await;
    }
    call.query(&[])?;
    let (body, key) = call.json_edit(app, Guarded::Create, None).await?;
    let Body { name, doc_type, content, labels: Once(labels) } = body;
    check_name(&name, &app.limits)?;
    labels::check(labels.iter().map(|(key, value)| (key.as_str(), Some(value.as_str()))), &app.limits)?;
    let content = content.unwrap_or_else(|| nothing(doc_type));
    let refused = refused_write(key.key.clone());
    let create = Create { name, shape: doc_type, content, key, labels };
    let seen = app.shards.create(call.caller(), create).await.map_err(refused)?;

    Ok(created(&call, &seen))
}

/// The answer to a creation: the document, and where it is.
pub(super) fn created(call: &Call, seen: &Seen) -> Answer {
    let mut answer = respond::written(StatusCode::CREATED, seen, &call.parts.headers);
    let location = format!("{}{}/{}", call.target.prefix, Resource::Documents.template(), seen.view.id);
    let location = HeaderValue::try_from(location).expect("paths and ids are visible ASCII");
    answer.headers_mut().insert(LOCATION, location);
    answer
}

/// What a document holds whose creator gave no content.
fn nothing(shape: Shape) -> Value {
    match shape {
        Shape::Text => Value::String(String::new()),
        Shape::Json => Value::Object(serde_json::Map::new()),
    }
}
