//! The two types of documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a document holds: one text, or a JSON object. Numbers are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DocumentType")]
#[repr(u8)]
pub enum Shape {
    /// One text, under the key `content` of the root map.
    Text = 1,
    /// A JSON object: the root map itself.
    Json = 2,
}

impl Shape {
    /// The shape with a stored number.
    pub fn from_number(number: u8) -> Option<Shape> {
        [Shape::Text, Shape::Json].into_iter().find(|shape| *shape as u8 == number)
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Shape::Text => "Text",
            Shape::Json => "Json",
        }
    }
}
