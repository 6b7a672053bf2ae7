//! `POST /documents`: makes a document that the caller owns.

use super::{Call, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::respond::{self, Outcome};
use crate::router::{Guarded, Resource};
use base::Shape;
use base::json::exact;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use rpc::Create;
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
}

/// A content that is there is taken at its word: `null` is a value.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    exact(deserializer).map(Some)
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    call.query(&[])?;
    let (body, key) = call.json_edit(app, Guarded::Create, None).await?;
    let Body { name, doc_type, content } = body;
    if name.len() > app.limits.name_bytes {
        let what = "the length of a name in bytes";
        return Err(Problem::limit(Kind::NameTooLong, what, app.limits.name_bytes, Some(name.len())));
    }
    let content = content.unwrap_or_else(|| nothing(doc_type));
    let refused = refused_write(key.key.clone());
    let create = Create { name, shape: doc_type, content, key };
    let seen = app.shards.create(call.caller(), create).await.map_err(refused)?;

    let mut answer = respond::document(StatusCode::CREATED, &seen);
    let location = format!("{}{}/{}", call.target.prefix, Resource::Documents.template(), seen.view.id);
    let location = HeaderValue::try_from(location).expect("paths and ids are visible ASCII");
    answer.headers_mut().insert(LOCATION, location);
    Ok(answer)
}

/// What a document holds whose creator gave no content.
fn nothing(shape: Shape) -> Value {
    match shape {
        Shape::Text => Value::String(String::new()),
        Shape::Json => Value::Object(serde_json::Map::new()),
    }
}
