//! The arrows that `ARCHITECTURE.md` forbids.
//!
//! The rules are read from the fenced block `arrows` of that page, so that what it draws is what is checked. A line is
//! one of
//!
//! ```text
//! gateway never reaches shard, wal               # not over any number of steps
//! openraft is used only by shard                 # no other member has an arrow to it (or: by nobody)
//! `wood::` is written only below crates/oar/src, crates/oar/tests
//! ```
//!
//! and says why behind a `#`. A rule about something that does not exist is a finding: it would hold for ever.

use crate::Findings;
use crate::graph::Graph;
use crate::tree::Tree;
use anyhow::{Context, Result};

const PAGE: &str = "ARCHITECTURE.md";

#[derive(Debug, PartialEq)]
enum Rule {
    NeverReaches { from: Vec<String>, to: Vec<String> },
    UsedOnlyBy { what: Vec<String>, users: Vec<String> },
    WrittenOnlyBelow { text: String, folders: Vec<String> },
}

/// The check.
pub fn check(tree: &Tree) -> Result<Findings> {
    let rules = parse(&tree.read(PAGE)?)?;
    let graph = Graph::read(tree)?;
    let mut findings = Findings::new();
    for rule in &rules {
        findings.extend(match rule {
            Rule::NeverReaches { from, to } => reaches(&graph, from, to),
            Rule::UsedOnlyBy { what, users } => used_elsewhere(&graph, what, users),
            Rule::WrittenOnlyBelow { text, folders } => written_elsewhere(tree, text, folders)?,
        });
    }
    Ok(findings)
}

/// The rules of the page.
fn parse(page: &str) -> Result<Vec<Rule>> {
    let (_, rest) =
        page.split_once("```arrows\n").with_context(|| format!("{PAGE} has no block `arrows`"))?;
    let (block, _) =
        rest.split_once("```").with_context(|| format!("the block `arrows` of {PAGE} does not end"))?;
    let lines = block.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Rule> {
    let sides = |verb: &str| line.split_once(verb).map(|(left, right)| (names(left), names(right)));
    let reach = sides(" never reaches ").or_else(|| sides(" never reach "));
    let used = sides(" is used only by ").or_else(|| sides(" are used only by "));
    if let Some((from, to)) = reach {
        Ok(Rule::NeverReaches { from, to })
    } else if let Some((what, users)) = used {
        Ok(Rule::UsedOnlyBy { what, users })
    } else {
        let (text, folders) = line
            .split_once(" is written only below ")
            .with_context(|| format!("{PAGE}: {line:?} is no rule"))?;
        Ok(Rule::WrittenOnlyBelow { text: text.trim().trim_matches('`').to_owned(), folders: names(folders) })
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).filter(|name| name != "nobody").collect()
}

fn reaches(graph: &Graph, from: &[String], to: &[String]) -> Findings {
    let mut findings = missing(graph, from.iter().chain(to));
    for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
        if let Some(way) = graph.way(from, to) {
            findings.push(format!("{from} must never reach {to}, but does: {}", way.join(" → ")));
        }
    }
    findings
}

fn used_elsewhere(graph: &Graph, what: &[String], users: &[String]) -> Findings {
    let mut findings = missing(graph, what.iter().chain(users));
    for what in what {
        let others =
            graph.members_above(what).into_iter().filter(|user| !users.iter().any(|allowed| allowed == user));
        findings.extend(others.map(|user| format!("{user} must not depend on {what}: only {users:?} may")));
    }
    findings
}

fn missing<'a>(graph: &Graph, names: impl Iterator<Item = &'a String>) -> Findings {
    names
        .filter(|name| !graph.has(name))
        .map(|name| format!("{PAGE} has a rule about {name}, which is not there"))
        .collect()
}

