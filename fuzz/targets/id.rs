//! Any text as a document id, a change hash and a name: reading never panics, and what is taken prints as something that
//! reads the same.

#![no_main]

use base::{DocId, Hash, SLOT_COUNT, TenantId, UserId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<DocId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.automerge_url().parse(), Ok(id));
        assert_eq!(DocId::from_bytes(*id.as_bytes()), Ok(id));
        assert!(id.slot().number() < SLOT_COUNT);
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text.to_lowercase());
    }
    if let Ok(user) = text.parse::<UserId>() {
        assert_eq!(user.as_str(), text);
        assert!(TenantId::new(text).is_ok(), "tenants and users have one grammar");
    }
});
