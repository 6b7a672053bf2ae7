//! What each verb asks of the hub. Nothing here sends anything.

use crate::cli::{Format, GetArgs, ListArgs, PatchType, SetArgs, ShapeArg, StateArgs, WriteArgs};
use crate::exit::Usage;
use crate::hub::Ask;
use base::{DocId, UserId};
use bytes::Bytes;
use hyper::Method;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// What an Automerge file is called.
const AUTOMERGE: &str = "application/vnd.automerge";
/// What the hub's own search-and-replace is called.
const SEARCH_REPLACE: &str = "application/vnd.context-hub.search-replace+json";

/// The content of a document on its way to the hub: JSON goes as it stands, so that the hub judges it and not this program.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// One text.
    Text(String),
    /// JSON.
    Json(Box<RawValue>),
}

impl Content {
    /// The bytes of a file as the content of a document of this type.
    pub fn read(shape: ShapeArg, bytes: Bytes) -> Result<Content, Usage> {
        let text =
            String::from_utf8(bytes.into()).map_err(|_| Usage("the content is not UTF-8".to_owned()))?;
        match shape {
            ShapeArg::Text => Ok(Content::Text(text)),
            ShapeArg::Json => RawValue::from_string(text.trim().to_owned())
                .map(Content::Json)
                .map_err(|error| Usage(format!("the content is not JSON: {error}"))),
        }
    }
}

/// The state that an edit was made against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A version.
    Version(u64),
    /// Heads.
    Heads(Vec<String>),
    /// A tag, or `*`.
    Match(String),
}

impl State {
    /// What the flags say.
    pub fn of(args: &StateArgs) -> Option<State> {
        let tag = |tag: &String| match tag.as_str() {
            "*" => tag.clone(),
            quoted if quoted.starts_with('"') || quoted.starts_with("W/") => tag.clone(),
            bare => format!("\"{bare}\""),
        };
        let heads = || (!args.heads.is_empty()).then(|| State::Heads(args.heads.clone()));
        let version = args.version.map(State::Version);
        let matched = || args.if_match.as_ref().map(|given| State::Match(tag(given)));
        version.or_else(heads).or_else(matched).or(args.latest.then(|| State::Match("*".to_owned())))
    }

    /// The state, or how to name one.
    pub fn required(args: &StateArgs) -> Result<State, Usage> {
        State::of(args).ok_or_else(no_state)
    }

    fn in_query(&self, ask: Ask) -> Ask {
        match self {
            State::Version(version) => ask.query("version", version.to_string()),
            State::Heads(heads) => ask.query("heads", heads.join(",")),
            State::Match(tag) => ask.header("if-match", tag),
        }
    }
}

fn no_state() -> Usage {
    Usage(
        "say which state the edit was made against: --version N merges it with what came after; --if-match refuses it \
         if the document has changed; --latest takes the newest, whatever it is"
            .to_owned(),
    )
}

fn path(id: DocId) -> String {
    format!("/documents/{id}")
}

fn write(method: Method, path: String, write: &WriteArgs) -> Ask {
    Ask::write(method, path, write.idempotency_key.as_deref())
}

fn shape(shape: ShapeArg) -> &'static str {
    match shape {
        ShapeArg::Text => "Text",
        ShapeArg::Json => "Json",
    }
}

/// `POST /documents`.
pub fn create(
    name: &str,
    of: ShapeArg,
    content: Option<Content>,
    labels: &[(String, String)],
    key: &WriteArgs,
) -> Ask {
    #[derive(Serialize)]
    struct Body<'a> {
        name: &'a str,
        doc_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        labels: Map<String, Value>,
    }
    let body = Body { name, doc_type: shape(of), content, labels: label_map(labels) };
    write(Method::POST, "/documents".to_owned(), key).json(&body)
}

/// `POST /documents` with an Automerge file.
pub fn import(name: &str, file: Bytes, key: &WriteArgs) -> Ask {
    write(Method::POST, "/documents".to_owned(), key).query("name", name).body(AUTOMERGE, file)
}

fn label_map(labels: &[(String, String)]) -> Map<String, Value> {
    labels.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()
}

/// `GET /documents`.
pub fn list(args: &ListArgs, limit: u32, cursor: Option<&str>) -> Ask {
    let mut ask = Ask::get("/documents").query("limit", limit.to_string());
    let named = [
        ("cursor", cursor.map(str::to_owned)),
        ("doc_type", args.shape.map(|of| shape(of).to_owned())),
        ("owner", args.owner.as_ref().map(UserId::to_string)),
        ("name", args.name.clone()),
        ("sort", args.sort.clone()),
        ("count", args.count.then(|| "true".to_owned())),
    ];
    for (name, value) in named {
        ask = value.into_iter().fold(ask, |ask, value| ask.query(name, value));
    }
    args.labels.iter().fold(ask, |ask, label| ask.query("label", label.replacen('=', ":", 1)))
}

/// `GET /documents/{id}`.
pub fn read(id: DocId) -> Ask {
    Ask::get(path(id))
}

