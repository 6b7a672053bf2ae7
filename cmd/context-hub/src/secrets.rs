//! Keys: from settings, or from files in the data folder that the first start makes.

use crate::cli::SecretArgs;
use crate::private_file;
use anyhow::{Context, Result, bail};
use base::{TenantId, Timestamp, UserId};
use gateway::auth::{Claims, Issuer, SigningKey, Verifier};
use std::path::{Path, PathBuf};
use std::time::Duration;
use vault::MasterKey;

/// The owner of a hub that `dev` runs.
const OWNER: &str = "owner";
const TENANT: &str = "default";
const OWNER_TOKEN_TTL: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The master key. It is made only for a data folder that is new: a folder with data needs the key that it has.
pub fn master_key(args: &SecretArgs, data_dir: &Path) -> Result<MasterKey> {
    if let Some(hex) = &args.master_key {
        return Ok(MasterKey::from_hex(hex, "MASTER_KEY")?);
    }
    let path = data_dir.join("master.key");
    if path.exists() {
        return Ok(MasterKey::load(&path)?);
    }
    if data_dir.join("node.json").exists() {
        bail!(
            "{} is missing, but there is data that it seals; put it back, or give MASTER_KEY",
            path.display()
        );
    }
    Ok(MasterKey::create(&path)?)
}

/// The key that signs tokens.
pub fn signing_key(args: &SecretArgs, data_dir: &Path) -> Result<SigningKey> {
    if args.jwt_secret.is_some() {
        bail!(
            "JWT_SECRET is not used: tokens are RS256. Give the file of an RSA key as JWT_PRIVATE_KEY_FILE"
        );
    }
    Ok(match &args.jwt_private_key_file {
        Some(path) => SigningKey::load(path)?,
        None => SigningKey::load_or_generate(&data_dir.join("signing-key.pem"))?,
    })
}

/// The key that was named, and no other: a gateway that made one of its own would sign what no other believes.
pub fn given_signing_key(args: &SecretArgs) -> Result<SigningKey> {
    if args.jwt_private_key_file.is_none() {
        bail!(
            "no key signs tokens: give the file of an RSA key as JWT_PRIVATE_KEY_FILE, the same for all gateways"
        );
    }
    signing_key(args, Path::new(""))
}

/// The key of a hub that exists, for minting tokens beside it.
pub fn existing_signing_key(args: &SecretArgs, data_dir: &Path) -> Result<SigningKey> {
    let made = data_dir.join("signing-key.pem");
    if args.jwt_private_key_file.is_none() && !made.exists() {
        bail!("{} is missing: start the hub once, or name its data folder with --data-dir", made.display());
    }
    signing_key(args, data_dir)
}

/// The owner's token.
pub struct OwnerToken {
    /// What to send.
    pub token: String,
    /// Where it stands, readable by this user alone.
    pub file: PathBuf,
}

/// The owner's token in the data folder: the one that is there while it is good, else a new one.
pub fn owner_token(
    issuer: &Issuer,
    verifier: &Verifier,
    data_dir: &Path,
    now: Timestamp,
) -> Result<OwnerToken> {
    let file = data_dir.join("owner.token");
    if let Ok(stored) = std::fs::read_to_string(&file) {
        let token = stored.trim().to_owned();
        if verifier.verify(&token, now).is_ok() {
            return Ok(OwnerToken { token, file });
        }
    }
    let claims = Claims { user: UserId::new(OWNER)?, tenant: TenantId::new(TENANT)?, ttl: OWNER_TOKEN_TTL };
    let token = issuer.mint(&claims, now)?;
    private_file::write(&file, &format!("{token}\n"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(OwnerToken { token, file })
}
