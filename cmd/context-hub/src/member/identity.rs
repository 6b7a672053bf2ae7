//! Who a process is among the members of its cluster.

use crate::cli::MemberArgs;
use anyhow::{Context, Result};
use rpc::transport::tls::{CertFiles, Credentials, Role, Subject};
use std::sync::Arc;

/// Its name: the one that was given, or that of the host up to its first dot.
pub fn name(args: &MemberArgs) -> Result<String> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .context("cannot read the host's name; give this process one with --name")?;
    Ok(host.trim().split('.').next().unwrap_or_default().to_lowercase())
}

/// The certificate of the member, which is good now.
pub fn credentials(args: &MemberArgs, role: Role) -> Result<Arc<Credentials>> {
    let subject = Subject::new(role, &name(args)?)?;
    let files = CertFiles::in_folder(&args.certs_dir, &subject);
    let credentials = files.load(base::now()).with_context(|| {
        format!(
            "no certificate for {subject}; make one with: context-hub admin certs --dir DIR --{role} {}",
            subject.name()
        )
    })?;
    Ok(Arc::new(credentials))
}
