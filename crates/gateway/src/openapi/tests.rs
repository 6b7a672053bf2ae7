//! The description is the committed one, and holds together.

use super::*;
use std::collections::HashSet;
use std::path::Path;

#[test]
fn the_openapi_document_is_the_one_that_is_committed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == text(), "docs/openapi.json differs from the code; with BLESS=1 this test writes it");
}

#[test]
fn openapi_ids_are_unique_and_paths_name_their_parameters() {
    let (mut ids, mut schemas) = (HashSet::new(), Schemas::new());
    for resource in Resource::ALL {
        let template = resource.template();
        let varying: Vec<_> =
            template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for (_, verb) in resource.verbs() {
            let operation = describe::describe(*verb, &mut schemas);
            assert!(ids.insert(operation.id), "{} is there twice", operation.id);
            assert_eq!(operation.path_parameters().collect::<Vec<_>>(), varying, "{template}");
        }
    }
}

/// Every `$ref` of a value.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn openapi_references_resolve() {
    let mut found = Vec::new();
    references(document(), &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document().pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn openapi_names_every_schema_only_where_it_is_used() {
    let mut found = Vec::new();
    references(document(), &mut found);
    for name in document()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(
            found.iter().any(|reference| reference.ends_with(&format!("/{name}"))),
            "nothing is a {name}"
        );
    }
}