/// The same as the flags of `get` want it.
pub fn get(args: &GetArgs) -> Ask {
    let ask = args.version.into_iter().fold(read(args.id), |ask, n| ask.query("version", n.to_string()));
    let ask = match args.heads.as_slice() {
        [] => ask,
        heads => ask.query("heads", heads.join(",")),
    };
    args.format.into_iter().fold(ask, |ask: Ask, format: Format| ask.query("format", format.as_str()))
}

/// `PUT /documents/{id}`.
pub fn replace(id: DocId, content: &Content, state: &State, key: &WriteArgs) -> Ask {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        heads: Option<&'a [String]>,
        content: &'a Content,
    }
    let (version, heads, tag) = match state {
        State::Version(version) => (Some(*version), None, None),
        State::Heads(heads) => (None, Some(heads.as_slice()), None),
        State::Match(tag) => (None, None, Some(tag)),
    };
    let ask = write(Method::PUT, path(id), key).json(&Body { version, heads, content });
    tag.into_iter().fold(ask, |ask, tag| ask.header("if-match", tag))
}

/// `PATCH /documents/{id}`.
pub fn patch(
    id: DocId,
    kind: PatchType,
    bytes: Bytes,
    state: Option<&State>,
    key: &WriteArgs,
) -> Result<Ask, Usage> {
    let ask = write(Method::PATCH, path(id), key);
    let (media_type, wrapped) = match kind {
        PatchType::Ops => ("application/json", Some("ops")),
        PatchType::Replace => (SEARCH_REPLACE, Some("replacements")),
        PatchType::JsonPatch => ("application/json-patch+json", None),
        PatchType::Merge => ("application/merge-patch+json", None),
        PatchType::Diff => ("text/x-diff", None),
    };
    match wrapped {
        Some(member) => {
            let (body, tag) = with_state(&bytes, member, state)?;
            let ask = ask.body(media_type, body);
            Ok(tag.into_iter().fold(ask, |ask, tag| ask.header("if-match", tag)))
        }
        None => Ok(state.ok_or_else(no_state)?.in_query(ask.body(media_type, bytes))),
    }
}

/// A body that names its state inside: a bare list is wrapped, and a whole body may name its state itself.
fn with_state(bytes: &[u8], member: &str, state: Option<&State>) -> Result<(Vec<u8>, Option<String>), Usage> {
    let body: Value =
        base::json::parse(bytes).map_err(|error| Usage(format!("the patch is not JSON: {error}")))?;
    let mut body = match body {
        Value::Array(list) => Map::from_iter([(member.to_owned(), Value::Array(list))]),
        Value::Object(body) => body,
        _ => return Err(Usage(format!("the patch is neither a list nor an object with {member:?}"))),
    };
    let named = body.contains_key("version") || body.contains_key("heads");
    let mut tag = None;
    match state {
        Some(_) if named => {
            return Err(Usage(
                "the patch names its state itself: leave --version and the like out".to_owned(),
            ));
        }
        Some(State::Version(version)) => drop(body.insert("version".to_owned(), json!(version))),
        Some(State::Heads(heads)) => drop(body.insert("heads".to_owned(), json!(heads))),
        Some(State::Match(given)) => tag = Some(given.clone()),
        None if named => {}
        None => return Err(no_state()),
    }
    Ok((Value::Object(body).to_string().into_bytes(), tag))
}

/// `PATCH /documents/{id}/metadata`.
pub fn set(args: &SetArgs) -> Ask {
    let mut body = Map::new();
    if let Some(name) = &args.name {
        body.insert("name".to_owned(), name.clone().into());
    }
    let mut labels = label_map(&args.labels);
    labels.extend(args.unlabel.iter().map(|key| (key.clone(), Value::Null)));
    if !labels.is_empty() {
        body.insert("labels".to_owned(), labels.into());
    }
    write(Method::PATCH, format!("{}/metadata", path(args.id)), &args.write).json(&body)
}

/// `GET /documents/{id}/history`.
pub fn history(id: DocId, limit: u32, cursor: Option<&str>) -> Ask {
    let ask = Ask::get(format!("{}/history", path(id))).query("limit", limit.to_string());
    cursor.into_iter().fold(ask, |ask, cursor| ask.query("cursor", cursor))
}

/// `GET /documents/{id}/diff`.
pub fn diff(id: DocId, from: u64, to: Option<u64>) -> Ask {
    let ask = Ask::get(format!("{}/diff", path(id))).query("from", from.to_string());
    to.into_iter().fold(ask, |ask, to| ask.query("to", to.to_string()))
}

/// `POST /documents/{id}/restore`.
pub fn restore(id: DocId, version: u64, key: &WriteArgs) -> Ask {
    write(Method::POST, format!("{}/restore", path(id)), key).json(&json!({ "version": version }))
}

/// `POST /documents/{id}/share`.
pub fn share(id: DocId, user: &UserId, level: &str, key: &WriteArgs) -> Ask {
    let body = json!({ "principal": user.as_str(), "access_level": level });
    write(Method::POST, format!("{}/share", path(id)), key).json(&body)
}

/// `GET /documents/{id}/access`.
pub fn access(id: DocId) -> Ask {
    Ask::get(format!("{}/access", path(id)))
}

/// `DELETE /documents/{id}`.
pub fn delete(id: DocId) -> Ask {
    write(Method::DELETE, path(id), &WriteArgs::default())
}

#[cfg(test)]
mod tests;
