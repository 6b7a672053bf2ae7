//! `GET /`: what this is, and where to look.

use crate::respond::{self, Outcome};
use hyper::StatusCode;

const PAGE: &str = "\
Context Hub: documents that merge, for people and agents who write at the same time.

  POST   /documents                 make one: {\"name\", \"doc_type\": \"Text\" | \"Json\", \"content\"}
  GET    /documents                 those you may read (?label=, ?name=, ?owner=, ?sort=, ?count=, ?limit=, ?cursor=)
  POST   /documents?name=           make one of a file: Content-Type: application/vnd.automerge
  GET    /documents/{id}            read one (?version=, ?heads=, ?format=json|text|numbered|automerge)
  PUT    /documents/{id}            replace its content: {\"content\", \"version\"}
  PATCH  /documents/{id}            edit it: {\"ops\", \"version\"}; or a patch by its Content-Type: JSON Patch, JSON Merge
                                    Patch, a unified diff, search and replace
  PATCH  /documents/{id}/metadata   rename it, label it: {\"name\", \"labels\"}
  GET    /documents/{id}/history    its versions, and who made them (?limit=, ?cursor=)
  GET    /documents/{id}/diff       what changed between two (?from=, ?to=)
  POST   /documents/{id}/restore    make it what it was, by an edit: {\"version\"}
  DELETE /documents/{id}            delete it for good
  POST   /documents/{id}/share      {\"principal\", \"access_level\": \"read\" | \"write\" | \"admin\" | \"none\"}
  GET    /documents/{id}/access     who may do what
  GET    /documents/{id}/events     what happens to it (?since=, ?limit=, ?wait=)
  GET    /changes                   what happens to all that you may read
  WebSocket /documents/{id}/sync    the document as it changes, and edits, as JSON

Each of these takes Authorization: Bearer <token>, and answers under /api/v1 too. Send Idempotency-Key with what you may
have to send again, Accept-Encoding: gzip or zstd for less to read, Prefer: return=minimal for no body after a write.

  WebSocket /sync                   the protocol of automerge-repo, with a ticket
  POST   /sync-tickets              a ticket; DELETE /sync-tickets/{id} takes it back

  GET    /.well-known/jwks.json     the keys that tokens are checked with
  GET    /docs  /openapi.json       all of this in full, for people and for programs
  GET    /docs/problems             every error, and what to do about it
  GET    /llms.txt                  the pages that there are
  GET    /livez  /readyz  /metrics  for operators
";

pub(super) fn answer() -> Outcome {
    Ok(respond::text(StatusCode::OK, PAGE))
}
