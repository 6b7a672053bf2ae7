//! The coordinator of a cluster, as it was named on the command line.

use crate::cli::ContactArgs;
use anyhow::{Context, Result};
use cluster::coordinator::{Etcd, EtcdIdentity, EtcdOptions, EtcdTls, SharedCoordinator};
use cluster::membership::Members;
use cluster::state::Keys;
use std::path::Path;
use std::sync::Arc;

/// The coordinator, and the keys of this cluster in it.
#[derive(Clone)]
pub struct Contact {
    pub coordinator: SharedCoordinator,
    pub keys: Keys,
}

impl Contact {
    /// Connects to nothing yet: only what can never work is refused.
    pub fn new(args: &ContactArgs) -> Result<Contact> {
        let tls = args.etcd_ca_file.as_deref().map(|ca| tls(args, ca)).transpose()?;
        let options = EtcdOptions { tls, ..EtcdOptions::new(args.etcd_endpoints.clone()) };
        let keys = Keys::new(&format!("/{}", args.cluster.trim_start_matches('/')))?;
        Ok(Contact { coordinator: Arc::new(Etcd::new(options)?), keys })
    }

    /// What can be done to the members.
    pub fn members(&self) -> Members {
        Members::new(self.coordinator.clone(), self.keys.clone())
    }
}

fn tls(args: &ContactArgs, ca: &Path) -> Result<EtcdTls> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let identity = match (&args.etcd_cert_file, &args.etcd_key_file) {
        (Some(certificate), Some(key)) => {
            Some(EtcdIdentity { certificate_pem: read(certificate)?, key_pem: read(key)? })
        }
        _ => None,
    };
    Ok(EtcdTls { ca_pem: read(ca)?, identity })
}
