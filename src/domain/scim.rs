//! What an identity provider says of a user over SCIM (RFC 7643), as far as it counts here.

use super::names;

/// A user that a provider wants to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The primary e-mail address.
    pub email: String,
    /// The username that is free of the provider's form.
    pub username: String,
    /// The full name; may be empty.
    pub name: String,
    /// Whether the user may come in.
    pub active: bool,
}

/// A username out of what a provider calls a user: what stands before an `@`, with a hyphen in
/// place of each run of characters that usernames do not have. Empty when nothing is left.
#[must_use]
pub fn username(text: &str) -> String {
    let local = text.split('@').next().unwrap_or_default();
    let parts: Vec<&str> = local
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let joined = parts.join("-");
    let mut end = joined.len().min(names::NAME_LENGTH);
    while joined[..end].ends_with('-') {
        end -= 1;
    }
    let name = &joined[..end];
    if names::is_username(name) {
        name.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_lose_what_they_cannot_have() {
        for (given, wanted) in [
            ("mike@coder.com", "mike"),
            ("Ann.Other_x@example.com", "Ann-Other-x"),
            ("--a--", "a"),
            ("@example.com", ""),
            ("né", "n"),
        ] {
            assert_eq!(username(given), wanted);
        }
        let long = format!("{}-{}", "a".repeat(names::NAME_LENGTH - 1), "b");
        assert_eq!(username(&long), "a".repeat(names::NAME_LENGTH - 1));
    }
}
