//! How one state of a document becomes another.

use super::Fault;
use super::engine::Engine;
use crate::shard::Shard;
use crate::store::DocKey;
use base::{Limits, Op, Shape};
use crdt::{DifferenceError, difference};
use rpc::{At, Caller, Comparison, Refusal, View};
use std::sync::Arc;

impl Engine {
    /// Compares two states. Each is read as any state is, so that what is at hand is not read again. The first one is held
    /// while the second is read: few do that at once.
    pub async fn compare(
        self: &Arc<Engine>,
        shard: &Arc<Shard>,
        doc: &DocKey,
        caller: &Caller,
        from: At,
        to: At,
    ) -> Result<Comparison, Refusal> {
        let turn = self.comparisons.acquire(caller).await?;
        let from = self.read(shard, doc, &caller.user, from).await?;
        let to = self.read(shard, doc, &caller.user, to).await?;
        let (old, new, limits) = (from.view.clone(), to.view.clone(), self.limits);
        // The work goes on when nobody waits for it any more, and so does its turn.
        let work = move || {
            let _turn = turn;
            steps(&old, &new, &limits)
        };
        let ops = self.workers.run(work).await.map_err(Fault::from)??;
        Ok(Comparison { from: from.view, to: to.view, ops, revision: to.revision })
    }
}

/// The operations from one state to the other: no more than an edit takes. Where that is not enough, all is replaced.
fn steps(from: &View, to: &View, limits: &Limits) -> Result<Vec<Op>, Refusal> {
    match difference(&from.content, &to.content) {
        Ok(ops) if ops.len() <= limits.operations => Ok(ops),
        Ok(_)
        | Err(
            DifferenceError::Value(_) | DifferenceError::TooDeep { .. } | DifferenceError::TooMuch { .. },
        ) => Ok(vec![whole(from, to)?]),
        Err(error @ DifferenceError::Form(_)) => Err(Fault::damaged(error.to_string()).into()),
    }
}

/// The operation that puts the new content in place of the old one.
fn whole(from: &View, to: &View) -> Result<Op, Refusal> {
    let value = crdt::parse(&to.content).map_err(|error| {
        let reason = format!("the content cannot be shown as operations: {error}; read both states instead");
        Refusal::BadEdit { operation: None, reason }
    })?;
    match (to.shape, value) {
        (Shape::Text, serde_json::Value::String(insert)) => {
            let old: String = serde_json::from_slice(&from.content)
                .map_err(|_| Fault::damaged("the content of a text is no string"))?;
            let delete = old.encode_utf16().count();
            Ok(Op::Splice { path: vec![], position: 0, delete, insert })
        }
        (_, value) => Ok(Op::Set { path: vec![], value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{DocId, Slot, Timestamp, UserId};
    use rpc::ViewParts;
    use serde_json::{Value, json};

    fn view(content: &Value) -> View {
        let shape = if content.is_string() { Shape::Text } else { Shape::Json };
        View::new(ViewParts {
            id: DocId::mint(Slot::new(1).unwrap(), [1; 16]),
            name: "n".into(),
            shape,
            owner: UserId::new("ada").unwrap(),
            version: 1,
            heads: vec![],
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
            content: content.to_string().into(),
            labels: base::Labels::new(),
        })
    }

    /// The operations, which lead to the new content.
    fn check(old: &Value, new: &Value, operations: usize) -> Vec<Op> {
        let limits = Limits { operations, ..Limits::default() };
        let ops = steps(&view(old), &view(new), &limits).unwrap();
        let mut copy = old.clone();
        base::plain::apply(&mut copy, &ops).unwrap();
        assert_eq!(copy, *new, "{ops:?}");
        ops
    }

    #[test]
    fn operations_are_few_or_one() {
        let (old, new) = (json!({"a": 1, "b": 2, "c": 3}), json!({"a": 2, "b": 3, "c": 3}));
        assert_eq!(check(&old, &new, 2).len(), 2);
        assert_eq!(check(&old, &new, 1), [Op::Set { path: vec![], value: new.clone() }]);
        assert_eq!(check(&old, &old, 0), []);
    }

    #[test]
    fn a_text_is_replaced_by_one_splice_that_counts_in_utf16() {
        let (old, new) = (json!("one 😀 and a tail that stays"), json!("two 😀 and a tail that stayed"));
        assert!(check(&old, &new, 9).len() > 1);
        let whole = check(&old, &new, 0);
        assert!(matches!(&whole[..], [Op::Splice { position: 0, delete: 28, .. }]), "{whole:?}");
    }
}
