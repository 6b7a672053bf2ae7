//! What pages are drawn with.

/// A file that stands beside the pages.
pub(crate) struct Asset {
    pub(crate) name: &'static str,
    pub(crate) media: &'static str,
    pub(crate) bytes: &'static [u8],
}

const ALL: [Asset; 3] = [
    Asset { name: "style.css", media: "text/css; charset=utf-8", bytes: include_bytes!("style.css") },
    Asset { name: "icon.svg", media: "image/svg+xml", bytes: include_bytes!("icon.svg") },
    Asset {
        name: "architecture.svg",
        media: "image/svg+xml",
        bytes: include_bytes!("../../../../docs/architecture.svg"),
    },
];

/// The file of this name.
pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    const { &ALL }.iter().find(|asset| asset.name == name)
}
