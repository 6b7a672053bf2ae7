//! `GET /documents`: the documents that the caller may read, a page at a time.

use super::Call;
use crate::app::App;
use crate::list::{self, Asked};
use crate::render;
use crate::respond::{self, Outcome};
use crate::router::Resource;
use hyper::StatusCode;
use hyper::header::{HeaderValue, LINK};

pub(super) async fn answer(app: &App, call: Call) -> Outcome {
    let asked = Asked::parse(call.parts.uri.query(), &app.limits)?;
    let page = list::page(&*app.shards, call.caller(), &asked).await?;
    let mut answer = respond::json(StatusCode::OK, &render::listing(&page));
    if let Some(next) = &page.next {
        let (prefix, path) = (call.target.prefix, Resource::Documents.template());
        let link = format!("<{prefix}{path}?{}>; rel=\"next\"", asked.query_at(next));
        let link = HeaderValue::try_from(link).expect("what is percent-encoded is visible ASCII");
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}
