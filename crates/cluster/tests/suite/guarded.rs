//! An etcd that wants to know who is there, and shows who it is.

use crate::support::{EtcdServer, soon};
use cluster::coordinator::*;
use futures::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use std::time::Duration;

/// An authority, and a certificate for loopback that it signed; all as PEM.
struct Certificates {
    ca: String,
    certificate: String,
    key: String,
}

impl Certificates {
    fn new() -> Certificates {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca_params = CertificateParams::new(Vec::new()).unwrap();
        ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::new(ca_params, ca_key)).unwrap();
        Certificates { ca: ca.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_is_spoken_with_under_mutual_tls() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let server = EtcdServer::start_with(|folder| {
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path.display().to_string()
        };
        vec![
            format!("--trusted-ca-file={}", file("ca.pem", &ours.ca)),
            format!("--cert-file={}", file("cert.pem", &ours.certificate)),
            format!("--key-file={}", file("key.pem", &ours.key)),
            "--client-cert-auth".into(),
        ]
    });
    let with = |ca: &Certificates, identity: Option<&Certificates>| {
        let identity = identity
            .map(|of| EtcdIdentity { certificate_pem: of.certificate.clone(), key_pem: of.key.clone() });
        let mut options = EtcdOptions::new(vec![server.url().replace("http:", "https:")]);
        options.tls = Some(EtcdTls { ca_pem: ca.ca.clone(), identity });
        Etcd::new(options).unwrap()
    };
    let known = with(&ours, Some(&ours));
    let done = soon("an answer", async {
        loop {
            match known.commit(Txn::new().put("/a".into(), "1".into())).await {
                Ok(done) => return done,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    })
    .await;
    let Committed::Done(revision) = done else { panic!() };
    let mut watch = known.watch("/a".into(), revision - 1);
    assert_eq!(soon("a change", watch.next()).await.unwrap().unwrap().changes.len(), 1);
    for stranger in [with(&ours, None), with(&theirs, Some(&ours)), with(&ours, Some(&theirs))] {
        let refused = stranger.get("/a".into()).await;
        assert!(matches!(refused, Err(CoordinatorError::Unavailable { .. })), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_asks_for_a_password() {
    let mut server = EtcdServer::start();
    let admin = etcd_client::Client::connect([server.url()], None).await.unwrap();
    let mut auth = admin.auth_client();
    auth.user_add("root", "s3cret", None).await.unwrap();
    auth.user_grant_role("root", "root").await.unwrap();
    auth.auth_enable().await.unwrap();
    let with = |user: Option<(&str, &str)>| {
        let mut options = EtcdOptions::new(vec![server.url()]);
        options.user = user.map(|(name, password)| EtcdUser { name: name.into(), password: password.into() });
        Etcd::new(options).unwrap()
    };
    let (known, unknown, wrong) = (with(Some(("root", "s3cret"))), with(None), with(Some(("root", "guess"))));
    let put = || known.commit(Txn::new().put("/a".into(), "1".into()));
    assert!(matches!(put().await, Ok(Committed::Done(_))));
    for stranger in [unknown, wrong] {
        let refused = stranger.get("/a".into()).await;
        assert!(matches!(refused, Err(CoordinatorError::Refused { .. })), "{refused:?}");
    }
    // A token does not outlive the etcd that gave it; the next one is asked for without being told.
    server.kill();
    server.resume();
    soon("a new token", async {
        while put().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let watched: SharedCoordinator = Arc::new(known);
    let mut watch = watched.watch("/a".into(), 1);
    assert!(soon("a change", watch.next()).await.unwrap().is_ok());
}
