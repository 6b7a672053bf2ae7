//! How an operation is asked for from a shell.

use serde_json::Value;

/// A command for `curl`. `HUB` is where the hub is, and `TOKEN` a token.
pub(super) fn command(method: &str, path: &str, operation: &Value) -> String {
    let mut lines = vec![format!("curl{} \"$HUB{}\"", verb(method), filled(path, operation))];
    if operation["security"].as_array().is_some_and(|needed| !needed.is_empty()) {
        lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    let bodies = operation["requestBody"]["content"].as_object();
    let shown = |bodies: &'_ serde_json::Map<String, Value>| {
        let found = bodies.iter().find(|(media, _)| *media == "application/json").or(bodies.iter().next());
        found.map(|(media, body)| (media.clone(), body.clone()))
    };
    if let Some((media, body)) = bodies.and_then(shown) {
        lines.push(format!("-H \"Content-Type: {media}\""));
        let example = &body["example"];
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        lines.push(format!("--data-binary '{}'", text.replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

fn verb(method: &str) -> String {
    if method == "get" { String::new() } else { format!(" -X {}", method.to_uppercase()) }
}

/// The path, with the example of each of its parameters.
fn filled(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let needed = |parameter: &&Value| parameter["in"] == "path" || parameter["required"] == true;
    parameters.filter(needed).fold(path.to_owned(), |path, parameter| {
        let name = parameter["name"].as_str().unwrap_or_default();
        let example = parameter["example"].as_str().unwrap_or(name);
        match parameter["in"].as_str() {
            Some("path") => path.replace(&format!("{{{name}}}"), example),
            Some("query") => format!("{path}{}{name}={example}", if path.contains('?') { '&' } else { '?' }),
            _ => path,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_has_what_the_operation_takes() {
        let operation = json!({
            "security": [{ "token": [] }],
            "parameters": [{ "in": "path", "name": "id", "example": "7" }, { "in": "query", "name": "x" }],
            "requestBody": { "content": { "application/json": { "example": { "content": "it's" } } } },
        });
        let expected = "curl -X PUT \"$HUB/documents/7\" \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  \
                        -H \"Content-Type: application/json\" \\\n  --data-binary '{\"content\":\"it'\\''s\"}'";
        assert_eq!(command("put", "/documents/{id}", &operation), expected);
        assert_eq!(command("get", "/livez", &json!({ "security": [] })), "curl \"$HUB/livez\"");
    }
}
