//! The guides: a new one is one line here. A test finds those that are forgotten.

use super::{layout, links, markdown};
use bytes::Bytes;
use std::sync::{LazyLock, OnceLock};

macro_rules! files {
    ($($chapter:literal: $($file:literal)*;)*) => {
        const FILES: &[(&str, &str, &str)] =
            &[$($(($chapter, $file, include_str!(concat!("../../../../", $file))),)*)*];
    };
}

files! {
    "Guides":
        "README.md"
        "docs/concepts.md"
        "docs/api.md"
        "docs/http.md"
        "docs/lists.md"
        "docs/feed.md"
        "docs/sockets.md"
        "docs/cli.md"
        "docs/problems.md"
        "docs/limits.md"
        "docs/guarantees.md";
    "Operations":
        "docs/operations.md"
        "docs/cluster.md"
        "docs/metrics.md"
        "docs/drills.md"
        "docs/runbooks/README.md"
        "docs/runbooks/hub-audit-mismatches.md"
        "docs/runbooks/hub-coordinator-without-quorum.md"
        "docs/runbooks/hub-disk-full.md"
        "docs/runbooks/hub-disk-reserve.md"
        "docs/runbooks/hub-errors.md"
        "docs/runbooks/hub-gateway-down.md"
        "docs/runbooks/hub-group-restarts.md"
        "docs/runbooks/hub-leader-flaps.md"
        "docs/runbooks/hub-memory-high.md"
        "docs/runbooks/hub-no-gateway.md"
        "docs/runbooks/hub-no-leader.md"
        "docs/runbooks/hub-proposals-queued.md"
        "docs/runbooks/hub-quarantine.md"
        "docs/runbooks/hub-replication-lag.md"
        "docs/runbooks/hub-shard-down.md"
        "docs/runbooks/hub-slow-disk.md"
        "docs/runbooks/replica-diverged.md";
    "How it works":
        "ARCHITECTURE.md"
        "docs/data-layout.md"
        "docs/benchmarks.md"
        "docs/adr/README.md"
        "docs/adr/0001-the-log-is-the-truth.md"
        "docs/adr/0002-fjall-as-local-store.md"
        "docs/adr/0003-aws-lc-rs-for-tokens.md"
        "docs/adr/0004-hyper-and-matchit.md"
        "docs/adr/0005-one-call-seam.md"
        "docs/adr/0006-mimalloc.md"
        "docs/adr/0007-openraft-pinned.md"
        "docs/adr/0008-audit-without-a-network.md"
        "docs/adr/0009-edits-carried-forward.md"
        "docs/adr/0010-sync-from-the-graph-alone.md"
        "docs/adr/0011-uploads-have-no-receipt.md"
        "docs/adr/0012-differences-of-rendered-json.md"
        "docs/adr/0013-frames-of-our-own.md"
        "docs/adr/0014-gateways-and-nodes-speak-grpc.md"
        "docs/adr/0015-one-vote-a-term.md"
        "docs/adr/0016-who-is-alive-is-a-key-of-its-own.md"
        "docs/adr/0017-sessions-that-move-ask-again.md"
        "docs/adr/0018-reigns.md"
        "docs/adr/0019-audits-are-entries.md"
        "docs/adr/0020-slow-heartbeats-long-leases.md"
        "docs/adr/0021-patches-become-contents.md"
        "docs/adr/0022-the-hub-renders-its-reference.md";
}

/// A guide.
pub(crate) struct Page {
    pub(crate) chapter: &'static str,
    /// Where it stands in the repository.
    pub(crate) file: &'static str,
    /// Where it stands below `/docs/`.
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) markdown: &'static str,
    html: OnceLock<Bytes>,
    twin: OnceLock<Bytes>,
}

impl Page {
    /// The page, for browsers.
    pub(crate) fn html(&self) -> Bytes {
        let make = || layout::guide(&self.title, &self.slug, &markdown::html(self.markdown, self.file));
        self.html.get_or_init(make).clone()
    }

    /// The page in Markdown, whose links lead to pages of the hub.
    pub(crate) fn twin(&self) -> Bytes {
        self.twin.get_or_init(|| markdown::twin(self.markdown, self.file).into()).clone()
    }
}

/// Every guide, in the order in which they are shown.
pub(crate) fn all() -> &'static [Page] {
    static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| FILES.iter().map(page).collect());
    &PAGES
}

fn page(&(chapter, file, markdown): &(&'static str, &'static str, &'static str)) -> Page {
    let title = markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(file);
    Page {
        chapter,
        file,
        slug: links::slug(file),
        title: title.to_owned(),
        markdown,
        html: OnceLock::new(),
        twin: OnceLock::new(),
    }
}

/// The guide of this name in a folder, which ends with a slash or is empty.
pub(crate) fn find(folder: &str, name: &str) -> Option<&'static Page> {
    all().iter().find(|page| page.slug.strip_prefix(folder) == Some(name))
}

/// The guide that stands here in the repository.
pub(super) fn of_file(file: &str) -> Option<&'static str> {
    FILES.iter().map(|(_, known, _)| *known).find(|known| *known == file)
}
