//! A small reader of pages: every element is closed in the right order, every attribute is quoted and there once, and
//! every `&` begins an entity.

/// The names of all elements in the order in which they begin, or what is wrong.
pub fn elements(page: &str) -> Result<Vec<String>, String> {
    let page = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    let (mut open, mut names): (Vec<String>, Vec<String>) = (vec![], vec![]);
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        text(&rest[..at])?;
        let (tag, after) = tag(&rest[at + 1..])?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop().ok_or(format!("</{name}> closes nothing"))?;
            if opened != name {
                return Err(format!("</{name}> closes <{opened}>"));
            }
            continue;
        }
        let (body, closed) = tag.strip_suffix('/').map_or((tag, false), |body| (body, true));
        let name = body.split_whitespace().next().ok_or("a tag without a name")?.to_owned();
        attributes(&body[name.len()..]).map_err(|why| format!("<{body}>: {why}"))?;
        names.push(name.clone());
        if !closed {
            open.push(name);
        }
    }
    text(rest)?;
    if open.is_empty() { Ok(names) } else { Err(format!("not closed: {open:?}")) }
}

/// A tag up to its end, which is no `>` in quotes.
fn tag(rest: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    for (at, char) in rest.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '>' if !quoted => return Ok((&rest[..at], &rest[at + 1..])),
            '<' => return Err(format!("a < in a tag: {}", &rest[..at])),
            _ => {}
        }
    }
    Err("a tag without an end".into())
}

fn attributes(mut rest: &str) -> Result<(), String> {
    let mut names = std::collections::BTreeSet::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(());
        }
        let (name, value) = rest.split_once("=\"").ok_or(format!("an attribute without quotes: {rest}"))?;
        let (value, after) = value.split_once('"').ok_or("an attribute without an end")?;
        if name.contains(char::is_whitespace) || !names.insert(name) {
            return Err(format!("the attribute {name} is there twice, or is none"));
        }
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(format!("no room after {name}"));
        }
        text(value)?;
        rest = after;
    }
}

fn text(text: &str) -> Result<(), String> {
    for rest in text.split('&').skip(1) {
        let entity = rest.split_once(';').map(|(entity, _)| entity);
        if !entity.is_some_and(|entity| ["lt", "gt", "amp", "quot", "#39"].contains(&entity)) {
            return Err(format!("a & that begins no entity: {}", rest.chars().take(20).collect::<String>()));
        }
    }
    Ok(())
}

#[test]
fn what_is_not_well_formed_is_found() {
    let check = |body: &str| elements(&format!("<!DOCTYPE html>{body}"));
    assert_eq!(check(r#"<p class="a">x &amp; y<br/></p>"#).unwrap(), ["p", "br"]);
    for wrong in
        ["<p>", "<p></b>", "</p>", "<p a=b></p>", r#"<p a="1" a="2"></p>"#, "a & b", "<p", "<p <b></p>"]
    {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}
