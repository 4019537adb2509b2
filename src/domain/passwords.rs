//! Passwords: which are strong enough, and how they are kept.
//! Hashing is slow on purpose; callers run it off the async threads.

use std::collections::BTreeSet;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use sha2::Sha256;

use super::{random, tokens::equal_in_constant_time};

/// Bytes in the longest accepted password.
pub const MAXIMUM_LENGTH: usize = 64;
/// Bits of entropy that a password needs at least.
pub const MINIMUM_ENTROPY_BITS: f64 = 52.0;

/// Most PBKDF2 rounds that a stored hash may ask for; a larger number is taken for corruption.
const MAXIMUM_ROUNDS: u32 = 10_000_000;

/// Rows along which neighbouring characters add nothing, in both directions.
const ROWS: [&str; 5] = [
    "0123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
];

/// Character classes, each with the number of characters it lends to the alphabet.
const CLASSES: [(&str, u32); 6] = [
    ("!@$&*", 5),
    ("_-., ", 5),
    ("\"#%'()+/:;<=>?[\\]^{|}~", 22),
    ("abcdefghijklmnopqrstuvwxyz", 26),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 26),
    ("0123456789", 10),
];

/// Why a password is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Weakness {
    /// It has too many bytes.
    #[error("the password is longer than {MAXIMUM_LENGTH} bytes")]
    TooLong,
    /// It is too easy to guess.
    #[error("{}", advice(.lacks))]
    Guessable {
        /// Kinds of characters that would make it harder, as a hint says it.
        lacks: Vec<&'static str>,
    },
}

/// Whether a new password is good enough.
pub fn check_strength(password: &str) -> Result<(), Weakness> {
    if entropy_bits(password) < MINIMUM_ENTROPY_BITS {
        Err(Weakness::Guessable {
            lacks: lacking(password),
        })
    } else if password.len() > MAXIMUM_LENGTH {
        Err(Weakness::TooLong)
    } else {
        Ok(())
    }
}

/// The kinds of characters that the password has none of; all kinds of punctuation are wanted.
fn lacking(password: &str) -> Vec<&'static str> {
    let has = |class: &str| password.chars().any(|character| class.contains(character));
    let [marks, separators, others, lower, upper, digits] = CLASSES.map(|(class, _)| has(class));
    let kinds = [
        (
            marks && separators && others,
            "including more special characters",
        ),
        (lower, "using lowercase letters"),
        (upper, "using uppercase letters"),
        (digits, "using numbers"),
    ];
    let missing = kinds.into_iter().filter(|(present, _)| !present);
    missing.map(|(_, kind)| kind).collect()
}

/// What to do about a password that is too easy; clients show it as it is.
fn advice(lacks: &[&str]) -> String {
    let kinds = lacks.join(", ");
    let joint = if lacks.is_empty() { "" } else { " or " };
    format!("insecure password, try {kinds}{joint}using a longer password")
}

/// Estimated bits of entropy: effective length times the bits of one character.
#[must_use]
pub fn entropy_bits(password: &str) -> f64 {
    let length = u32::try_from(effective_length(password)).unwrap_or(u32::MAX);
    let alphabet = alphabet_size(password);
    if alphabet == 0 {
        0.0
    } else {
        f64::from(length) * f64::from(alphabet).log2()
    }
}

/// Makes and checks stored password hashes at one cost.
#[derive(Clone, Default, Debug)]
pub struct Hasher {
    parameters: Params,
}

impl Hasher {
    /// A hasher of the least cost, so that tests are quick.
    #[must_use]
    pub fn quick() -> Self {
        let least = Params::new(
            Params::MIN_M_COST,
            Params::MIN_T_COST,
            Params::MIN_P_COST,
            None,
        );
        Self {
            parameters: least.unwrap_or_default(),
        }
    }

