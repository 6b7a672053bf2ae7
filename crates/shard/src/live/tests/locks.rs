//! Locks: who may hold which while somebody else is asked.

use super::world::{Hub, PATIENCE, caller, client_id};
use crate::documents::Engine;
use crate::live::content::Content;
use crate::live::watch::Notice;
use crate::live::{LiveDocument, Seat, Upload, take};
use crate::shard::Shard;
use automerge::transaction::Transactable;
use automerge::{Automerge, ObjType, ROOT};
use base::DocId;
use bytes::Bytes;
use rpc::{Join, SyncSession};
use std::sync::{Arc, mpsc};

type Behind = (Arc<Engine>, Arc<Shard>, Arc<LiveDocument>);

/// Does something on a thread of its own, which must come to its end.
fn ends(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not end: {what}"));
}

fn seat((engine, shard, live): &Behind, id: DocId) -> Seat {
    let join = Join { id, resumed: false, bell: Arc::new(|_| ()) };
    Seat::take(engine, shard, live.clone(), caller("ada"), join).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_may_leave_while_it_is_told() {
    let hub = Hub::start().await;
    let (_, _, live) = hub.behind(client_id());
    let number = live.number();
    let leaving = Arc::downgrade(&live);
    let watcher = move |_: &Notice| leaving.upgrade().unwrap().unwatch(number);
    live.watch(number, Arc::new(watcher));
    let told = live.clone();
    ends("telling the watcher", move || told.access_changed());
    assert!(!live.is_followed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_asked_while_content_comes_and_goes() {
    let hub = Hub::start().await;
    let id = client_id();
    let behind = hub.behind(id);
    let live = behind.2.clone();
    let seat = seat(&behind, id);
    // It says that it has a document, of which there is nothing yet.
    let message = [&[0x42, 1][..], &[7; 32], &[0, 0, 0]].concat();
    seat.receive(Bytes::from(message)).await.unwrap();
    ends("asking for messages", move || {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..100_000).for_each(|_| live.forget()));
            (0..100_000).for_each(|_| drop(seat.next()));
        });
    });
}

/// The changes of a document of one text: that it is made and typed, and that most of it is taken away again.
fn typed_and_deleted(letters: usize) -> [Bytes; 2] {
    let mut doc = Automerge::new();
    let mut tx = doc.transaction();
    let text = tx.put_object(ROOT, "content", ObjType::Text).unwrap();
    tx.splice_text(&text, 0, 0, &"x".repeat(letters)).unwrap();
    tx.commit();
    let mut tx = doc.transaction();
    tx.splice_text(&text, 0, letters as isize - 1, "").unwrap();
    tx.commit();
    let changes = doc.get_changes(&[]);
    [0, 1].map(|number| Bytes::from(changes[number].raw_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_looked_into_while_their_session_is_busy() {
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "").await;
    let behind = hub.behind(id);
    let seat = seat(&behind, id);
    let session = seat.session().clone();
    let (_, shard, live) = behind;
    let limits = base::Limits::default();
    let _busy = session.state.lock();
    let uploading = session.clone();
    ends("taking an upload that is wrong", move || {
        let content = Content::new(vault::Key::random(), 0);
        let uploads = Upload::pieces(&uploading, &Bytes::from_static(b"no changes"), None).collect();
        let taken = take(&shard, &live.doc, &content, &mut content.graph.intake(), uploads, &limits);
        assert_eq!(taken.wrong.len(), 1);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_short_and_takes_long_is_left_to_a_worker() {
    const LETTERS: usize = 20_000;
    let hub = Hub::start().await;
    let id = hub.create_text("ada", "").await;
    let behind = hub.behind(id);
    let seat = seat(&behind, id);
    let (_, shard, live) = behind;
    let limits = base::Limits::default();
    let mut content = Content::new(vault::Key::random(), 0);
    let [typed, deleted] = typed_and_deleted(LETTERS);
    let admission = content.graph.admit(&typed, &crate::live::STORED).unwrap();
    content.add_version(&admission.changes).unwrap();
    assert!(deleted.len() < LETTERS / 10, "{} bytes", deleted.len());

    let upload = |bytes: &Bytes| Upload::pieces(seat.session(), bytes, None).collect::<Vec<_>>();
    // What comes behind it of the same session waits, too, though it is nothing new.
    let uploads = upload(&deleted).into_iter().chain(upload(&typed)).collect();
    let first = take(&shard, &live.doc, &content, &mut content.graph.intake(), uploads, &limits);
    assert_eq!((first.heavy.len(), first.parts.len(), first.empty.len()), (2, 0, 0));
    assert!(first.heavy[0].heavy);
    let second = take(&shard, &live.doc, &content, &mut content.graph.intake(), first.heavy, &limits);
    assert_eq!((second.heavy.len(), second.parts.len(), second.empty.len()), (0, 1, 1));
}
