//! `https://`: a hub behind a proxy that ends TLS.

use crate::support::{Shell, TestHub};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Longer than any machine needs to connect.
const PRINTED_WITHIN: Duration = Duration::from_secs(60);

/// A certificate for this machine that nobody else vouches for, in PEM, and what serves it.
fn certificate() -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn proxy(listener: TcpListener, tls: TlsAcceptor, hub: String) {
    loop {
        let (near, _) = listener.accept().await.unwrap();
        let (tls, hub) = (tls.clone(), hub.clone());
        tokio::spawn(async move {
            // A client that does not trust the certificate goes here.
            let Ok(mut near) = tls.accept(near).await else { return };
            let mut far = TcpStream::connect(hub).await.unwrap();
            let _ended = copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

#[tokio::test]
async fn a_hub_behind_tls_is_spoken_to_if_its_certificate_is_trusted() {
    let hub = TestHub::start().await;
    let ada = hub.user("ada");
    let (trusted, tls) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let proxy = tokio::spawn(proxy(listener, tls, hub.authority().to_owned()));

    let shell = Shell::of(&hub, &ada).with("CONTEXT_HUB_URL", &url);
    let authorities = shell.file("authorities.pem", &trusted).display().to_string();
    let shell = shell.with("SSL_CERT_FILE", &authorities);
    let id = shell.feed("docs new -", "over TLS").await.ok().trim().to_owned();
    assert_eq!(shell.run(&format!("docs get {id}")).await.ok(), "over TLS");

    let mut watching = Command::new(env!("CARGO_BIN_EXE_context-hub"))
        .args(["docs", "watch", &id])
        .env_clear()
        .envs(shell.environment())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for expected in ["-- (no name), Text, version 1, you may owner", "  over TLS"] {
        let line = timeout(PRINTED_WITHIN, lines.next_line()).await.expect("it prints");
        assert_eq!(line.unwrap().as_deref(), Some(expected));
    }

    let (stranger, _) = certificate();
    let others = shell.file("others.pem", &stranger).display().to_string();
    let shell = shell.with("SSL_CERT_FILE", &others);
    let refused = shell.run(&format!("docs get {id}")).await;
    assert!(refused.failed(3).contains("certificate"), "{refused:?}");
    proxy.abort();
}
