//! SIGTERM under load: the hub ends soon, cleanly, and has lost nothing that it acknowledged.

use crate::support::{TestHub, User, context_hub};
use futures::future::join_all;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WRITERS: usize = 16;
/// Acknowledgements before the signal, so that it meets a busy hub.
const BUSY: usize = 200;
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// What one writer was told is done.
struct Acknowledged {
    created: Vec<String>,
    marks: Vec<String>,
}

/// Creates documents and writes marks into a shared one until the hub goes.
async fn write(ada: User, shared: String, writer: usize, count: Arc<AtomicUsize>) -> Acknowledged {
    let mut done = Acknowledged { created: Vec::new(), marks: Vec::new() };
    for number in 0.. {
        let mark = format!("⟦{writer}.{number}⟧");
        let ask = match number % 2 {
            0 => ada.post(&json!({"name": mark, "doc_type": "Text", "content": mark})),
            _ => ada.patch(&shared, 1, &json!([{"op": "splice", "position": 0, "insert": mark}])),
        };
        match ask.try_send().await {
            Ok(reply) if reply.status == 201 => done.created.push(reply.header("location").to_owned()),
            Ok(reply) if reply.status == 200 => done.marks.push(mark),
            // It says that it goes, or is gone.
            Ok(reply) => {
                assert_eq!(reply.status, 503, "{reply:?}");
                return done;
            }
            Err(_) => return done,
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("the hub goes before the numbers end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_told_to_stop_finishes_what_it_has_begun() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let shared = ada.text("").await;
    let count = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(ada.clone(), shared.clone(), writer, count.clone())))
        .collect();
    while count.load(Ordering::Relaxed) < BUSY {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let asked = Instant::now();
    let stopped = hub.stop().await;
    let took = asked.elapsed();
    assert!(stopped.status.success(), "it ended with {}", stopped.status);
    assert!(took < ENDS_WITHIN, "it took {took:?} to end");
    let done: Vec<_> = join_all(writers).await.into_iter().map(|writer| writer.unwrap()).collect();

    let log = stopped.data_dir().to_str().unwrap().to_owned();
    let verified = context_hub(stopped.data_dir(), &["wal", "verify", &log], &[]).await;
    assert!(verified.success, "{verified:?}");
    let _hub = stopped.start().await;
    let merged = ada.content(&shared).await;
    for Acknowledged { created, marks } in &done {
        for mark in marks {
            assert_eq!(merged.as_str().unwrap().matches(mark.as_str()).count(), 1, "{mark}");
        }
        for path in created {
            assert_eq!(ada.get(path).send().await.status, 200, "{path}");
        }
    }
}
