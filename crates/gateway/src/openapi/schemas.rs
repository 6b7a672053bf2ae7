//! Schemas of what goes in and comes out, derived from the types that are read and written.

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// Where named schemas stand in the document.
const PLACE: &str = "/components/schemas";

/// The named schemas that have been asked for. What serde takes and what it writes may differ for one type, so that each
/// direction has a generator of its own.
pub(crate) struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Schemas {
        let generator = |contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = PLACE.into();
            settings.meta_schema = None;
            settings.contract = contract;
            SchemaGenerator::new(settings)
        };
        Schemas { taken: generator(Contract::Deserialize), given: generator(Contract::Serialize) }
    }

    /// The schema of a body that the hub reads.
    pub(crate) fn taken<T: JsonSchema>(&mut self) -> Value {
        self.taken.subschema_for::<T>().to_value()
    }

    /// The schema of a body that the hub writes.
    pub(crate) fn given<T: JsonSchema>(&mut self) -> Value {
        self.given.subschema_for::<T>().to_value()
    }

    /// Every named schema, sorted by name.
    pub(super) fn into_components(mut self) -> Map<String, Value> {
        let mut named: Vec<_> = self.given.take_definitions(true).into_iter().collect();
        for (name, schema) in self.taken.take_definitions(true) {
            if !named.iter().any(|(known, _)| *known == name) {
                named.push((name, schema));
            }
        }
        named.sort_by(|one, other| one.0.cmp(&other.0));
        named.into_iter().collect()
    }
}

/// The schema of an object that has all members of `base`, and one more that is always there.
pub(crate) fn with_member(mut base: Schema, name: &str, member: Value) -> Schema {
    let object = base.ensure_object();
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.insert(name.to_owned(), member);
    }
    if let Some(Value::Array(required)) = object.get_mut("required") {
        required.push(name.into());
    }
    base
}
