//! `POST /documents` with a file of Automerge: makes a document with the history that is in it.

use super::create::created;
use super::metadata::check_name;
use super::{Call, aside, refused_write};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::request::format::AUTOMERGE;
use crate::respond::Outcome;
use crate::router::Guarded;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use rpc::{Import, Refusal};

/// Whether the body says that it is such a file.
pub(super) fn is_file(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(AUTOMERGE)
}

pub(super) async fn answer(app: &App, mut call: Call) -> Outcome {
    let name = call.query(&["name"])?.get("name").unwrap_or_default().to_owned();
    check_name(&name, &app.limits)?;
    let key = call.half_key(app, Guarded::Create, None)?.with_part(b"import").with_part(name.as_bytes());
    let file = call.whole_body(app).await?;
    // Hashing it takes milliseconds if it is long.
    let (key, file) = aside(move || (key.with_body(&file), file)).await?;
    let refused = refused_write(key.key.clone());
    let imported = app.shards.import(call.caller(), Import { name, file, key }).await;
    let seen = imported.map_err(|refusal| match refusal {
        Refusal::BadEdit { reason, .. } => Problem::new(Kind::BadFile, reason),
        refusal => refused(refusal),
    })?;
    Ok(created(&call, &seen))
}
