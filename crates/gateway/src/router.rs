//! Which resource a path names, and which verbs it takes. A new verb is one line here, one match arm and one file in
//! `handlers/`.

use hyper::Method;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    Root,
    Description,
    Llms,
    Reference,
    Page,
    Record,
    Runbook,
    Live,
    Ready,
    Metrics,
    Jwks,
    Problems,
    Problem,
    Documents,
    Document,
    Share,
    Access,
    History,
    Diff,
    Restore,
    Metadata,
    Events,
    Changes,
    Follow,
    Sync,
    Tickets,
    Ticket,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// By everyone, with no body, and answered at once.
    Open(Open),
    /// By the bearer of a token.
    Guarded(Guarded),
    /// By becoming a socket; who asks is looked at there.
    Socket(Socket),
}

/// What is spoken on sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Socket {
    /// The JSON socket of one document.
    Follow,
    /// The protocol of automerge-repo.
    Sync,
}

/// The verbs that need no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    Root,
    Description,
    Llms,
    Reference,
    Page,
    Record,
    Runbook,
    Live,
    Ready,
    Metrics,
    Jwks,
    Problems,
    Problem,
}

/// The verbs that need a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarded {
    Create,
    List,
    Read,
    Replace,
    Patch,
    Delete,
    Share,
    Access,
    History,
    Diff,
    Restore,
    SetMetadata,
    Events,
    Changes,
    CreateTicket,
    RevokeTicket,
}

impl Guarded {
    /// Its name, as part of an edit's fingerprint: never change one.
    pub fn name(self) -> &'static str {
        match self {
            Guarded::Create => "create",
            Guarded::List => "list",
            Guarded::Read => "read",
            Guarded::Replace => "replace",
            Guarded::Patch => "patch",
            Guarded::Delete => "delete",
            Guarded::Share => "share",
            Guarded::Access => "access",
            Guarded::History => "history",
            Guarded::Diff => "diff",
            Guarded::Restore => "restore",
            Guarded::SetMetadata => "set-metadata",
            Guarded::Events => "events",
            Guarded::Changes => "changes",
            Guarded::CreateTicket => "create-ticket",
            Guarded::RevokeTicket => "revoke-ticket",
        }
    }
}

impl Guarded {
    /// The media types of its answers, the one that is given to those who do not say first; none, if it answers without a
    /// body, or looks at `Accept` by itself.
    pub fn offers(self) -> &'static [&'static str] {
        match self {
            Guarded::Create | Guarded::Replace | Guarded::Patch | Guarded::Restore => &[JSON],
            Guarded::List | Guarded::Share | Guarded::Access | Guarded::SetMetadata => &[JSON],
            Guarded::History | Guarded::Diff | Guarded::CreateTicket => &[JSON],
            Guarded::Read => &[],
            Guarded::Delete | Guarded::Events | Guarded::Changes | Guarded::RevokeTicket => &[],
        }
    }
}

const JSON: &str = "application/json";

/// Where the API also answers.
pub(crate) const API_PREFIX: &str = "/api/v1";

impl Resource {
    /// Every resource.
    pub const ALL: [Resource; 27] = [
        Resource::Root,
        Resource::Description,
        Resource::Llms,
        Resource::Reference,
        Resource::Page,
        Resource::Record,
        Resource::Runbook,
        Resource::Live,
        Resource::Ready,
        Resource::Metrics,
        Resource::Jwks,
        Resource::Problems,
        Resource::Problem,
        Resource::Documents,
        Resource::Document,
        Resource::Share,
        Resource::Access,
        Resource::History,
        Resource::Diff,
        Resource::Restore,
        Resource::Metadata,
        Resource::Events,
        Resource::Changes,
        Resource::Follow,
        Resource::Sync,
        Resource::Tickets,
        Resource::Ticket,
    ];

