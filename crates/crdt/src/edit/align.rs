//! Which items of a changed stretch of a list are the same item, changed.
//!
//! An item that is paired keeps its identity, so that what others write inside it survives; one that is not is
//! inserted or deleted. Items pair in order, by likeness of what they render to.

/// Stretches of more pairs than this pair by position: looking at all of them costs their product.
const MAX_PAIRS: usize = 4096;

/// Items less alike than this are different ones.
const LIKE: f32 = 0.4;

/// What of an item matters for pairing.
pub(crate) struct Item<'i> {
    pub(crate) kind: Kind,
    pub(crate) json: &'i [u8],
}

/// Only items of one kind pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Map,
    List,
    Text,
    Counter,
    Scalar,
}

/// Pairs of indices, rising in both.
pub(crate) fn align(old: &[Item<'_>], new: &[Item<'_>]) -> Vec<(usize, usize)> {
    if old.len() * new.len() > MAX_PAIRS {
        return (0..old.len().min(new.len()))
            .filter(|&i| old[i].kind == new[i].kind)
            .map(|i| (i, i))
            .collect();
    }
    let best = best_from(old, new);
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < old.len() && j < new.len() {
        if best[i][j] == best[i + 1][j] {
            i += 1;
        } else if best[i][j] == best[i][j + 1] {
            j += 1;
        } else {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    pairs
}

/// Entry `[i][j]`: the most likeness that pairs of items from `i` and from `j` on can have together.
fn best_from(old: &[Item<'_>], new: &[Item<'_>]) -> Vec<Vec<f32>> {
    let mut best = vec![vec![0.0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let paired = best[i + 1][j + 1] + likeness(&old[i], &new[j]);
            best[i][j] = f32::max(paired, f32::max(best[i + 1][j], best[i][j + 1]));
        }
    }
    best
}

fn likeness(old: &Item<'_>, new: &Item<'_>) -> f32 {
    if old.kind != new.kind {
        return 0.0;
    }
    match old.kind {
        Kind::Counter => 1.0,
        // A scalar has nothing inside that could be kept; pairing it keeps its place in the list.
        Kind::Scalar => LIKE,
        Kind::Map | Kind::List | Kind::Text => {
            let shared = shared_ends(old.json, new.json);
            let likeness = (2 * shared) as f32 / (old.json.len() + new.json.len()) as f32;
            if likeness >= LIKE { likeness } else { 0.0 }
        }
    }
}

fn shared_ends(a: &[u8], b: &[u8]) -> usize {
    let front = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[front..], &b[front..]);
    front + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items<'i>(kind: Kind, all: &[&'i str]) -> Vec<Item<'i>> {
        all.iter().map(|json| Item { kind, json: json.as_bytes() }).collect()
    }

    #[test]
    fn a_changed_item_is_found_behind_a_deleted_one() {
        let old = items(Kind::Map, &[r#"{"id":1,"t":"water"}"#, r#"{"id":2,"t":"paper"}"#]);
        let new = items(Kind::Map, &[r#"{"id":2,"t":"papers"}"#]);
        assert_eq!(align(&old, &new), [(1, 0)]);
    }

    #[test]
    fn unlike_texts_and_other_kinds_do_not_pair() {
        assert_eq!(align(&items(Kind::Text, &["\"apple\""]), &items(Kind::Text, &["\"zebra\""])), []);
        assert_eq!(align(&items(Kind::Map, &["{}"]), &items(Kind::List, &["[]"])), []);
    }

    #[test]
    fn scalars_pair_in_order() {
        assert_eq!(
            align(&items(Kind::Scalar, &["1", "2"]), &items(Kind::Scalar, &["8", "9"])),
            [(0, 0), (1, 1)]
        );
    }
}
