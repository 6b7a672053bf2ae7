//! When certificates end.

use base::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use tokio::time::sleep;

/// Later than any certificate ends: asking then says when this one does.
const FAR: Duration = Duration::from_secs(1_000 * 365 * 24 * 60 * 60);

/// When a certificate ends; `None` if it does not read. An authority's, too: nobody else looks at the end of that.
pub(crate) fn end_of(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    let (far, usage) = (UnixTime::since_unix_epoch(FAR), webpki::KeyUsage::client_auth());
    // Its time comes before the question who vouches for it.
    match parsed.verify_for_usage(&[], &[], &[], far, usage, None, None) {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            Some(Timestamp(not_after.as_secs().saturating_mul(1_000)))
        }
        _ => None,
    }
}

/// Ready when a certificate that ends then has ended.
pub(crate) async fn over(end: Option<Timestamp>) {
    match end {
        Some(end) => sleep(Duration::from_millis(end.0.saturating_sub(base::now().0))).await,
        None => std::future::pending().await,
    }
}
