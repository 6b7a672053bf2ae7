//! Who may do what.

use super::Rejection;
use super::step::{ApplyError, Step};
use crate::store::{Head, Space, key};
use base::Level;

impl Step<'_> {
    /// The head of a living document, if one of the principals holds `needed`.
    pub(super) fn permitted(
        &self,
        document: &[u8],
        principals: &[String],
        needed: Level,
    ) -> Result<Result<Head, Rejection>, ApplyError> {
        let head = self.txn.record::<Head>(Space::Documents, &key::head(document))?;
        let Some(head) = head.filter(|head| head.deleted_ms.is_none()) else {
            return Ok(Err(Rejection::NotFound));
        };
        Ok(self.allowed(document, &head.owner, principals, needed)?.map(|()| head))
    }

    /// Whether one of the principals holds `needed`.
    ///
    /// Who may not even read learns nothing: a document that is not there looks the same.
    pub(super) fn allowed(
        &self,
        document: &[u8],
        owner: &str,
        principals: &[String],
        needed: Level,
    ) -> Result<Result<(), Rejection>, ApplyError> {
        let stored = |principal: &str| self.txn.get(Space::Documents, &key::access(document, principal));
        Ok(match level_of(owner, principals.iter().map(String::as_str), stored)? {
            None => Err(Rejection::NotFound),
            Some(held) if held < needed => Err(Rejection::Forbidden { needed, held }),
            Some(_) => Ok(()),
        })
    }
}

/// The highest level that any of the principals holds. `stored` reads a principal's access record.
pub fn level_of<'p, E>(
    owner: &str,
    principals: impl IntoIterator<Item = &'p str>,
    stored: impl Fn(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Option<Level>, E> {
    let mut highest = None;
    for principal in principals {
        if principal == owner {
            return Ok(Some(Level::Owner));
        }
        let level = stored(principal)?.and_then(|record| Level::from_number(*record.first()?));
        highest = highest.max(level);
    }
    Ok(highest)
}
