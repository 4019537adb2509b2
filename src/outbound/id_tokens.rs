//! Whether an ID token is the issuer's, for us, still good and an answer to our question.
//! The library's own type for claims is not used: it refuses tokens for the form of claims that
//! nobody here looks at.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeySet, JsonWebKeyUse,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::domain::{
    clock::Timestamp,
    identity::{Claims, texts},
    tokens::equal_in_constant_time,
};

/// Why an ID token does not count.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum IdTokenError {
    /// It has not the form of one.
    #[error("the ID token cannot be read")]
    Malformed,
    /// None of the issuer's keys signs like this.
    #[error("the ID token is signed with a key or an algorithm that the issuer does not name")]
    UnknownKey,
    /// The signature is another.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// Somebody else made it.
    #[error("the ID token is of another issuer")]
    Issuer,
    /// It was made for somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// It has ended.
    #[error("the ID token has ended")]
    Expired,
    /// It answers another question.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
}

/// What a token must be to count.
pub struct Expected<'a> {
    /// The issuer; any when `None`.
    pub issuer: Option<&'a str>,
    /// For whom.
    pub client_id: &'a str,
    /// What the question said.
    pub nonce: &'a str,
    /// How the issuer signs.
    pub algorithms: &'a [CoreJwsSigningAlgorithm],
    /// When.
    pub now: Timestamp,
}

#[derive(Deserialize)]
struct Head {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
}

/// The claims of a token that counts.
///
/// # Errors
/// When it does not.
pub fn verify(
    token: &str,
    keys: &JsonWebKeySet<CoreJsonWebKey>,
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (head, payload) = signed.split_once('.').ok_or(IdTokenError::Malformed)?;
    let head: Head = read(head)?;
    let signature = decode(signature)?;
    if !expected.algorithms.contains(&head.alg) {
        return Err(IdTokenError::UnknownKey);
    }
    check_signature(&head, keys, signed.as_bytes(), &signature)?;
    let claims: Claims = read(payload)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn check_signature(
    head: &Head,
    keys: &JsonWebKeySet<CoreJsonWebKey>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), IdTokenError> {
    let fits = |key: &&CoreJsonWebKey| {
        let named = head.kid.as_deref();
        let id = key.key_id().map(|id| id.as_str());
        let signs = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        let algorithm = match key.signing_alg() {
            JsonWebKeyAlgorithm::Algorithm(algorithm) => *algorithm == head.alg,
            JsonWebKeyAlgorithm::Unspecified => true,
            JsonWebKeyAlgorithm::Unsupported => false,
        };
        signs && algorithm && (named.is_none() || named == id)
    };
    let mut outcome = Err(IdTokenError::UnknownKey);
    for key in keys.keys().iter().filter(fits) {
        if key.verify_signature(&head.alg, message, signature).is_ok() {
            return Ok(());
        }
        outcome = Err(IdTokenError::Signature);
    }
    outcome
}

fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let text = |field: &str| claims.get(field).and_then(Value::as_str);
    if expected
        .issuer
        .is_some_and(|issuer| text("iss") != Some(issuer))
    {
        return Err(IdTokenError::Issuer);
    }
    if !texts(claims.get("aud"))
        .iter()
        .any(|audience| audience == expected.client_id)
    {
        return Err(IdTokenError::Audience);
    }
    let seconds = claims.get("exp").and_then(Value::as_f64);
    let seconds = seconds.ok_or(IdTokenError::Malformed)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of our time are far below 2^52"
    )]
    let now = expected.now.timestamp() as f64;
    if seconds <= now {
        return Err(IdTokenError::Expired);
    }
    // The code went through the browser that the state's cookie is in, and the token came from
    // the issuer itself; so a provider that forgets the nonce is let through, a wrong one is not.
    let nonce = text("nonce").unwrap_or(expected.nonce);
    if !equal_in_constant_time(nonce.as_bytes(), expected.nonce.as_bytes()) {
        return Err(IdTokenError::Nonce);
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, IdTokenError> {
    serde_json::from_slice(&decode(part)?).map_err(|_unreadable| IdTokenError::Malformed)
}

fn decode(part: &str) -> Result<Vec<u8>, IdTokenError> {
    let part = part.trim_end_matches('=');
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_unreadable| IdTokenError::Malformed)
}
