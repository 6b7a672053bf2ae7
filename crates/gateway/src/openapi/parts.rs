//! Parameters and headers that operations share.

use serde_json::{Value, json};

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    /// A text.
    Text,
    /// A text of this format.
    Format(&'static str),
    /// A text of this pattern.
    Pattern(&'static str),
    /// Texts: it may stand again and again.
    Texts,
    /// A whole number from this one on.
    From(u64),
    /// The id of a document.
    Document,
}

impl Type {
    fn to_value(self) -> Value {
        match self {
            Type::Text => json!({ "type": "string" }),
            Type::Format(format) => json!({ "type": "string", "format": format }),
            Type::Pattern(pattern) => json!({ "type": "string", "pattern": pattern }),
            Type::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Type::From(least) => json!({ "type": "integer", "minimum": least }),
            Type::Document => json!({ "$ref": "#/components/schemas/DocumentId" }),
        }
    }
}

/// Something that a request may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    place: &'static str,
    about: &'static str,
    kind: Type,
    example: &'static str,
    needed: bool,
}

impl Parameter {
    pub(crate) const fn path(name: &'static str, kind: Type, about: &'static str) -> Parameter {
        Parameter { name, place: "path", about, kind, example: "", needed: true }
    }

    pub(crate) const fn query(name: &'static str, kind: Type, about: &'static str) -> Parameter {
        Parameter { name, place: "query", about, kind, example: "", needed: false }
    }

    pub(crate) const fn header(name: &'static str, kind: Type, about: &'static str) -> Parameter {
        Parameter { name, place: "header", about, kind, example: "", needed: false }
    }

    /// It may not be left out.
    pub(crate) const fn needed(self) -> Parameter {
        Parameter { needed: true, ..self }
    }

    /// With an example, which the reference shows.
    pub(crate) const fn such_as(self, example: &'static str) -> Parameter {
        Parameter { example, ..self }
    }

    #[cfg(test)]
    pub(super) fn is_path(&self) -> bool {
        self.place == "path"
    }

    pub(super) fn described(&self) -> Value {
        let mut value = json!({ "name": self.name, "in": self.place, "description": self.about });
        if self.needed {
            value["required"] = true.into();
        }
        value["schema"] = self.kind.to_value();
        if !self.example.is_empty() {
            value["example"] = match self.kind {
                Type::From(_) => self.example.parse::<u64>().map_or(Value::Null, Value::from),
                _ => self.example.into(),
            };
        }
        value
    }
}

/// Something that an answer names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    name: &'static str,
    about: &'static str,
    kind: Type,
    always: bool,
}

impl Header {
    pub(super) fn entry(&self) -> (String, Value) {
        let mut header = json!({ "description": self.about, "schema": self.kind.to_value() });
        if self.always {
            header["required"] = true.into();
        }
        (self.name.to_owned(), header)
    }
}

const REVISION_FORM: &str = "^[0-9]+\\.[0-9]+$";

/// The document that a path names.
pub(crate) const DOCUMENT: Parameter =
    Parameter::path("id", Type::Document, "The document.").such_as("0015c8a2-5f6e-8d3b-9a41-7c20e4b1d9f3");

pub(crate) const IDEMPOTENCY_KEY: Parameter = Parameter::header(
    "Idempotency-Key",
    Type::Pattern("^[\\t -~]{1,255}$"),
    "The name of this edit. Sent again under the same name it is the same edit: done once, and answered as the first time.",
);

pub(crate) const IF_MATCH: Parameter = Parameter::header(
    "If-Match",
    Type::Pattern(TAGS),
    "`ETag`s in double quotes, or `*`. A document at another state is left alone, and the answer is 412.",
);

pub(crate) const IF_NONE_MATCH: Parameter = Parameter::header(
    "If-None-Match",
    Type::Pattern(TAGS),
    "`ETag`s in double quotes, or `*`. A reader who has this state already is answered 304, a writer 412.",
);

/// One entity tag, several with commas between them, or any. As in all headers, there may be blanks around it.
const TAGS: &str =
    "^[ \\t]*(\\*|[ \\t,]*(W/)?\"[!#-~]*\"([ \\t]*,[ \\t,]*(W/)?\"[!#-~]*\")*[ \\t,]*)[ \\t]*$";

pub(crate) const AT_LEAST: Parameter = Parameter::header(
    "Hub-At-Least",
    Type::Pattern("^[ \\t]*[0-9]+\\.[0-9]+([ \\t]*,[ \\t]*[0-9]+\\.[0-9]+)*[ \\t]*$"),
    "Revisions that answers named in `Hub-Revision`, with commas between them: the answer is at least as new, whichever \
     replica gives it.",
);

pub(crate) const LIMIT: Parameter =
    Parameter::query("limit", Type::From(1), "How many entries the page has at most.").such_as("50");

pub(crate) const CURSOR: Parameter = Parameter::query(
    "cursor",
    Type::Pattern("^[A-Za-z0-9_-]+$"),
    "Where the page begins: `next_cursor` of the page before.",
);

pub(crate) const ETAG: Header = Header {
    name: "ETag",
    about: "The tag of this state, made of its heads: for `If-Match` and `If-None-Match`. It ends in the coding, if the answer has one.",
    kind: Type::Pattern("^\"[0-9a-f]{32}(-gzip|-zstd)?\"$"),
    always: true,
};

pub(crate) const REVISION: Header = Header {
    name: "Hub-Revision",
    about: "How far the document's shard had come: for `Hub-At-Least`.",
    kind: Type::Pattern(REVISION_FORM),
    always: true,
};

pub(crate) const PREFER: Parameter = Parameter::header(
    "Prefer",
    Type::Text,
    "`return=minimal` asks for no body: the answer says in its headers where the document stands.",
);

/// The version in a header, where there is no body to say it.
pub(crate) const VERSION_NOW: Header =
    Header { name: "Hub-Version", about: "The version of the document.", kind: Type::From(0), always: false };

pub(crate) const LOCATION: Header =
    Header { name: "Location", about: "Where it is.", kind: Type::Format("uri-reference"), always: true };

pub(crate) const LINK: Header = Header {
    name: "Link",
    about: "The next page, as `rel=\"next\"` (RFC 8288), unless this is the last.",
    kind: Type::Text,
    always: false,
};
