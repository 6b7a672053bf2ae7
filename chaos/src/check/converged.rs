//! Replicas converge: when all is over, each replica of a document has the same heads, or none has the document.

use std::collections::BTreeMap;

use super::{Findings, Violation};
use crate::history::{Document, History, Replica};

/// Compares the replicas of each document. One that has a single replica has none to be compared with.
pub fn check(history: &History) -> Findings {
    let mut findings = Findings::default();
    let mut documents: BTreeMap<&Document, Vec<&Replica>> = BTreeMap::new();
    for replica in &history.replicas {
        documents.entry(&replica.document).or_default().push(replica);
    }
    for (document, replicas) in documents.into_iter().filter(|(_, replicas)| replicas.len() > 1) {
        findings.examined += 1;
        let mut camps: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for replica in replicas {
            camps.entry(replica.heads.as_deref()).or_default().push(&replica.node);
        }
        if camps.len() > 1 {
            let camps = camps.iter().map(|(heads, nodes)| match heads {
                Some(heads) => format!("{} at {heads}", nodes.join(", ")),
                None => format!("{} without it", nodes.join(", ")),
            });
            let what = format!("its replicas disagree: {}", camps.collect::<Vec<_>>().join("; "));
            findings.violated(Violation::on(document, what, []));
        }
    }
    findings
}