    /// The text to store: Argon2id with a random salt.
    pub fn hash(&self, password: &str) -> Result<String, HashError> {
        let salt = SaltString::encode_b64(&random::bytes::<16>())?;
        Ok(self
            .argon()
            .hash_password(password.as_bytes(), &salt)?
            .to_string())
    }

    /// Whether `password` is the one behind `stored`, in Argon2 or PBKDF2 form.
    /// An unreadable stored form matches nothing.
    #[must_use]
    pub fn verify(&self, password: &str, stored: &str) -> bool {
        if let Some(rest) = stored.strip_prefix("$pbkdf2-sha256$") {
            return verify_pbkdf2(password, rest).unwrap_or(false);
        }
        // The cost comes from the stored text, not from this hasher.
        PasswordHash::new(stored).is_ok_and(|hash| {
            self.argon()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        })
    }

    /// Takes as long as [`Self::verify`]: for a sign-in with an unknown name.
    pub fn verify_nothing(&self, password: &str) {
        std::hint::black_box(self.verify(password, &self.stand_in()));
    }

    /// A stored form of this hasher's cost that no password is known for.
    fn stand_in(&self) -> String {
        let (memory, rounds, lanes) = (
            self.parameters.m_cost(),
            self.parameters.t_cost(),
            self.parameters.p_cost(),
        );
        format!(
            "$argon2id$v=19$m={memory},t={rounds},p={lanes}$AAAAAAAAAAAAAAAAAAAAAA${}",
            "A".repeat(43)
        )
    }

    fn argon(&self) -> Argon2<'_> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.parameters.clone())
    }
}

/// Hashing failed, which only a broken parameter can cause.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashError(argon2::password_hash::Error);

impl From<argon2::password_hash::Error> for HashError {
    fn from(source: argon2::password_hash::Error) -> Self {
        Self(source)
    }
}

/// Checks the rest of `$pbkdf2-sha256$<rounds>$<salt>$<hash>`.
fn verify_pbkdf2(password: &str, rest: &str) -> Option<bool> {
    let mut parts = rest.split('$');
    let (rounds, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let rounds: u32 = rounds.parse().ok()?;
    if parts.next().is_some() || !(1..=MAXIMUM_ROUNDS).contains(&rounds) {
        return None;
    }
    let engine = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let (salt, hash) = (engine.decode(salt).ok()?, engine.decode(hash).ok()?);
    if hash.is_empty() {
        return None;
    }
    let mut computed = vec![0; hash.len()];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, rounds, &mut computed);
    Some(equal_in_constant_time(&computed, &hash))
}

fn alphabet_size(password: &str) -> u32 {
    let classes: u32 = CLASSES
        .iter()
        .filter(|(characters, _)| password.contains(|c| characters.contains(c)))
        .map(|(_, size)| size)
        .sum();
    let others: BTreeSet<char> = password
        .chars()
        .filter(|c| {
            !CLASSES
                .iter()
                .any(|(characters, _)| characters.contains(*c))
        })
        .collect();
    classes + u32::try_from(others.len()).unwrap_or(u32::MAX)
}

/// Bytes that remain when repetition and keyboard runs are cut to two characters.
fn effective_length(password: &str) -> usize {
    let mut kept = cut_repetitions(password);
    for row in ROWS {
        kept = cut_runs(&kept, row);
        let reversed: String = row.chars().rev().collect();
        kept = cut_runs(&kept, &reversed);
    }
    kept.len()
}

fn cut_repetitions(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut run = (None, 0);
    for character in text.chars() {
        run = if run.0 == Some(character) {
            (run.0, run.1 + 1)
        } else {
            (Some(character), 1)
        };
        if run.1 <= 2 {
            kept.push(character);
        }
    }
    kept
}

