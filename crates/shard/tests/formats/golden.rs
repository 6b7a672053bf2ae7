//! Golden files: a name and hexadecimal digits a line, `-` for no bytes at all, `#` before a comment.

use std::fmt::Write;

/// The lines of a golden file.
pub fn lines(file: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    let written = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    written.map(|line| {
        let (name, hex) = line.rsplit_once(' ').expect("a golden line is a name and hexadecimal digits");
        (name, from_hex(hex))
    })
}

/// Fails unless what is written today is what the golden file says, line by line.
#[track_caller]
pub fn check(file: &str, today: &[(String, Vec<u8>)]) {
    let golden: String = lines(file).map(|(name, bytes)| line(name, &bytes)).collect();
    let today: String = today.iter().map(|(name, bytes)| line(name, bytes)).collect();
    assert!(golden == today, "stored bytes have changed: what is on people's disks would be lost.\n{today}");
}

fn line(name: &str, bytes: &[u8]) -> String {
    let mut line = format!("{name} {}", if bytes.is_empty() { "-" } else { "" });
    for byte in bytes {
        write!(line, "{byte:02x}").expect("a string takes every write");
    }
    line + "\n"
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.trim_matches('-').as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}