fn written_elsewhere(tree: &Tree, text: &str, folders: &[String]) -> Result<Findings> {
    let gone = folders.iter().filter(|folder| !tree.has(folder));
    let mut findings: Findings =
        gone.map(|folder| format!("{PAGE} has a rule about {folder}, which is not there")).collect();
    for file in tree.files(".rs")? {
        let below = folders
            .iter()
            .any(|folder| file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if below {
            continue;
        }
        let source = tree.read(&file)?;
        let lines = source.lines().enumerate().filter(|(_, line)| line.contains(text));
        findings.extend(
            lines.map(|(at, _)| {
                format!("{file}:{}: {text} belongs only below {}", at + 1, folders.join(", "))
            }),
        );
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// boat → oar → wood, and a test of `shore` that uses the wood.
    const METADATA: &str = r#"{
        "packages": [
            {"id": "b", "name": "boat", "version": "1.0.0", "license": null},
            {"id": "o", "name": "oar", "version": "1.0.0", "license": null},
            {"id": "s", "name": "shore", "version": "1.0.0", "license": null},
            {"id": "w", "name": "wood", "version": "1.0.0", "license": "MIT"}
        ],
        "workspace_members": ["b", "o", "s"],
        "resolve": {"nodes": [
            {"id": "b", "deps": [{"pkg": "o", "dep_kinds": [{"kind": null}]}]},
            {"id": "o", "deps": [{"pkg": "w", "dep_kinds": [{"kind": "build"}, {"kind": "dev"}]}]},
            {"id": "s", "deps": [{"pkg": "w", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "w", "deps": []}
        ]}
    }"#;

    fn graph() -> Graph {
        Graph::parse(METADATA.as_bytes()).unwrap()
    }

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn rules_are_read_from_the_block_of_the_page() {
        let page = "text\n```arrows\nboat, oar never reach wood, sea  # why\n\nwood is used only by nobody\n\
                    `wood::` is written only below oar/src, oar/tests\n```\nboat never reaches the page\n";
        let rules = parse(page).unwrap();
        assert_eq!(rules[0], Rule::NeverReaches { from: list(&["boat", "oar"]), to: list(&["wood", "sea"]) });
        assert_eq!(rules[1], Rule::UsedOnlyBy { what: list(&["wood"]), users: vec![] });
        let folders = list(&["oar/src", "oar/tests"]);
        assert_eq!(rules[2], Rule::WrittenOnlyBelow { text: "wood::".into(), folders });
        assert_eq!(rules.len(), 3);
    }

    #[test]
    fn a_page_without_rules_and_a_line_that_is_none_are_errors() {
        assert!(parse("nothing").is_err());
        assert!(parse("```arrows\nboat likes wood\n```\n").is_err());
    }

    #[test]
    fn a_forbidden_arrow_is_found_over_several_steps() {
        let found = reaches(&graph(), &list(&["boat"]), &list(&["wood"]));
        assert_eq!(found, ["boat must never reach wood, but does: boat → oar → wood"]);
        assert!(reaches(&graph(), &list(&["oar"]), &list(&["boat"])).is_empty());
    }

    #[test]
    fn what_only_tests_use_is_no_arrow() {
        assert!(reaches(&graph(), &list(&["shore"]), &list(&["wood"])).is_empty());
    }

    #[test]
    fn another_user_is_found() {
        assert!(used_elsewhere(&graph(), &list(&["wood"]), &list(&["oar"])).is_empty());
        let found = used_elsewhere(&graph(), &list(&["wood"]), &list(&["boat"]));
        assert_eq!(found, [r#"oar must not depend on wood: only ["boat"] may"#]);
    }

    #[test]
    fn a_rule_about_nothing_is_found() {
        assert_eq!(reaches(&graph(), &list(&["boat"]), &list(&["submarine"])).len(), 1);
        assert_eq!(used_elsewhere(&graph(), &list(&["submarine"]), &[]).len(), 1);
    }

    #[test]
    fn words_are_found_outside_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in
            [("oar/src/lib.rs", "use wood::Plank;"), ("oar/srcs.rs", "//\nwood::cut()"), ("boat.rs", "oar")]
        {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = written_elsewhere(&Tree::at(folder.path()), "wood::", &list(&["oar/src"])).unwrap();
        assert_eq!(found, ["oar/srcs.rs:2: wood:: belongs only below oar/src"]);
    }
}
