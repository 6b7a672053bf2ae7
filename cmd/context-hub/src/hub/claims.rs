//! What a token says of itself. Nothing is verified: only the hub can, and it will.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The claims that are worth showing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The user.
    #[serde(rename = "sub")]
    pub user: String,
    /// The tenant.
    #[serde(rename = "tid")]
    pub tenant: String,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_s: u64,
    /// When it begins, in seconds since 1970.
    #[serde(rename = "iat", default)]
    pub issued_s: u64,
}

/// The claims of a token that has the form of one.
pub fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_whose_it_is() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"ada","tid":"acme","iat":1,"exp":9,"jti":"x"}"#);
        let said = claims(&format!("e30.{payload}.c2ln")).unwrap();
        assert_eq!((said.user.as_str(), said.tenant.as_str(), said.expires_s), ("ada", "acme", 9));
        for wrong in ["", "a.b", "a.b.c", "a.b.c.d", &format!("{payload}.{payload}")] {
            assert_eq!(claims(wrong), None, "{wrong}");
        }
    }
}
