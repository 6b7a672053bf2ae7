//! The pages that a hub shows: the guides of the repository, and the reference that is made from the description of the
//! API. All of it is built into the program, and nothing is fetched from elsewhere.
//!
//! `pages` names the guides, `links` finds where their links lead, `markdown` turns them into HTML and into twins whose
//! links lead to pages of the hub, `layout` is what is around each, `reference` shows the API.

pub(crate) mod assets;
mod curl;
mod layout;
mod links;
pub(crate) mod llms;
mod markdown;
mod pages;
pub(crate) mod problems;
pub(crate) mod reference;
mod schema;

pub(crate) use pages::find;

#[cfg(test)]
mod tests;
