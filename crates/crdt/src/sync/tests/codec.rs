//! The codec against Automerge's.
