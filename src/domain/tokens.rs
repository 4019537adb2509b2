//! API tokens: their form, and how a secret is kept and compared.
//! Must not know where a token was found or what it permits.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::random;

/// Characters in the id part of a token.
pub const ID_LENGTH: usize = 10;
/// Characters in the secret part of a token.
pub const SECRET_LENGTH: usize = 22;

/// The id of an API key: the part of a token before the hyphen.
#[derive(
    Clone,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Debug,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token as its holder sends it; the secret never shows in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Names the key.
    pub id: KeyId,
    secret: String,
}

impl Token {
    /// Makes a new token.
    #[must_use]
    pub fn generate() -> Self {
        Self {
            id: KeyId(random::alphanumeric(ID_LENGTH)),
            secret: random::alphanumeric(SECRET_LENGTH),
        }
    }

    /// Reads `<id>-<secret>`; `None` when the text has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('-')?;
        let well_formed =
            id.len() == ID_LENGTH && secret.len() == SECRET_LENGTH && !secret.contains('-');
        well_formed.then(|| Self {
            id: KeyId(id.to_owned()),
            secret: secret.to_owned(),
        })
    }

    /// What is stored of the secret: its SHA-256.
    #[must_use]
    pub fn hashed_secret(&self) -> Vec<u8> {
        hash_secret(&self.secret)
    }

    /// Whether the secret is the one that was stored; takes the same time either way.
    #[must_use]
    pub fn matches(&self, hashed_secret: &[u8]) -> bool {
        self.hashed_secret().ct_eq(hashed_secret).into()
    }

    /// The whole text, to be handed out once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}-{}", self.id, self.secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}-…)", self.id)
    }
}

/// SHA-256 of a random secret, unsalted: the secret has more entropy than a salt could add.
#[must_use]
pub fn hash_secret(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Whether two texts are equal, in time that depends on their length only.
#[must_use]
pub fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_token_reads_back_and_matches() {
        let token = Token::generate();
        let read = Token::parse(&token.reveal()).unwrap();
        assert_eq!(read, token);
        assert!(read.matches(&token.hashed_secret()));
        assert!(!Token::generate().matches(&token.hashed_secret()));
        assert!(!format!("{token:?}").contains(&token.secret));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "-",
            "abcdefghij",
            "abcdefghij-",
            "abcdefghi-abcdefghijklmnopqrstuv",
            "abcdefghij-abcdefghijklmnopqrstu",
            "abcdefghij-abcdefghijklmnopqrstuvw",
            "abcdefghij-abcdefghij-klmnopqrstu",
        ] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
