//! Which hub and whose token: profiles, the default, `status` and `doctor`; and colours on a terminal.

use crate::support::{Shell, TestHub};
use serde_json::Value;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_profile_is_kept_used_and_forgotten() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let url = format!("http://{}", hub.authority());
    let shell = Shell::bare();
    shell
        .feed(&format!("profile add work --url {url} --token - --default"), &format!("{}\n", ada.token()))
        .await
        .ok();
    let file = shell.home().join(".config/context-hub/profiles.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = shell.run("profile ls").await;
    assert!(listed.ok().contains("work") && !listed.ok().contains(ada.token()), "{listed:?}");
    let listed = shell.run("profile ls --json").await;
    assert!(listed.json()["profiles"][0]["default"] == true && !listed.ok().contains(ada.token()));

    let said = shell.run("status --json").await.json();
    assert_eq!(
        (&said["user"], &said["tenant"], &said["ready"]),
        (&"ada".into(), &"acme".into(), &true.into())
    );
    assert!(shell.run("docs ls --profile moon").await.failed(2).contains("moon"));
    // The token of the profile is not for another hub, not even for one at another name of this machine.
    let elsewhere = format!(
        "docs ls --profile work --url http://localhost:{}",
        hub.authority().rsplit(':').next().unwrap()
    );
    assert!(shell.run(&elsewhere).await.failed(5).contains("owner.token"));

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(shell.run("status").await.failed(1).contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let named = Shell::bare().with("CONTEXT_HUB_PROFILE", "moon").with("XDG_CONFIG_HOME", "config");
    let added = named.run(&format!("profile add moon --url {url} --json")).await.json();
    assert_eq!(added["name"], "moon");
    assert_eq!(named.run("status --json").await.json()["url"], url.as_str());

    assert_eq!(shell.run("profile rm work --json").await.json()["forgotten"], true);
    assert!(shell.run("profile rm work").await.failed(2).contains("work"));
    assert!(
        shell.run("profile rm work --json").await.problem(2)["detail"].as_str().unwrap().contains("work")
    );
}

#[tokio::test]
async fn a_token_may_be_in_a_file() {
    let hub = TestHub::start().await;
    let url = format!("http://{}", hub.authority());
    let shell = Shell::bare().with("CONTEXT_HUB_URL", &url);
    let file = shell.file("ada.token", &format!("{}\n", hub.user("ada").token()));
    let file = file.display().to_string();
    assert_eq!(shell.run(&format!("status --json --token-file {file}")).await.json()["user"], "ada");
    let shell = shell.with("CONTEXT_HUB_TOKEN_FILE", &file);
    assert_eq!(shell.run("status --json").await.json()["user"], "ada");
}

#[tokio::test]
async fn where_dev_runs_nothing_has_to_be_said_but_the_port() {
    let hub = TestHub::start().await;
    let shell = Shell::bare();
    shell.file("data/owner.token", &std::fs::read_to_string(hub.data_dir().join("owner.token")).unwrap());
    let said = shell.run(&format!("status --url http://{}", hub.authority())).await;
    assert!(said.ok().contains("owner of default"), "{said:?}");
}

#[tokio::test]
async fn a_doctor_finds_what_is_wrong() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada")).with("EDITOR", "sh");
    let well = shell.run("doctor --json").await.json();
    assert_eq!(well["ok"], true, "{well}");
    let outcome = |report: &Value, group: &str, check: &str| {
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|one| one["group"] == group && one["check"] == check);
        found.map(|one| one["outcome"].as_str().unwrap().to_owned())
    };
    for (group, check) in
        [("Connection", "hub"), ("Clock", "apart"), ("Token", "accepted"), ("Hub", "shards")]
    {
        assert_eq!(outcome(&well, group, check).as_deref(), Some("ok"), "{group} {check}");
    }
    let forged = shell.run("doctor --json --token a.b.c").await;
    assert_eq!(forged.code, 1);
    let report: Value = serde_json::from_str(&forged.out).unwrap();
    assert_eq!(outcome(&report, "Token", "accepted").as_deref(), Some("failed"));
    assert_eq!(outcome(&report, "Token", "form").as_deref(), Some("failed"));
    assert_eq!(outcome(&report, "Connection", "hub").as_deref(), Some("ok"));

    let url = format!("http://{}", hub.authority());
    let stopped = hub.stop().await;
    let nobody = shell.run(&format!("doctor --url {url}")).await;
    assert_eq!(nobody.code, 1);
    assert!(
        nobody.out.contains("✗ hub: ") && nobody.out.contains("→ start one: context-hub dev"),
        "{nobody:?}"
    );
    assert!(shell.run("status").await.failed(3).contains("cannot be reached"));
    assert!(stopped.status.success());
}

/// What a command prints at a terminal.
fn at_a_terminal(environment: Vec<(String, String)>, words: &str) -> String {
    let (mut terminal, far_end) = pty_process::blocking::open().unwrap();
    let mut child = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_context-hub"))
        .args(words.split_whitespace())
        .env_clear()
        .envs(environment)
        .spawn(far_end)
        .unwrap();
    let (mut printed, mut some) = (Vec::new(), [0; 4_096]);
    // Linux ends the reading side of a terminal with an error once nobody holds the other.
    while let Ok(length @ 1..) = terminal.read(&mut some) {
        printed.extend_from_slice(&some[..length]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(printed).unwrap()
}

#[tokio::test]
async fn colours_go_to_terminals_that_want_them() {
    let hub = TestHub::start().await;
    let shell = Shell::of(&hub, &hub.user("ada")).with("TERM", "xterm-256color");
    let environment = shell.environment();
    let coloured = tokio::task::spawn_blocking(|| at_a_terminal(environment, "status")).await.unwrap();
    assert!(coloured.contains("\u{1b}[32mready\u{1b}["), "{coloured:?}");
    assert!(!shell.run("status").await.ok().contains('\u{1b}'), "a pipe is no terminal");
    let shell = shell.with("NO_COLOR", "1");
    let environment = shell.environment();
    let plain = tokio::task::spawn_blocking(|| at_a_terminal(environment, "status")).await.unwrap();
    assert!(plain.contains("ready") && !plain.contains('\u{1b}'), "{plain:?}");
}

/// What is asked for, up to its end.
async fn asked(stream: &mut TcpStream) {
    let (mut request, mut some) = (Vec::new(), [0; 4_096]);
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut some).await.unwrap();
        assert_ne!(length, 0, "a request has an end");
        request.extend_from_slice(&some[..length]);
    }
}

/// A hub that is busy when it is asked first, and each other time.
async fn busy_at_first() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in ["503 Service Unavailable\r\nretry-after: 1", "200 OK"].iter().cycle() {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked(&mut stream).await;
            let body = r#"{"documents":[]}"#;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {answer}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn what_goes_on_is_said_at_a_terminal_alone() {
    let url = busy_at_first().await;
    let shell = Shell::bare().with("CONTEXT_HUB_URL", &url).with("CONTEXT_HUB_TOKEN", "a.b.c");
    let piped = shell.run("docs ls --json").await;
    assert_eq!((piped.ok().trim(), piped.err.as_str()), (r#"{"documents":[]}"#, ""));
    let environment = shell.environment();
    let seen = tokio::task::spawn_blocking(|| at_a_terminal(environment, "docs ls --json")).await.unwrap();
    assert!(seen.contains("again in 1.") && seen.contains(r#"{"documents":[]}"#), "{seen:?}");
}
