//! Tags of provisioner jobs and daemons: which job may run where.

use std::collections::BTreeMap;

use super::ids::UserId;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

const SCOPE: &str = "scope";
const OWNER: &str = "owner";
const ORGANIZATION: &str = "organization";
const USER: &str = "user";

/// Lays tag sets over each other from left to right (an empty value covers nothing), then
/// settles scope and owner: a job of scope `user` belongs to `user`, any other to nobody.
#[must_use]
pub fn merge<'a>(user: UserId, sets: impl IntoIterator<Item = &'a Tags>) -> Tags {
    let mut merged = Tags::new();
    for set in sets {
        for (key, value) in set {
            if !value.is_empty() || !merged.contains_key(key) {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    let (scope, owner) = if is_personal(&merged) {
        (USER, user.to_string())
    } else {
        (ORGANIZATION, String::new())
    };
    merged.insert(SCOPE.to_owned(), scope.to_owned());
    merged.insert(OWNER.to_owned(), owner);
    merged
}

/// Whether these are the tags of one user's jobs.
#[must_use]
pub fn is_personal(tags: &Tags) -> bool {
    tags.get(SCOPE).is_some_and(|scope| scope == USER)
}

/// Whether a daemon with these tags may run a job with those. A job without tags of its own
/// goes only to a daemon without any, so that a special daemon is not used up by plain work.
#[must_use]
pub fn matches(job: &Tags, daemon: &Tags) -> bool {
    if is_untagged(job) {
        return job == daemon;
    }
    job.iter()
        .all(|(key, value)| daemon.get(key) == Some(value))
}

/// Whether there is nothing but scope `organization` and no owner.
#[must_use]
pub fn is_untagged(tags: &Tags) -> bool {
    tags.len() == 2
        && tags.get(SCOPE).is_some_and(|scope| scope == ORGANIZATION)
        && tags.get(OWNER).is_some_and(String::is_empty)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn later_sets_cover_earlier_ones() {
        let user = UserId::random();
        let first = tags(&[("zone", "a"), ("kind", "x")]);
        let second = tags(&[("zone", "b"), ("kind", ""), ("new", "")]);
        assert_eq!(
            merge(user, [&first, &second]),
            tags(&[
                ("zone", "b"),
                ("kind", "x"),
                ("new", ""),
                ("scope", "organization"),
                ("owner", "")
            ])
        );
    }

    #[test]
    fn scope_decides_the_owner() {
        let user = UserId::random();
        let personal = merge(user, [&tags(&[("scope", "user"), ("owner", "someone")])]);
        assert_eq!(
            personal,
            tags(&[("scope", "user"), ("owner", &user.to_string())])
        );
        for scope in ["", "organization", "planet"] {
            let merged = merge(user, [&tags(&[("scope", scope), ("owner", "someone")])]);
            assert!(is_untagged(&merged), "{scope}");
        }
    }

    #[test]
    fn a_daemon_must_have_every_tag_of_the_job() {
        let plain = tags(&[("scope", "organization"), ("owner", "")]);
        let special = tags(&[("scope", "organization"), ("owner", ""), ("zone", "a")]);
        let more = tags(&[
            ("scope", "organization"),
            ("owner", ""),
            ("zone", "a"),
            ("gpu", "1"),
        ]);
        assert!(matches(&plain, &plain));
        assert!(!matches(&plain, &special));
        assert!(matches(&special, &special));
        assert!(matches(&special, &more));
        assert!(!matches(&special, &plain));
        assert!(!matches(&more, &special));
    }

    proptest! {
        #[test]
        fn merging_is_settled(keys in prop::collection::btree_map("[a-z]{1,6}", "[a-z]{0,4}", 0..6)) {
            let user = UserId::random();
            let once = merge(user, [&keys]);
            prop_assert_eq!(&merge(user, [&once]), &once);
            prop_assert!(matches(&once, &once));
        }
    }
}
