//! `context-hub admin certs`: the certificates of a cluster.

use crate::cli::CertArgs;
use anyhow::{Context, Result, bail};
use rpc::transport::tls::{
    Authority, CertFiles, Role, Subject, load_authority, write_authority, write_member,
};
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;

pub fn run(args: &CertArgs) -> Result<()> {
    let names = |role, names: &[String]| {
        names.iter().map(|name| Ok(Subject::new(role, name)?)).collect::<Result<Vec<_>>>()
    };
    let subjects = [names(Role::Node, &args.shard)?, names(Role::Gateway, &args.gateway)?].concat();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&args.dir)
        .with_context(|| format!("cannot make {}", args.dir.display()))?;
    let authority = if args.dir.join("ca.pem").exists() {
        load_authority(&args.dir)?
    } else {
        let authority = Authority::make(base::now())?;
        write_authority(&args.dir, &authority)?;
        authority
    };
    // All or nothing: what is there already is told before anything is made.
    for subject in &subjects {
        let files = CertFiles::in_folder(&args.dir, subject);
        if files.certificate.exists() {
            bail!("{} is there already; remove it to make another one", files.certificate.display());
        }
    }
    let mut made = Vec::new();
    for subject in &subjects {
        let issued = authority.issue(subject, base::now(), args.ttl)?;
        let files = write_member(&args.dir, subject, &issued)?;
        made.push((subject, files));
    }
    if args.json {
        let made: Vec<_> = made
            .iter()
            .map(|(subject, files)| {
                json!({ "subject": subject.to_string(), "certificate": files.certificate, "key": files.key })
            })
            .collect();
        println!("{}", json!({ "authority": args.dir.join("ca.pem"), "certificates": made }));
        return Ok(());
    }
    println!(
        "The authority is {}. Keep ca-key.pem beside it off the cluster's machines.",
        args.dir.join("ca.pem").display()
    );
    for (subject, files) in made {
        println!("{subject}: {} and {}", files.certificate.display(), files.key.display());
    }
    Ok(())
}