    /// Its path, with names for what varies: a label that never grows.
    pub fn template(self) -> &'static str {
        match self {
            Resource::Root => "/",
            Resource::Description => "/openapi.json",
            Resource::Llms => "/llms.txt",
            Resource::Reference => "/docs",
            Resource::Page => "/docs/{page}",
            Resource::Record => "/docs/adr/{page}",
            Resource::Runbook => "/docs/runbooks/{page}",
            Resource::Live => "/livez",
            Resource::Ready => "/readyz",
            Resource::Metrics => "/metrics",
            Resource::Jwks => "/.well-known/jwks.json",
            Resource::Problems => "/docs/problems",
            Resource::Problem => "/docs/problems/{slug}",
            Resource::Documents => "/documents",
            Resource::Document => "/documents/{id}",
            Resource::Share => "/documents/{id}/share",
            Resource::Access => "/documents/{id}/access",
            Resource::History => "/documents/{id}/history",
            Resource::Diff => "/documents/{id}/diff",
            Resource::Restore => "/documents/{id}/restore",
            Resource::Metadata => "/documents/{id}/metadata",
            Resource::Events => "/documents/{id}/events",
            Resource::Changes => "/changes",
            Resource::Follow => "/documents/{id}/sync",
            Resource::Sync => "/sync",
            Resource::Tickets => "/sync-tickets",
            Resource::Ticket => "/sync-tickets/{id}",
        }
    }

    /// What it takes.
    pub fn verbs(self) -> &'static [(Method, Verb)] {
        use Verb::{Guarded as G, Open as O, Socket as S};
        match self {
            Resource::Root => &[(Method::GET, O(Open::Root))],
            Resource::Description => &[(Method::GET, O(Open::Description))],
            Resource::Llms => &[(Method::GET, O(Open::Llms))],
            Resource::Reference => &[(Method::GET, O(Open::Reference))],
            Resource::Page => &[(Method::GET, O(Open::Page))],
            Resource::Record => &[(Method::GET, O(Open::Record))],
            Resource::Runbook => &[(Method::GET, O(Open::Runbook))],
            Resource::Live => &[(Method::GET, O(Open::Live))],
            Resource::Ready => &[(Method::GET, O(Open::Ready))],
            Resource::Metrics => &[(Method::GET, O(Open::Metrics))],
            Resource::Jwks => &[(Method::GET, O(Open::Jwks))],
            Resource::Problems => &[(Method::GET, O(Open::Problems))],
            Resource::Problem => &[(Method::GET, O(Open::Problem))],
            Resource::Documents => &[(Method::GET, G(Guarded::List)), (Method::POST, G(Guarded::Create))],
            Resource::Document => &[
                (Method::GET, G(Guarded::Read)),
                (Method::PUT, G(Guarded::Replace)),
                (Method::PATCH, G(Guarded::Patch)),
                (Method::DELETE, G(Guarded::Delete)),
            ],
            Resource::Share => &[(Method::POST, G(Guarded::Share))],
            Resource::Access => &[(Method::GET, G(Guarded::Access))],
            Resource::History => &[(Method::GET, G(Guarded::History))],
            Resource::Diff => &[(Method::GET, G(Guarded::Diff))],
            Resource::Restore => &[(Method::POST, G(Guarded::Restore))],
            Resource::Metadata => &[(Method::PATCH, G(Guarded::SetMetadata))],
            Resource::Events => &[(Method::GET, G(Guarded::Events))],
            Resource::Changes => &[(Method::GET, G(Guarded::Changes))],
            Resource::Follow => &[(Method::GET, S(Socket::Follow))],
            Resource::Sync => &[(Method::GET, S(Socket::Sync))],
            Resource::Tickets => &[(Method::POST, G(Guarded::CreateTicket))],
            Resource::Ticket => &[(Method::DELETE, G(Guarded::RevokeTicket))],
        }
    }

    /// The verb of a method. `HEAD` is `GET` whose body is left out on the wire.
    pub fn verb(self, method: &Method) -> Option<Verb> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.verbs().iter().find(|(taken, _)| taken == method).map(|(_, verb)| *verb)
    }

    /// The value of `Allow`.
    pub fn allow(self) -> String {
        let mut methods: Vec<_> = self.verbs().iter().map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }

    /// The media types of the patches that it takes: the value of `Accept-Patch` (RFC 5789).
    pub fn patches(self) -> Option<&'static str> {
        match self {
            Resource::Document => Some(crate::patch::ACCEPTED),
            Resource::Metadata => Some("application/json, application/merge-patch+json"),
            _ => None,
        }
    }

    /// Whether it answers under [`API_PREFIX`] too.
    fn is_api(self) -> bool {
        use Resource::{
            Access, Changes, Diff, Document, Documents, Events, Follow, History, Metadata, Restore, Share,
        };
        matches!(
            self,
            Documents
                | Document
                | Share
                | Access
                | History
                | Diff
                | Restore
                | Metadata
                | Events
                | Follow
                | Changes
        )
    }
}

