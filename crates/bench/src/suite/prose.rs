//! Content to write: text that is not all alike, and that no two documents share.

use rand::Rng;

const WORDS: [&str; 32] = [
    "agent", "answer", "before", "branch", "change", "context", "decide", "draft", "every", "figure",
    "ground", "hold", "index", "join", "known", "ledger", "merge", "never", "other", "people", "quorum",
    "reason", "shard", "tenant", "under", "version", "weigh", "write", "yield", "zone", "later", "maybe",
];

/// Prose of exactly `bytes` ASCII characters.
pub fn prose(bytes: usize) -> String {
    let mut random = rand::rng();
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(WORDS[random.random_range(0..WORDS.len())]);
        text.push(if random.random_ratio(1, 12) { '\n' } else { ' ' });
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn has_the_length_asked_for() {
        for bytes in [0, 1, 200, 2048] {
            let text = prose(bytes);
            assert!(text.len() == bytes && text.is_ascii());
        }
    }

    #[test]
    fn is_never_the_same() {
        assert_ne!(prose(200), prose(200));
    }
}
