//! Searching users: the keys of their `q`.

use crate::domain::{
    clock::Timestamp,
    faults::Fault,
    search::{FreeText, parse},
    users::UserStatus,
};

/// What users are looked for; an absent key allows all.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UserQuery {
    /// Part of the username or the e-mail address.
    pub search: Option<String>,
    /// Any of these states.
    pub statuses: Vec<UserStatus>,
    /// Has any of these site roles, `member` being everybody's.
    pub roles: Vec<String>,
    /// Seen at or after this instant.
    pub last_seen_after: Option<Timestamp>,
    /// Seen at or before this instant.
    pub last_seen_before: Option<Timestamp>,
    /// Made at or after this instant.
    pub created_after: Option<Timestamp>,
    /// Made at or before this instant.
    pub created_before: Option<Timestamp>,
}

impl UserQuery {
    /// Reads a search.
    pub fn parse(query: &str) -> Result<Self, Vec<Fault>> {
        let mut values = parse(query, FreeText::Key("search"))?;
        let found = Self {
            search: values.text("search"),
            statuses: values.parsed_list("status", "a status of a user", UserStatus::parse),
            roles: values.list("role"),
            last_seen_after: values.instant("last_seen_after"),
            last_seen_before: values.instant("last_seen_before"),
            created_after: values.instant("created_after"),
            created_before: values.instant("created_before"),
        };
        values.finish()?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let query =
            UserQuery::parse("EXAMPLE.com status:active,dormant role:owner role:auditor").unwrap();
        assert_eq!(query.search.as_deref(), Some("example.com"));
        assert_eq!(query.statuses, [UserStatus::Active, UserStatus::Dormant]);
        assert_eq!(query.roles, ["owner", "auditor"]);
        for (bad, field) in [
            ("a b", "search"),
            ("status:weird", "status"),
            ("color:red", "color"),
        ] {
            assert_eq!(UserQuery::parse(bad).unwrap_err()[0].field, field);
        }
    }
}
