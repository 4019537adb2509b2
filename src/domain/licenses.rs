//! Licences that were bought for the incumbent: their form, which is a JSON Web Token. Nothing
//! here depends on one, so the signature is not checked and no claim is obeyed.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use super::clock::Timestamp;

/// A licence that was posted.
#[derive(Clone, Debug)]
pub struct License {
    /// Its number in the API.
    pub id: i32,
    /// Its id, which its maker may have given.
    pub uuid: Uuid,
    /// When it was posted.
    pub uploaded_at: Timestamp,
    /// What it says.
    pub claims: Value,
}

/// What can be read from a licence.
#[derive(Clone, Debug)]
pub struct Read {
    /// The id that its maker gave.
    pub uuid: Option<Uuid>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// What it says.
    pub claims: Value,
}

/// Why a text is no licence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NoLicense {
    /// It has not three parts.
    #[error("a licence has three parts with full stops between them")]
    Parts,
    /// A part is not what it should be.
    #[error("the {0} of the licence cannot be read")]
    Unreadable(&'static str),
    /// It never ends.
    #[error("the licence does not say when it ends")]
    NoEnd,
}

/// Reads a licence's claims.
///
/// # Errors
/// When the text has not the form of a licence.
pub fn read(text: &str) -> Result<Read, NoLicense> {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(NoLicense::Parts);
    };
    object(header).ok_or(NoLicense::Unreadable("header"))?;
    let claims = object(claims).ok_or(NoLicense::Unreadable("body"))?;
    BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_undecodable| NoLicense::Unreadable("signature"))?;
    let expires_at = claims
        .get("exp")
        .and_then(seconds)
        .and_then(|seconds| Timestamp::from_timestamp(seconds, 0))
        .ok_or(NoLicense::NoEnd)?;
    let uuid = claims.get("jti").and_then(Value::as_str);
    Ok(Read {
        uuid: uuid.and_then(|text| Uuid::parse_str(text).ok()),
        expires_at,
        claims: Value::Object(claims),
    })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    // Postgres keeps no NUL, also not as an escape in JSON.
    if text.contains("\\u0000") {
        return None;
    }
    serde_json::from_str(&text).ok()
}

fn seconds(claim: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of a second does not matter, and the cast saturates"
    )]
    let whole = |fraction: f64| fraction as i64;
    claim.as_i64().or_else(|| claim.as_f64().map(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            part(r#"{"alg":"EdDSA"}"#),
            part(claims),
            part("signature")
        )
    }

    #[test]
    fn a_licence_says_when_it_ends() {
        let read = read(&token(r#"{"exp": 4000000000.5, "features": {"scim": 1}}"#)).unwrap();
        assert_eq!(read.expires_at.timestamp(), 4_000_000_000);
        assert_eq!(read.claims["features"]["scim"], 1);
        assert_eq!(read.uuid, None);
    }

    #[test]
    fn other_texts_are_none() {
        for (text, reason) in [
            (String::new(), NoLicense::Parts),
            ("a.b".to_owned(), NoLicense::Parts),
            ("%.b.c".to_owned(), NoLicense::Unreadable("header")),
            (token("[]"), NoLicense::Unreadable("body")),
            (
                token(r#"{"exp":1,"x":"\u0000"}"#),
                NoLicense::Unreadable("body"),
            ),
            (token(r#"{"exp":"soon"}"#), NoLicense::NoEnd),
            (token(r#"{"exp":1e300}"#), NoLicense::NoEnd),
            (token("{}"), NoLicense::NoEnd),
        ] {
            assert_eq!(read(&text).unwrap_err(), reason, "{text}");
        }
    }
}
