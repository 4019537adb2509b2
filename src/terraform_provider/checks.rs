//! Rules for texts that several tables use. Each tells what is wrong in a sentence.

use std::sync::LazyLock;

use regex::Regex;

static SLUG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[a-z0-9](-?[a-z0-9])*$").ok());
static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("^[a-zA-Z_][a-zA-Z0-9_]*$").ok());

/// An absolute or relative address.
pub(super) fn url(text: &str) -> Result<(), String> {
    let refuse = |reason: &str| Err(format!("{text:?} is no URL: {reason}"));
    if text.chars().any(|character| character.is_ascii_control()) {
        return refuse("it holds control characters");
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return refuse("a percent sign must be followed by two hexadecimal digits");
        }
        rest = after;
    }
    let (before_path, _) = text.split_once(['/', '?', '#']).unwrap_or((text, ""));
    let Some((scheme, _)) = before_path.split_once(':') else {
        return Ok(());
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "+-.".contains(one));
    if !is_scheme {
        return refuse("what stands before the colon is no scheme");
    }
    if let Some((_, after)) = text.split_once("://") {
        let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if host.contains(' ') {
            return refuse("its host holds a blank");
        }
        let port = host.rsplit_once(':').map(|(_, port)| port);
        if !host.ends_with(']')
            && port.is_some_and(|port| !port.bytes().all(|one| one.is_ascii_digit()))
        {
            return refuse("its port is no number");
        }
    }
    Ok(())
}

/// A name that may stand in a host name.
pub(super) fn slug(text: &str) -> Result<(), String> {
    if matches(&SLUG, text) {
        Ok(())
    } else {
        Err(format!(
            "invalid \"coder_app\" slug, must be a valid hostname (lower-case letters, digits and \
             single hyphens between them): {text:?}"
        ))
    }
}

/// A name of an environment variable.
pub(super) fn variable(text: &str) -> Result<(), String> {
    if matches(&VARIABLE, text) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} cannot be a variable's name: letters, digits and underscores, no digit first"
        ))
    }
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_be_relative_but_not_broken() {
        for good in [
            "",
            "/icon/a.svg",
            "https://x:80/a?b#c",
            "a/b:c",
            "http://[::1]:8/",
            "data:x",
        ] {
            assert_eq!(url(good), Ok(()), "{good}");
        }
        for bad in [
            "a\nb",
            "/%zz",
            "/%2",
            ":x",
            "1:x",
            "http://a b/",
            "http://a:b/",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn slugs_are_parts_of_host_names() {
        assert!(slug("code-server2").is_ok());
        for bad in ["", "-a", "a-", "a--b", "A", "a_b"] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }
}
