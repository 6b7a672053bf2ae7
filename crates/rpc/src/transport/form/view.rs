//! The form of a view, which is made once for each view: hot documents are read again and again.

use super::base::sorted;
use super::{Form, In, Malformed, Out, choice, record};
use crate::{Followed, Seen, View, ViewParts};
use base::Heads;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Names a view by all that it says: views with the same digest are the same for every reader.
pub(crate) type Digest = [u8; 16];

record!(ViewParts { id, name, shape, owner, version, heads, created_at, updated_at, content, labels });
record!(Seen { view, level, revision });
choice!(Followed {
    0 => Snapshot(seen),
    1 => Update(update),
    2 => Ephemeral(ephemeral),
    3 => Level(level),
    4 => Ended(refusal),
});

/// The form of a view with its digest before it.
fn made(view: &View) -> &Bytes {
    view.form(|| {
        let mut out = Out::new(view.content.len() + view.name.len() + 256);
        out.begin();
        view.id.put(&mut out);
        view.name.put(&mut out);
        view.shape.put(&mut out);
        view.owner.put(&mut out);
        view.version.put(&mut out);
        view.heads.put(&mut out);
        view.created_at.put(&mut out);
        view.updated_at.put(&mut out);
        view.content.put(&mut out);
        view.labels.put(&mut out);
        out.end();
        let form = out.finish();
        let mut bytes = Sha256::digest(&form)[..size_of::<Digest>()].to_vec();
        bytes.extend(&form);
        bytes.into()
    })
}

/// What names this view.
pub(crate) fn digest_of(view: &View) -> Digest {
    made(view)[..size_of::<Digest>()].try_into().expect("a digest stands before the form")
}

/// The form of a view.
fn view_form(view: &View) -> Bytes {
    made(view).slice(size_of::<Digest>()..)
}

/// A view from its form.
fn take_view(form: &[u8]) -> Result<Arc<View>, Malformed> {
    let parts: ViewParts = super::decode(form)?;
    let heads: Heads = sorted(parts.heads)?;
    Ok(Arc::new(View::new(ViewParts { heads, ..parts })))
}

impl Form for Arc<View> {
    fn put(&self, out: &mut Out) {
        out.bytes(&view_form(self));
    }

    fn take(from: &mut In<'_>) -> Result<Arc<View>, Malformed> {
        take_view(from.bytes()?)
    }
}
