//! Pages of other origins: who is named may read, by the rules that browsers keep.

use crate::support::{Hub, Reply};
use gateway::Cors;
use serde_json::json;

const PAGE: &str = "https://app.example.com";

async fn hub(origins: &str) -> Hub {
    let cors: Cors = origins.parse().unwrap();
    Hub::start_with(|config| config.cors = cors).await
}

fn allowed(reply: &Reply) -> Option<&str> {
    reply.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

async fn preflight(hub: &Hub, origin: &str, path: &str) -> Reply {
    let ask =
        hub.ask("OPTIONS", path).header("origin", origin).header("access-control-request-method", "PUT");
    ask.header("access-control-request-headers", "authorization,content-type").send().await
}

#[tokio::test]
async fn a_page_that_is_named_may_ask_write_and_read() {
    let hub = hub("https://app.example.com,http://localhost:5173").await;
    let path = hub.text("x").await;
    for page in [PAGE, "http://localhost:5173"] {
        let asked = preflight(&hub, page, &path).await;
        assert_eq!((asked.status.as_u16(), asked.body.len(), allowed(&asked)), (204, 0, Some(page)));
        assert_eq!(asked.header("access-control-allow-methods"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
        let taken: Vec<_> = asked.header("access-control-allow-headers").split(", ").collect();
        for name in ["authorization", "content-type", "if-match", "idempotency-key", "hub-at-least", "prefer"]
        {
            assert!(taken.contains(&name), "{taken:?}");
        }
        assert_eq!(asked.header("access-control-max-age"), "7200");
        assert_eq!(asked.header("vary"), "origin");

        let read = hub.get(&path).user("ada").header("origin", page).send().await;
        assert_eq!((read.status.as_u16(), allowed(&read)), (200, Some(page)));
        let shown: Vec<_> = read.header("access-control-expose-headers").split(", ").collect();
        for name in ["etag", "hub-revision", "location", "retry-after", "x-request-id", "link", "hub-version"]
        {
            assert!(shown.contains(&name), "{shown:?}");
        }
        assert_eq!(read.headers.get("access-control-allow-credentials"), None, "tokens are no cookies");
        let refused = hub.get(&path).header("origin", page).send().await;
        refused.problem(401, "unauthenticated");
        assert_eq!(allowed(&refused), Some(page), "a page has to see why");
        let kept =
            hub.get(&path).user("ada").header("origin", page).header("if-none-match", "*").send().await;
        assert_eq!((kept.status.as_u16(), allowed(&kept)), (304, Some(page)));
        let feed = hub.get("/changes?limit=1&wait=0").user("ada").header("origin", page).send().await;
        assert_eq!(allowed(&feed), Some(page));
        let put = hub.ask("PUT", &path).user("ada").header("origin", page).json(&json!({})).send().await;
        assert_eq!((put.status.as_u16(), allowed(&put)), (422, Some(page)));
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_page_that_is_not_named_reads_nothing() {
    let hub = hub(PAGE).await;
    let path = hub.text("x").await;
    for page in
        ["https://evil.example", "http://app.example.com", "https://app.example.com.evil.example", "null"]
    {
        let asked = preflight(&hub, page, &path).await;
        assert_eq!((asked.status.as_u16(), allowed(&asked)), (204, None), "{page}");
        let read = hub.get(&path).user("ada").header("origin", page).send().await;
        assert_eq!((read.status.as_u16(), allowed(&read)), (200, None), "{page}");
        let vary: Vec<_> = read.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "origin"), "{vary:?}");
    }
    let plain = hub.ask("OPTIONS", &path).send().await;
    assert_eq!(
        (plain.status.as_u16(), plain.header("allow")),
        (204, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS")
    );
    hub.stop().await;
}

#[tokio::test]
async fn every_page_or_none() {
    let any = hub("*").await;
    let path = any.text("x").await;
    let read = any.get(&path).user("ada").header("origin", PAGE).send().await;
    assert_eq!((allowed(&read), read.header("vary")), (Some("*"), "authorization, accept, accept-encoding"));
    assert_eq!(allowed(&preflight(&any, "null", &path).await), Some("*"));
    assert_eq!(
        allowed(&any.get(&path).user("ada").send().await),
        Some("*"),
        "a cache may keep it for a page"
    );
    any.stop().await;

    let none = Hub::start().await;
    let path = none.text("x").await;
    assert_eq!(allowed(&preflight(&none, PAGE, &path).await), None);
    assert_eq!(allowed(&none.get(&path).user("ada").header("origin", PAGE).send().await), None);
    none.stop().await;
}