/// Finds resources.
#[derive(Debug)]
pub(crate) struct Router {
    tree: matchit::Router<Resource>,
}

/// What a path names, and what varies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'p> {
    pub resource: Resource,
    pub name: Option<&'p str>,
}

impl Router {
    /// The routes of the hub.
    pub fn new() -> Router {
        let mut tree = matchit::Router::new();
        let mut add =
            |path: String, resource| tree.insert(path, resource).expect("templates do not conflict");
        for resource in Resource::ALL {
            add(resource.template().to_owned(), resource);
            if resource.is_api() {
                add(format!("{API_PREFIX}{}", resource.template()), resource);
            }
        }
        Router { tree }
    }

    /// What `path` names.
    pub fn find<'p>(&self, path: &'p str) -> Option<Found<'p>> {
        let matched = self.tree.at(path).ok()?;
        Some(Found { resource: *matched.value, name: matched.params.iter().next().map(|(_, name)| name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(path: &str, expected: Option<(Resource, Option<&str>)>) {
        let expected = expected.map(|(resource, name)| Found { resource, name });
        assert_eq!(Router::new().find(path), expected, "{path}");
    }

    #[test]
    fn paths_name_resources() {
        check("/", Some((Resource::Root, None)));
        check("/documents", Some((Resource::Documents, None)));
        check("/api/v1/documents", Some((Resource::Documents, None)));
        check("/documents/x", Some((Resource::Document, Some("x"))));
        check("/documents/automerge:abc", Some((Resource::Document, Some("automerge:abc"))));
        check("/api/v1/documents/x/share", Some((Resource::Share, Some("x"))));
        check("/documents/x/events", Some((Resource::Events, Some("x"))));
        check("/api/v1/changes", Some((Resource::Changes, None)));
        check("/documents/x/access", Some((Resource::Access, Some("x"))));
        check("/api/v1/documents/x/sync", Some((Resource::Follow, Some("x"))));
        check("/api/v1/documents/x/metadata", Some((Resource::Metadata, Some("x"))));
        check("/docs", Some((Resource::Reference, None)));
        check("/docs/feed.md", Some((Resource::Page, Some("feed.md"))));
        check("/docs/problems", Some((Resource::Problems, None)));
        check("/docs/problems/x", Some((Resource::Problem, Some("x"))));
        check("/docs/adr", Some((Resource::Page, Some("adr"))));
        check("/docs/adr/x", Some((Resource::Record, Some("x"))));
        check("/docs/other/x", None);
        check("/.well-known/jwks.json", Some((Resource::Jwks, None)));
        check("/documents/", None);
        check("/documents/x/y", None);
        check("/api/v1/livez", None);
        check("/api/v2/documents", None);
        check("", None);
    }

    #[test]
    fn head_is_get_and_other_methods_are_refused() {
        assert_eq!(Resource::Document.verb(&Method::HEAD), Some(Verb::Guarded(Guarded::Read)));
        assert_eq!(Resource::Document.verb(&Method::POST), None);
        assert_eq!(Resource::Share.verb(&Method::HEAD), None);
        assert_eq!(Resource::Document.allow(), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
        assert_eq!(Resource::Share.allow(), "POST, OPTIONS");
    }

    #[test]
    fn what_takes_patches_says_which() {
        for resource in Resource::ALL {
            assert_eq!(resource.patches().is_some(), resource.verb(&Method::PATCH).is_some(), "{resource:?}");
        }
    }

    #[test]
    fn every_resource_is_found_at_its_template() {
        for resource in Resource::ALL {
            assert_eq!(Router::new().find(resource.template()).map(|found| found.resource), Some(resource));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(path in "[/a-z{}*%:]{0,40}") {
            let _ = Router::new().find(&path);
        }
    }
}
