//! The limits of `base::Limits` as flags.

use base::Limits;
use clap::Args;

/// What clients may ask for; the defaults are those of `base::Limits`.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// The body of one request, in bytes
    #[arg(long, env = "MAX_BODY_BYTES", value_name = "BYTES")]
    max_body_bytes: Option<usize>,
    /// The content of one document, in bytes of JSON
    #[arg(long, env = "MAX_DOCUMENT_BYTES", value_name = "BYTES")]
    max_document_bytes: Option<usize>,
    /// One change, inflated, in bytes
    #[arg(long, env = "MAX_CHANGE_BYTES", value_name = "BYTES")]
    max_change_bytes: Option<usize>,
    /// How deeply objects and lists may nest
    #[arg(long, env = "MAX_JSON_DEPTH", value_name = "LEVELS")]
    max_json_depth: Option<usize>,
    /// Values in the JSON of one request
    #[arg(long, env = "MAX_JSON_VALUES", value_name = "COUNT")]
    max_json_values: Option<usize>,
    /// The name of a document, in bytes
    #[arg(long, env = "MAX_NAME_BYTES", value_name = "BYTES")]
    max_name_bytes: Option<usize>,
    /// The Automerge file of one document, as it is handed out, in bytes
    #[arg(long, env = "MAX_EXPORT_BYTES", value_name = "BYTES")]
    max_export_bytes: Option<usize>,
    /// Labels of one document
    #[arg(long, env = "MAX_LABELS", value_name = "COUNT")]
    max_labels: Option<usize>,
    /// The key of a label, in bytes
    #[arg(long, env = "MAX_LABEL_KEY_BYTES", value_name = "BYTES")]
    max_label_key_bytes: Option<usize>,
    /// The value of a label, in bytes
    #[arg(long, env = "MAX_LABEL_VALUE_BYTES", value_name = "BYTES")]
    max_label_value_bytes: Option<usize>,
    /// Operations in one PATCH
    #[arg(long, env = "MAX_OPERATIONS", value_name = "COUNT")]
    max_operations: Option<usize>,
    /// An Idempotency-Key, in bytes
    #[arg(long, env = "MAX_IDEMPOTENCY_KEY_BYTES", value_name = "BYTES")]
    max_idempotency_key_bytes: Option<usize>,
    /// Entries in one access list
    #[arg(long, env = "MAX_ACCESS_ENTRIES", value_name = "COUNT")]
    max_access_entries: Option<usize>,
    /// Requests that are worked on at once
    #[arg(long, env = "MAX_REQUESTS_IN_FLIGHT", value_name = "COUNT")]
    max_requests_in_flight: Option<usize>,
    /// Documents on one page of a list
    #[arg(long, env = "MAX_PAGE_DOCUMENTS", value_name = "COUNT")]
    max_page_documents: Option<usize>,
    /// Change feeds at once
    #[arg(long, env = "MAX_FEEDS", value_name = "COUNT")]
    max_feeds: Option<usize>,
    /// Events on one page of a change feed
    #[arg(long, env = "MAX_FEED_PAGE_EVENTS", value_name = "COUNT")]
    max_feed_page_events: Option<usize>,
    /// How long one page of a change feed may be waited for, in seconds
    #[arg(long, env = "MAX_FEED_WAIT_SECONDS", value_name = "SECONDS")]
    max_feed_wait_seconds: Option<usize>,
    /// One message on a sync socket, in bytes
    #[arg(long, env = "MAX_SYNC_FRAME_BYTES", value_name = "BYTES")]
    max_sync_frame_bytes: Option<usize>,
    /// Documents of one sync socket
    #[arg(long, env = "MAX_SYNC_DOCUMENTS", value_name = "COUNT")]
    max_sync_documents: Option<usize>,
    /// How long a sync ticket may live, in seconds
    #[arg(long, env = "MAX_TICKET_SECONDS", value_name = "SECONDS")]
    max_ticket_seconds: Option<usize>,
    /// Documents that one sync ticket may be restricted to
    #[arg(long, env = "MAX_TICKET_DOCUMENTS", value_name = "COUNT")]
    max_ticket_documents: Option<usize>,
    /// Sync sessions on one node, one for each document of each socket
    #[arg(long, env = "MAX_SYNC_SESSIONS", value_name = "COUNT")]
    max_sync_sessions: Option<usize>,
    /// Sync sessions at one document
    #[arg(long, env = "MAX_SYNC_DOCUMENT_SESSIONS", value_name = "COUNT")]
    max_sync_document_sessions: Option<usize>,
    /// Changes of one sync session that wait to be taken, in bytes
    #[arg(long, env = "MAX_SYNC_WAITING_BYTES", value_name = "BYTES")]
    max_sync_waiting_bytes: Option<usize>,
    /// Changes of one sync message that wait for others
    #[arg(long, env = "MAX_SYNC_ORPHANS", value_name = "COUNT")]
    max_sync_orphans: Option<usize>,
    /// Changes of one sync session that wait for others, in bytes
    #[arg(long, env = "MAX_SYNC_ORPHAN_BYTES", value_name = "BYTES")]
    max_sync_orphan_bytes: Option<usize>,
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Limits {
        let default = Limits::default();
        Limits {
            body_bytes: args.max_body_bytes.unwrap_or(default.body_bytes),
            document_bytes: args.max_document_bytes.unwrap_or(default.document_bytes),
            change_bytes: args.max_change_bytes.unwrap_or(default.change_bytes),
            json_depth: args.max_json_depth.unwrap_or(default.json_depth),
            json_values: args.max_json_values.unwrap_or(default.json_values),
            name_bytes: args.max_name_bytes.unwrap_or(default.name_bytes),
            export_bytes: args.max_export_bytes.unwrap_or(default.export_bytes),
            labels: args.max_labels.unwrap_or(default.labels),
            label_key_bytes: args.max_label_key_bytes.unwrap_or(default.label_key_bytes),
            label_value_bytes: args.max_label_value_bytes.unwrap_or(default.label_value_bytes),
            operations: args.max_operations.unwrap_or(default.operations),
            idempotency_key_bytes: args.max_idempotency_key_bytes.unwrap_or(default.idempotency_key_bytes),
            access_entries: args.max_access_entries.unwrap_or(default.access_entries),
            requests_in_flight: args.max_requests_in_flight.unwrap_or(default.requests_in_flight),
            page_documents: args.max_page_documents.unwrap_or(default.page_documents),
            feeds: args.max_feeds.unwrap_or(default.feeds),
            feed_page_events: args.max_feed_page_events.unwrap_or(default.feed_page_events),
            feed_wait_seconds: args.max_feed_wait_seconds.unwrap_or(default.feed_wait_seconds),
            sync_frame_bytes: args.max_sync_frame_bytes.unwrap_or(default.sync_frame_bytes),
            sync_documents: args.max_sync_documents.unwrap_or(default.sync_documents),
            ticket_seconds: args.max_ticket_seconds.unwrap_or(default.ticket_seconds),
            ticket_documents: args.max_ticket_documents.unwrap_or(default.ticket_documents),
            sync_sessions: args.max_sync_sessions.unwrap_or(default.sync_sessions),
            sync_document_sessions: args.max_sync_document_sessions.unwrap_or(default.sync_document_sessions),
            sync_waiting_bytes: args.max_sync_waiting_bytes.unwrap_or(default.sync_waiting_bytes),
            sync_orphans: args.max_sync_orphans.unwrap_or(default.sync_orphans),
            sync_orphan_bytes: args.max_sync_orphan_bytes.unwrap_or(default.sync_orphan_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/limits.md");

    /// 16777216 as 16,777,216.
    fn with_commas(number: u64) -> String {
        let digits = number.to_string();
        let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
        groups.join(",")
    }

    #[test]
    fn the_page_of_limits_names_every_one_with_its_default() {
        let limits = serde_json::to_value(Limits::default()).unwrap();
        for (name, default) in limits.as_object().unwrap() {
            let row =
                format!("| `MAX_{}` | {} |", name.to_uppercase(), with_commas(default.as_u64().unwrap()));
            assert!(PAGE.contains(&row), "docs/limits.md has no row that begins with {row}");
        }
    }
}
