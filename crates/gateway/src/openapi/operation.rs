//! One operation in the making: what a verb takes, gives and refuses.

use super::parts::{Header, Parameter};
use crate::problem::Kind;
use serde_json::{Map, Value, json};

/// A chapter of the reference, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Documents,
    Sharing,
    Feeds,
    Sockets,
    Operators,
    Reference,
}

impl Tag {
    pub(crate) const ALL: [Tag; 6] =
        [Tag::Documents, Tag::Sharing, Tag::Feeds, Tag::Sockets, Tag::Operators, Tag::Reference];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tag::Documents => "Documents",
            Tag::Sharing => "Sharing",
            Tag::Feeds => "Feeds",
            Tag::Sockets => "Sockets",
            Tag::Operators => "Operators",
            Tag::Reference => "Reference",
        }
    }

    pub(super) fn about(self) -> &'static str {
        match self {
            Tag::Documents => "Make, read and edit documents. Edits merge at the version that they name.",
            Tag::Sharing => "Who may do what with a document.",
            Tag::Feeds => "What happens to documents, as it happens.",
            Tag::Sockets => "Documents while they change, and the tickets that sockets take.",
            Tag::Operators => "For those who run a hub.",
            Tag::Reference => "What a hub says about itself.",
        }
    }
}

/// What a verb takes, gives and refuses.
pub(crate) struct Operation {
    /// Its name in generated clients: unique, and never changed.
    pub(super) id: &'static str,
    tag: Tag,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Parameter>,
    bodies: Map<String, Value>,
    answers: Vec<(u16, Value)>,
    problems: Vec<Kind>,
}

impl Operation {
    /// An operation with its name in generated clients, its chapter, and what it does in a few words.
    pub(crate) fn new(id: &'static str, tag: Tag, summary: &'static str) -> Operation {
        let (parameters, bodies, answers, problems) = (vec![], Map::new(), vec![], vec![]);
        Operation { id, tag, summary, about: "", parameters, bodies, answers, problems }
    }

    /// What it does, in Markdown.
    pub(crate) fn about(mut self, about: &'static str) -> Operation {
        self.about = about;
        self
    }

    /// Takes these parameters.
    pub(crate) fn takes(mut self, parameters: &[Parameter]) -> Operation {
        self.parameters.extend_from_slice(parameters);
        self
    }

    /// Takes a body of this media type, or of another one if this is called again.
    pub(crate) fn body(mut self, media: &str, schema: Value, example: Value) -> Operation {
        let mut body = json!({ "schema": schema });
        if !example.is_null() {
            body["example"] = example;
        }
        self.bodies.insert(media.to_owned(), body);
        self
    }

    /// May answer with this status, these headers, and one of these media types.
    pub(crate) fn answer(
        mut self,
        status: u16,
        about: &str,
        headers: &[Header],
        media: &[(&str, Value)],
    ) -> Operation {
        let mut answer = json!({ "description": about });
        if !headers.is_empty() {
            answer["headers"] = headers.iter().map(Header::entry).collect::<Map<_, _>>().into();
        }
        if !media.is_empty() {
            let entry = |(media, schema): &(&str, Value)| ((*media).to_owned(), json!({ "schema": schema }));
            answer["content"] = media.iter().map(entry).collect::<Map<_, _>>().into();
        }
        self.answers.push((status, answer));
        self
    }

    /// May refuse with these problems.
    pub(crate) fn refuses(mut self, sets: &[&[Kind]]) -> Operation {
        for kind in sets.iter().flat_map(|set| set.iter()) {
            if !self.problems.contains(kind) {
                self.problems.push(*kind);
            }
        }
        self
    }

    /// The places of the path, as far as it is described.
    #[cfg(test)]
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().filter(|parameter| parameter.is_path()).map(|parameter| parameter.name)
    }

    /// As it stands in the document. `guarded`: it takes a token.
    pub(super) fn to_value(&self, guarded: bool) -> Value {
        let mut value = json!({
            "operationId": self.id,
            "tags": [self.tag.name()],
            "summary": self.summary,
        });
        if !self.about.is_empty() {
            value["description"] = self.about.into();
        }
        if !self.parameters.is_empty() {
            value["parameters"] = self.parameters.iter().map(Parameter::described).collect();
        }
        if !self.bodies.is_empty() {
            value["requestBody"] = json!({ "required": true, "content": self.bodies });
        }
        let mut answers = self.answers.clone();
        let mut statuses: Vec<_> = self.problems.iter().map(|kind| kind.status().as_u16()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        answers.extend(statuses.into_iter().map(|status| (status, self.refusal(status))));
        answers.sort_by_key(|answer| answer.0);
        let keyed = answers.into_iter().map(|(status, answer)| (status.to_string(), answer));
        value["responses"] = keyed.collect::<Map<_, _>>().into();
        value["security"] = if guarded { json!([{ "token": [] }]) } else { json!([]) };
        value
    }

    /// The problems of one status. Its schema allows no other, so that a problem that is not named here is found.
    fn refusal(&self, status: u16) -> Value {
        let kinds: Vec<_> = self.problems.iter().filter(|kind| kind.status().as_u16() == status).collect();
        let line = |kind: &&Kind| format!("- [{0}](/docs/problems/{0}): {1}", kind.slug(), kind.title());
        let types: Vec<_> = kinds.iter().map(|kind| format!("/docs/problems/{}", kind.slug())).collect();
        json!({
            "description": kinds.iter().map(line).collect::<Vec<_>>().join("\n"),
            "content": { "application/problem+json": { "schema": {
                "allOf": [
                    { "$ref": "#/components/schemas/Problem" },
                    { "properties": { "type": { "enum": types }, "status": { "const": status } } },
                ],
            } } },
        })
    }
}
