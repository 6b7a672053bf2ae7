//! What processes logged while a drill was held: none of them may panic.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use crate::check::{Findings, Violation};
use crate::cluster::{Cluster, Role};

/// What the standard library prints when a thread panics.
const PANIC: &str = "panicked at ";

/// The logs of everybody whose program is ours, with their names.
pub fn of(cluster: &Cluster) -> Vec<(String, PathBuf)> {
    let members = [Role::Node, Role::Gateway].into_iter().flat_map(|role| cluster.members(role));
    members.map(|member| (member.name.clone(), member.log.clone())).collect()
}

/// Looks for panics: the first of each process is told, with what it said.
pub fn check(logs: &[(String, PathBuf)]) -> io::Result<Findings> {
    let mut findings = Findings { examined: logs.len() as u64, ..Findings::default() };
    for (name, log) in logs {
        let (mut count, mut first) = (0, String::new());
        let mut lines = BufReader::new(File::open(log)?).split(b'\n');
        while let Some(line) = lines.next().transpose()? {
            let line = String::from_utf8_lossy(&line);
            if line.contains(PANIC) {
                count += 1;
                if count == 1 {
                    let said = lines.next().transpose()?.unwrap_or_default();
                    first = format!("{line} {}", String::from_utf8_lossy(&said));
                }
            }
        }
        if count > 0 {
            findings.violated(Violation::of(format!("{name} panicked, {count} times: {first}"), []));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    fn found(text: &str) -> Findings {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("g1.log");
        std::fs::write(&log, text).unwrap();
        check(&[("g1".into(), log)]).unwrap()
    }

    #[test]
    fn a_panic_is_told_with_what_it_said() {
        assert_eq!(found("INFO listening\n").verdict(), Verdict::Kept);
        let panic = "thread 'x' panicked at src/a.rs:1:2:\nattempt to subtract\nstack\n";
        let findings = found(&format!("INFO\n{panic}{panic}"));
        let said = &findings.violations[0].what;
        assert_eq!(said, "g1 panicked, 2 times: thread 'x' panicked at src/a.rs:1:2: attempt to subtract");
        assert_eq!(check(&[]).unwrap().verdict(), Verdict::NotExamined);
    }
}
