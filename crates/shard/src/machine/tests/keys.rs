//! Keys: whose a document's is taken under.

use super::*;

#[test]
fn a_document_without_a_key_of_its_owner_is_stale() {
    let mut shard = shard();
    assert_eq!(shard.create_without_key(doc(1), "ada", 1), Err(Rejection::Stale));
    assert_eq!(shard.create(doc(1), "ada", 1), done(doc(1), 1));
}

#[test]
fn a_document_key_is_taken_under_the_first_key_of_its_owner_alone() {
    let mut shard = shard();
    shard.create(doc(1), "ada", 1).unwrap();
    shard.key_under(doc(2), "ada", [8; 8]);
    assert_eq!(shard.create_without_key(doc(2), "ada", 2), Err(Rejection::Stale));
    // Another replica's store stands for this one's from now on; there the first key was the other.
    let mut other = super::shard();
    other.key_under(doc(3), "ada", [8; 8]);
    other.create_without_key(doc(3), "ada", 3).unwrap();
    shard.machine.install(other.machine.snapshot().unwrap()).unwrap();
    shard.key_under(doc(4), "ada", [7; 8]);
    assert_eq!(shard.create_without_key(doc(4), "ada", 4), Err(Rejection::Stale));
    shard.key_under(doc(4), "ada", [8; 8]);
    assert_eq!(shard.create_without_key(doc(4), "ada", 4), done(doc(4), 1));
}
