//! `context-hub token`: mints an access token.

use crate::cli::TokenArgs;
use crate::secrets::existing_signing_key;
use anyhow::Result;
use gateway::auth::{Claims, Issuer};

/// Prints one token on standard output.
pub fn run(args: &TokenArgs) -> Result<()> {
    let issuer = Issuer::new(existing_signing_key(&args.secrets, &args.data_dir)?);
    let claims = Claims { user: args.user.clone(), tenant: args.tenant.clone(), ttl: args.ttl };
    println!("{}", issuer.mint(&claims, base::now())?);
    Ok(())
}
