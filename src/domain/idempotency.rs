//! Requests that name an idempotency key: what two of them have in common, and for how long
//! the first one's answer is kept. Does not know where answers are kept.

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// How long a key is remembered.
pub const LIFE: TimeDelta = TimeDelta::hours(24);
/// Longest key, in bytes.
const LONGEST: usize = 255;

/// Why a text is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MalformedKey {
    /// Nothing stands in it.
    #[error("the key is empty")]
    Empty,
    /// It is too long.
    #[error("the key is longer than {LONGEST} characters")]
    TooLong,
    /// It holds something else than visible ASCII characters.
    #[error("the key holds something else than visible ASCII characters")]
    Characters,
}

/// A request with a key, as far as it is remembered: neither key nor body can be read from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyedRequest {
    /// SHA-256 of the key.
    pub key: [u8; 32],
    /// SHA-256 of all that must be the same when the key comes again.
    pub request: [u8; 32],
}

/// An answer that was given before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptAnswer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl KeyedRequest {
    /// The request of this method, path and body under a key; the key may stand in quotes.
    ///
    /// # Errors
    /// When the key is empty, too long, or not of visible ASCII characters.
    pub fn new(key: &[u8], method: &str, path: &str, body: &[u8]) -> Result<Self, MalformedKey> {
        let quoted = key
            .strip_prefix(b"\"")
            .and_then(|key| key.strip_suffix(b"\""));
        let key = quoted.unwrap_or(key);
        if key.is_empty() {
            return Err(MalformedKey::Empty);
        }
        if key.len() > LONGEST {
            return Err(MalformedKey::TooLong);
        }
        if !key.iter().all(u8::is_ascii_graphic) {
            return Err(MalformedKey::Characters);
        }
        let request = Sha256::new()
            .chain_update(method)
            .chain_update([0])
            .chain_update(path)
            .chain_update([0])
            .chain_update(body)
            .finalize();
        Ok(Self {
            key: Sha256::digest(key).into(),
            request: request.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_visible_texts() {
        let read = |key: &[u8]| KeyedRequest::new(key, "POST", "/", b"");
        assert_eq!(read(b""), Err(MalformedKey::Empty));
        assert_eq!(read(b"\"\""), Err(MalformedKey::Empty));
        assert_eq!(read(b"two words"), Err(MalformedKey::Characters));
        assert_eq!(
            read("schl\u{fc}ssel".as_bytes()),
            Err(MalformedKey::Characters)
        );
        assert_eq!(read(&[b'x'; 256]), Err(MalformedKey::TooLong));
        assert!(read(&[b'x'; 255]).is_ok());
        assert_eq!(read(b"\"abc\""), read(b"abc"));
    }

    #[test]
    fn another_method_path_or_body_is_another_request() {
        let request = |method, path, body| {
            let made = KeyedRequest::new(b"k", method, path, body);
            made.unwrap().request
        };
        let first = request("POST", "/a", b"x");
        assert_eq!(first, request("POST", "/a", b"x"));
        for other in [
            request("PUT", "/a", b"x"),
            request("POST", "/ax", b""),
            request("POST", "/a", b"y"),
        ] {
            assert_ne!(first, other);
        }
    }
}
