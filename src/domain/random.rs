//! Randomness: the only place that draws from the operating system's generator.
//! Owns random text, names and bytes; ids are made in `domain::ids`.

use rand::{Rng, RngCore, distr::Alphanumeric, rngs::ThreadRng, seq::IndexedRandom};

const ADJECTIVES: &[&str] = &[
    "able", "amber", "blue", "bold", "brave", "bright", "brisk", "calm", "clear", "clever", "cool",
    "cosmic", "deep", "early", "fair", "fast", "fine", "fresh", "gentle", "glad", "golden",
    "grand", "green", "happy", "jolly", "keen", "kind", "light", "lively", "lucky", "mellow",
    "merry", "mild", "neat", "noble", "plain", "polite", "proud", "quick", "quiet", "rapid", "red",
    "ready", "sharp", "silent", "silver", "smooth", "snowy", "solid", "steady", "still", "sunny",
    "sweet", "swift", "tidy", "warm", "wild", "wise", "witty", "young",
];

const NOUNS: &[&str] = &[
    "acorn", "badger", "beacon", "birch", "bridge", "brook", "canyon", "cedar", "cloud", "comet",
    "coral", "crane", "delta", "dune", "eagle", "ember", "falcon", "fern", "fjord", "forest",
    "fox", "garden", "glacier", "harbor", "hawk", "heron", "hill", "island", "ivy", "lake", "lark",
    "lemur", "lynx", "maple", "marten", "meadow", "moon", "moss", "ocean", "otter", "owl", "panda",
    "pebble", "pine", "planet", "pond", "raven", "reef", "river", "robin", "sparrow", "spruce",
    "star", "stone", "swan", "thistle", "tiger", "valley", "willow", "wren",
];

/// Text of `length` characters from `A-Z a-z 0-9`, fit for secrets.
#[must_use]
pub fn alphanumeric(length: usize) -> String {
    generator()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// `N` random bytes, fit for secrets.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut drawn = [0; N];
    generator().fill_bytes(&mut drawn);
    drawn
}

/// A random UUID (version 4), fit for secrets.
#[must_use]
pub fn uuid() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(bytes()).into_uuid()
}

/// A readable name such as `calm_otter42`; fit for template versions and tokens.
#[must_use]
pub fn two_words() -> String {
    let mut random = generator();
    let adjective = pick(&mut random, ADJECTIVES);
    let noun = pick(&mut random, NOUNS);
    let number = random.random_range(0..100);
    format!("{adjective}_{noun}{number:02}")
}

/// The same as a username such as `calm-otter42`.
#[must_use]
pub fn username() -> String {
    two_words().replace('_', "-")
}

/// A number from `0` up to, not including, `bound`; 0 when the bound is 0.
#[must_use]
pub fn below(bound: u64) -> u64 {
    if bound == 0 {
        0
    } else {
        generator().random_range(0..bound)
    }
}

fn pick(random: &mut ThreadRng, words: &'static [&'static str]) -> &'static str {
    words.choose(random).copied().unwrap_or("plain")
}

fn generator() -> ThreadRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws randomness"
    )]
    rand::rng()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names;

    #[test]
    fn text_has_the_asked_length_and_alphabet() {
        let text = alphanumeric(500);
        assert_eq!(text.len(), 500);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(alphanumeric(22), alphanumeric(22));
    }

    #[test]
    fn two_words_make_a_version_name() {
        for _ in 0..200 {
            let name = two_words();
            assert!(names::is_template_version_name(&name), "{name}");
        }
    }

    #[test]
    fn bytes_differ() {
        assert_ne!(bytes::<16>(), bytes::<16>());
        assert_eq!(below(0), 0);
        assert_eq!(below(1), 0);
    }
}
