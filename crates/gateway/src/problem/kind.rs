//! The table of problem types: status, slug (a heading of `docs/problems.md`) and title of each.

use hyper::StatusCode;

macro_rules! kinds {
    ($($kind:ident = $status:ident, $slug:literal, $title:literal;)*) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Kind { $(#[doc = $title] $kind,)* }

        impl Kind {
            /// Every kind.
            #[cfg(test)]
            pub const ALL: &[Kind] = &[$(Kind::$kind,)*];

            /// The status that it is answered with.
            pub fn status(self) -> StatusCode {
                match self { $(Kind::$kind => StatusCode::$status,)* }
            }

            /// Its name in `type`.
            pub fn slug(self) -> &'static str {
                match self { $(Kind::$kind => $slug,)* }
            }

            /// Its short description, the same for every case.
            pub fn title(self) -> &'static str {
                match self { $(Kind::$kind => $title,)* }
            }
        }
    };
}

kinds! {
    MalformedJson       = BAD_REQUEST, "malformed-json", "The body is not JSON";
    MalformedPatch      = BAD_REQUEST, "malformed-patch", "The patch is not of its format";
    MalformedEncoding   = BAD_REQUEST, "malformed-content-encoding", "The body is not encoded as it says";
    BodyInterrupted     = BAD_REQUEST, "body-interrupted", "The body did not arrive whole";
    BadQuery            = BAD_REQUEST, "bad-query", "The query is not understood";
    BadHeader           = BAD_REQUEST, "bad-header", "A header is not understood";
    BadCursor           = BAD_REQUEST, "bad-cursor", "Not a cursor of this list";
    BadFeedToken        = BAD_REQUEST, "bad-feed-token", "Not a token of this feed";
    Unauthenticated     = UNAUTHORIZED, "unauthenticated", "An access token is needed";
    InvalidToken        = UNAUTHORIZED, "invalid-token", "The access token is not good";
    Forbidden           = FORBIDDEN, "forbidden", "Your access does not reach this far";
    NotAcceptable       = NOT_ACCEPTABLE, "not-acceptable", "This is not to be had in a form that you take";
    NotFound            = NOT_FOUND, "not-found", "No such document";
    UnknownPath         = NOT_FOUND, "unknown-path", "Nothing lives at this path";
    MethodNotAllowed    = METHOD_NOT_ALLOWED, "method-not-allowed", "This path does not take that method";
    FeedGone            = GONE, "feed-token-too-old", "What happened since this token is not kept any more";
    SlowBody            = REQUEST_TIMEOUT, "slow-body", "The body came too slowly";
    PreconditionFailed  = PRECONDITION_FAILED, "precondition-failed", "The document is at another version";
    BodyTooLarge        = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    DocumentTooLarge    = PAYLOAD_TOO_LARGE, "document-too-large", "The document would be too large";
    ChangeTooLarge      = PAYLOAD_TOO_LARGE, "change-too-large", "The change is too large";
    TooManyValues       = PAYLOAD_TOO_LARGE, "too-many-values", "The JSON holds too many values";
    UnsupportedType     = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of a type that is not taken here";
    UnsupportedEncoding = UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", "Bodies are bare, gzip or zstd";
    InvalidBody         = UNPROCESSABLE_ENTITY, "invalid-body", "The body is JSON, but not what this takes";
    UnknownVersion      = UNPROCESSABLE_ENTITY, "unknown-version", "The document has no such version";
    UnknownRevision     = UNPROCESSABLE_ENTITY, "unknown-revision", "The shard has never been at this revision";
    UnknownHeads        = UNPROCESSABLE_ENTITY, "unknown-heads", "The document has no such change";
    BadEdit             = UNPROCESSABLE_ENTITY, "bad-edit", "The edit does not fit the document";
    BadFile             = UNPROCESSABLE_ENTITY, "bad-automerge-file", "The body is not a document of Automerge";
    ExportTooLarge      = UNPROCESSABLE_ENTITY, "export-too-large", "The file of the document is too large";
    TestFailed          = UNPROCESSABLE_ENTITY, "test-failed", "The document is not what the patch tests";
    HunkNotFound        = UNPROCESSABLE_ENTITY, "hunk-not-found", "The old lines of a hunk are not there";
    HunkAmbiguous       = UNPROCESSABLE_ENTITY, "hunk-ambiguous", "The old lines of a hunk stand at two places";
    SearchCount         = UNPROCESSABLE_ENTITY, "search-count", "A text stands there more or less often";
    PatchTooCostly      = UNPROCESSABLE_ENTITY, "patch-too-costly", "The patch takes too much work";
    JsonTooDeep         = UNPROCESSABLE_ENTITY, "json-too-deep", "The JSON nests too deeply";
    NameTooLong         = UNPROCESSABLE_ENTITY, "name-too-long", "The name is too long";
    TooManyLabels       = UNPROCESSABLE_ENTITY, "too-many-labels", "The document would have too many labels";
    LabelTooLong        = UNPROCESSABLE_ENTITY, "label-too-long", "The label is too long";
    TooManyOperations   = UNPROCESSABLE_ENTITY, "too-many-operations", "Too many operations in one request";
    AccessListFull      = UNPROCESSABLE_ENTITY, "access-list-full", "The access list is full";
    PageTooLarge        = UNPROCESSABLE_ENTITY, "page-too-large", "The page is too large";
    KeyTooLong          = UNPROCESSABLE_ENTITY, "idempotency-key-too-long", "The idempotency key is too long";
    KeyReused           = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key names another request";
    UpgradeRequired     = UPGRADE_REQUIRED, "upgrade-required", "This path speaks WebSocket";
    TicketTooLong       = UNPROCESSABLE_ENTITY, "ticket-too-long", "The ticket would live too long";
    TicketDocuments     = UNPROCESSABLE_ENTITY, "too-many-ticket-documents", "The ticket is for too many documents";
    VersionRequired     = PRECONDITION_REQUIRED, "version-required", "The edit must name the version it was made against";
    Internal            = INTERNAL_SERVER_ERROR, "internal", "The hub failed";
    Damaged             = INTERNAL_SERVER_ERROR, "damaged", "The stored document is damaged";
    TooManyInFlight     = SERVICE_UNAVAILABLE, "too-many-in-flight", "The gateway works on too many requests";
    TooManyFeeds        = SERVICE_UNAVAILABLE, "too-many-feeds", "The gateway serves as many change feeds as it can";
    NoRoomForBody       = SERVICE_UNAVAILABLE, "no-room-for-body", "The gateway has no room for the body";
    ShardBusy           = SERVICE_UNAVAILABLE, "shard-busy", "Too much work waits at the shard";
    ShardUnavailable    = SERVICE_UNAVAILABLE, "shard-unavailable", "The shard does not serve now";
    OutcomeUnknown      = SERVICE_UNAVAILABLE, "outcome-unknown", "It may or may not have been done";
    NotReady            = SERVICE_UNAVAILABLE, "not-ready", "Not every shard serves";
    DiskFull            = INSUFFICIENT_STORAGE, "disk-full", "The disk is too full to take writes";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_its_own_slug_and_its_heading_in_the_docs() {
        let headings: Vec<_> = crate::docs::problems::all().map(|section| section.slug()).collect();
        let slugs: Vec<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.iter().collect::<HashSet<_>>().len(), slugs.len(), "slugs differ");
        for slug in &slugs {
            assert!(headings.contains(slug), "docs/problems.md lacks a heading for {slug}");
        }
        for heading in &headings {
            assert!(slugs.contains(heading), "docs/problems.md has {heading}, which no problem has");
        }
    }

    #[test]
    fn every_kind_is_an_error() {
        for kind in Kind::ALL {
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
        }
    }
}