/// Keeps two characters of each run in which every character follows the one before in `row`.
fn cut_runs(text: &str, row: &str) -> String {
    let follows = |before: char, after: char| {
        row.chars()
            .zip(row.chars().skip(1))
            .any(|pair| pair == (before, after))
    };
    let mut kept = String::with_capacity(text.len());
    let mut previous = None;
    let mut run = 1;
    for character in text.chars() {
        run = if previous.is_some_and(|before| follows(before, character)) {
            run + 1
        } else {
            1
        };
        if run <= 2 {
            kept.push(character);
        }
        previous = Some(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strength_follows_the_known_vectors() {
        let twenty = "a".repeat(20);
        for (password, length, alphabet, bits, passes) in [
            ("SomeSecurePassword!", 19, 57, 110.8, true),
            ("password123", 10, 36, 51.7, false),
            ("correcthorse", 12, 26, 56.4, true),
            ("s3cretpass!", 11, 41, 58.9, true),
            ("abcdefghijklmnop", 6, 26, 28.2, false),
            (twenty.as_str(), 2, 26, 9.4, false),
        ] {
            assert_eq!(effective_length(password), length, "{password}");
            assert_eq!(alphabet_size(password), alphabet, "{password}");
            assert!((entropy_bits(password) - bits).abs() < 0.06, "{password}");
            assert_eq!(check_strength(password).is_ok(), passes, "{password}");
        }
        assert_eq!(
            check_strength("").unwrap_err().to_string(),
            "insecure password, try including more special characters, using lowercase letters, using uppercase letters, using numbers or using a longer password"
        );
        assert_eq!(check_strength(&"aB3$".repeat(17)), Err(Weakness::TooLong));
    }

    #[test]
    fn a_hash_verifies_its_password_only() {
        let hasher = Hasher::quick();
        let stored = hasher.hash("s3cretpass!").unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(hasher.verify("s3cretpass!", &stored));
        assert!(Hasher::default().verify("s3cretpass!", &stored));
        assert!(!hasher.verify("s3cretpass?", &stored));
        assert_ne!(stored, hasher.hash("s3cretpass!").unwrap());
    }

    #[test]
    fn nothing_costs_what_a_stored_hash_costs() {
        for hasher in [Hasher::quick(), Hasher::default()] {
            let stored = hasher.hash("s3cretpass!").unwrap();
            let stand_in = hasher.stand_in();
            let cost = |stored: &str| {
                let hash = PasswordHash::new(stored).unwrap();
                let salt = hash.salt.unwrap().as_str().len();
                (
                    Params::try_from(&hash).unwrap(),
                    salt,
                    hash.hash.unwrap().len(),
                )
            };
            assert_eq!(cost(&stand_in), cost(&stored));
        }
    }

    #[test]
    fn the_older_form_verifies() {
        // PBKDF2-HMAC-SHA-256, computed with another implementation.
        let stored = "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA$T2RV9+Y5wxyGyZbKHlct9tAJLCvp2LSZmXGJk6FRyOpUy0NsN5FhXj5ez6LaaiyqzRBof0fc9Llp+Gtmdb3Xgg";
        let hasher = Hasher::quick();
        assert!(hasher.verify("s3cretpass!", stored));
        assert!(!hasher.verify("s3cretpass", stored));
    }

    #[test]
    fn an_unreadable_stored_form_matches_nothing() {
        for stored in [
            "",
            "plain",
            "$pbkdf2-sha256$",
            "$pbkdf2-sha256$x$YQ$YQ",
            "$pbkdf2-sha256$0$YQ$YQ",
            "$pbkdf2-sha256$1$YQ$",
            "$pbkdf2-sha256$1$YQ$YQ$YQ",
            "$pbkdf2-sha256$4294967295$YQ$YQ",
            "$argon2id$v=19$m=1$x",
        ] {
            assert!(!Hasher::quick().verify("", stored), "{stored}");
        }
    }

    proptest! {
        #[test]
        fn cutting_never_lengthens(text in any::<String>()) {
            prop_assert!(effective_length(&text) <= text.len());
            prop_assert!(entropy_bits(&text) >= 0.0);
        }
    }
}
