//! What goes to standard output and standard error.
//!
//! Colours go only to a terminal, and nowhere if `NO_COLOR` is set. What others wrote is shown on one line without control
//! characters, which a terminal would obey.

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// What went well, and lines that came.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong, and lines that went.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What may be worth a look.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// Where one is.
pub const PLACE: Style = AnsiColor::Cyan.on_default();
/// What stands out.
pub const BOLD: Style = Style::new().bold();

/// Writes bytes as they are.
pub fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Writes text that may have colours in it; they are taken out where they do not belong.
pub fn styled(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a line.
pub fn line(text: &str) -> Result<()> {
    styled(&format!("{text}\n"))
}

/// Writes a value as one line of JSON.
pub fn json(value: &Value) -> Result<()> {
    raw(format!("{}\n", json_text(value)).as_bytes())
}

/// A value as JSON, in which every control character is escaped: JSON asks for those below a space alone.
pub fn json_text(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("what is printed has string keys and finite numbers");
    let escaped = |char: char| match char {
        '\u{7f}'..='\u{9f}' => format!("\\u{:04x}", u32::from(char)),
        other => other.to_string(),
    };
    match text.contains(|char| ('\u{7f}'..='\u{9f}').contains(&char)) {
        true => text.chars().map(escaped).collect(),
        false => text,
    }
}

/// Text in a colour.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Says what goes on, to somebody who sits at a terminal.
pub fn progress(text: &str) {
    if io::stderr().is_terminal() {
        // That nobody can read it is no reason to stop.
        let _unread = writeln!(io::stderr(), "context-hub: {text}");
    }
}

/// The words of others on one line, with control characters spelt out.
pub fn plain(text: &str) -> String {
    let spelt = |char: char| if char.is_control() { char.escape_default().to_string() } else { char.into() };
    text.chars().map(spelt).collect()
}

/// The lines of others, with control characters spelt out, but for tabs.
pub fn lines(text: &str) -> String {
    let spelt = |char: char| match char {
        '\n' | '\t' => char.to_string(),
        other => plain(other.encode_utf8(&mut [0; 4])),
    };
    text.chars().map(spelt).collect()
}

/// Writes the lines of others: as they are, or harmlessly where a terminal would obey them.
pub fn content(text: &str) -> Result<()> {
    match io::stdout().is_terminal() {
        true => raw(lines(text).as_bytes()),
        false => raw(text.as_bytes()),
    }
}

/// Whether somebody looks at what is printed, or wants it coloured as if.
pub fn is_looked_at() -> bool {
    let stdout = io::stdout();
    stdout.is_terminal() || anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never
}

/// Whether an error only says that whoever reads has read enough.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_same_and_harmless() {
        let value = Value::from("a\u{9b}2J\u{7f}\u{1b}é");
        let text = json_text(&value);
        assert_eq!(text, "\"a\\u009b2J\\u007f\\u001bé\"");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn nobody_steers_the_terminal_of_another() {
        assert_eq!(plain("a\u{1b}[2Jb\nc é"), "a\\u{1b}[2Jb\\nc é");
        assert_eq!(lines("a\u{9b}2J\tb\r\nc é\u{7f}"), "a\\u{9b}2J\tb\\r\nc é\\u{7f}");
    }
}
