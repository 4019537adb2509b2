//! The rules for names that people choose. Pure text rules: whether a name is free is
//! for the store, and which field failed is for the caller.

/// Bytes in the longest username, workspace, template or organization name.
pub const NAME_LENGTH: usize = 32;
/// Bytes in the longest display name and template version name.
pub const DISPLAY_NAME_LENGTH: usize = 64;
/// Bytes in the longest real name of a person.
pub const REAL_NAME_LENGTH: usize = 128;
/// Bytes in the longest group name.
pub const GROUP_NAME_LENGTH: usize = 36;

/// Words that name routes of the interface and so cannot name anything else.
const RESERVED: [&str; 2] = ["new", "create"];

/// Whether `name` may name a user: groups of letters and digits joined by single hyphens.
#[must_use]
pub fn is_username(name: &str) -> bool {
    is_name(name, NAME_LENGTH)
}

/// Whether `name` may name a workspace, a template or an organization.
#[must_use]
pub fn is_workspace_name(name: &str) -> bool {
    is_name(name, NAME_LENGTH)
}

/// The name by which any caller reaches the organization that always exists.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// Whether `name` may name a group.
#[must_use]
pub fn is_group_name(name: &str) -> bool {
    is_name(name, GROUP_NAME_LENGTH)
}

/// Whether `name` may name a template version: letters and digits, singly joined by `_`, `.` or `-`.
#[must_use]
pub fn is_template_version_name(name: &str) -> bool {
    name.len() <= DISPLAY_NAME_LENGTH && is_joined(name, b"_.-")
}

/// Whether `name` may be shown in place of a name; empty means "use the name".
#[must_use]
pub fn is_display_name(name: &str) -> bool {
    name.len() <= DISPLAY_NAME_LENGTH && is_trimmed(name)
}

/// Whether `name` may be a person's real name; it may be empty.
#[must_use]
pub fn is_real_name(name: &str) -> bool {
    name.len() <= REAL_NAME_LENGTH && is_trimmed(name)
}

/// A real name that satisfies the rule, made from any text.
#[must_use]
pub fn to_real_name(text: &str) -> String {
    let mut end = text.trim().len().min(REAL_NAME_LENGTH);
    let trimmed = text.trim();
    while !trimmed.is_char_boundary(end) {
        end -= 1;
    }
    trimmed[..end].trim_end().to_owned()
}

/// A username that keeps the rules, out of what an identity provider calls a user: what stands before an `@`, with a hyphen in
/// place of each run of characters that usernames do not have. Empty when nothing is left.
#[must_use]
pub fn to_username(text: &str) -> String {
    let local = text.split('@').next().unwrap_or_default();
    let parts: Vec<&str> = local
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let joined = parts.join("-");
    let mut end = joined.len().min(NAME_LENGTH);
    while joined[..end].ends_with('-') {
        end -= 1;
    }
    let name = &joined[..end];
    if is_username(name) {
        name.to_owned()
    } else {
        String::new()
    }
}

/// Whether `text` has the form of an e-mail address: one `@` between a dot-separated
/// local part (or a quoted one) and a domain of at least two labels.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.len() <= 254 && is_local_part(local) && is_domain(domain)
}

fn is_name(name: &str, length: usize) -> bool {
    name.len() <= length && is_joined(name, b"-") && !RESERVED.contains(&name)
}

/// Non-empty groups of ASCII letters and digits with exactly one of `joints` between two.
fn is_joined(name: &str, joints: &[u8]) -> bool {
    name.as_bytes()
        .split(|byte| joints.contains(byte))
        .all(|group| !group.is_empty() && group.iter().all(u8::is_ascii_alphanumeric))
}

fn is_trimmed(name: &str) -> bool {
    name.trim() == name
}

fn is_local_part(local: &str) -> bool {
    if let Some(quoted) = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return !quoted.is_empty() && !quoted.contains(['"', '\\', '\r', '\n']);
    }
    local.len() <= 64
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_atom(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "!#$%&'*+/=?^_`{|}~-".contains(character)
        || (!character.is_ascii() && !character.is_whitespace() && !character.is_control())
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels
            .last()
            .is_some_and(|last| !last.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|c| c == '-' || c == '_' || c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_follow_the_hyphen_rule() {
        for good in ["a", "first", "a-b-c", "A1", "News", "0", &"x".repeat(32)] {
            assert!(is_workspace_name(good), "{good}");
            assert!(is_username(good), "{good}");
        }
        for bad in [
            "",
            "has space",
            "-lead",
            "trail-",
            "dou--ble",
            "under_score",
            "d.ot",
            "é",
            "new",
            "create",
            &"x".repeat(33),
            "line\n",
        ] {
            assert!(!is_workspace_name(bad), "{bad}");
        }
    }

    #[test]
    fn version_names_allow_three_joints() {
        for good in ["v1.2.3", "calm_otter42", "a-b_c.d", &"x".repeat(64)] {
            assert!(is_template_version_name(good), "{good}");
        }
        for bad in ["", "a..b", "_a", "a-", "a b", &"x".repeat(65)] {
            assert!(!is_template_version_name(bad), "{bad}");
        }
    }

    #[test]
    fn shown_names_have_no_white_space_at_the_ends() {
        assert!(is_display_name(""));
        assert!(is_display_name("Großes Ding"));
        assert!(!is_display_name(" x"));
        assert!(!is_display_name("x\t"));
        assert!(!is_display_name(&"x".repeat(65)));
        assert!(is_real_name(&"x".repeat(128)));
        assert!(!is_real_name(&"x".repeat(129)));
    }

    #[test]
    fn e_mail_addresses_have_two_parts() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.example.com",
            "x_y@ex-ample.org",
            "\"a b\"@c.de",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "", "a", "a@", "@b.co", "a@b", "a@b..co", "a b@c.de", ".a@b.co", "a.@b.co", "a@-b.co",
            "a@b.c o", "a@1.2", "a@b@c.de", "wes",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_real_name(text in any::<String>()) {
            prop_assert!(is_real_name(&to_real_name(&text)));
        }

        #[test]
        fn every_username_is_a_version_name(name in "[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,2}") {
            prop_assume!(name != "new" && name != "create");
            prop_assert!(is_username(&name));
            prop_assert!(is_template_version_name(&name));
        }
    }

    #[test]
    fn usernames_lose_what_they_cannot_have() {
        for (given, wanted) in [
            ("mike@coder.com", "mike"),
            ("Ann.Other_x@example.com", "Ann-Other-x"),
            ("--a--", "a"),
            ("@example.com", ""),
            ("né", "n"),
        ] {
            assert_eq!(to_username(given), wanted);
        }
        let long = format!("{}-{}", "a".repeat(NAME_LENGTH - 1), "b");
        assert_eq!(to_username(&long), "a".repeat(NAME_LENGTH - 1));
    }
}
