//! Searching the audit log: the keys of its `q`.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use uuid::Uuid;

use crate::domain::{
    audit::{AuditAction, AuditedKind},
    builds::BuildReason,
    clock::Timestamp,
    faults::Fault,
    ids::RequestId,
    search::{FreeText, parse},
    users::{OrganizationRef, UserRef},
};

/// What entries are looked for; an absent key allows all.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AuditQuery {
    /// The kind of thing.
    pub resource_type: Option<AuditedKind>,
    /// The thing.
    pub resource_id: Option<Uuid>,
    /// The thing's name.
    pub resource_target: Option<String>,
    /// Who did it: the caller, or a username in any case.
    pub username: Option<UserRef>,
    /// Who did it, by e-mail address.
    pub email: Option<String>,
    /// Done at or after this instant.
    pub from: Option<Timestamp>,
    /// Done at or before this instant.
    pub until: Option<Timestamp>,
    /// The organization; a name still has to be looked up.
    pub organization: Option<OrganizationRef>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// Why the build was made that it was done to.
    pub build_reason: Option<BuildReason>,
    /// The request that caused it.
    pub request: Option<RequestId>,
}

impl AuditQuery {
    /// Reads a search.
    pub fn parse(query: &str) -> Result<Self, Vec<Fault>> {
        let mut values = parse(query, FreeText::Key("resource_type"))?;
        let found = Self {
            resource_id: values.uuid("resource_id"),
            resource_target: values.text("resource_target"),
            username: values.text("username").map(|text| match text.as_str() {
                "me" => UserRef::Me,
                _ => UserRef::Name(text),
            }),
            email: values.text("email"),
            from: values.date("date_from").map(start_of),
            until: values
                .date("date_to")
                .map(|date| start_of(date) + TimeDelta::days(1) - TimeDelta::microseconds(1)),
            organization: values.text("organization").map(|text| text.as_str().into()),
            resource_type: values.parsed(
                "resource_type",
                "a kind of audited thing",
                AuditedKind::parse,
            ),
            action: values.parsed("action", "an audited action", AuditAction::parse),
            build_reason: values.parsed("build_reason", "a reason of a build", BuildReason::parse),
            request: values.uuid("request_id").map(RequestId),
        };
        values.finish()?;
        Ok(found)
    }
}

fn start_of(date: NaiveDate) -> Timestamp {
    date.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let query =
            AuditQuery::parse("workspace action:write username:me date_to:2024-01-31").unwrap();
        assert_eq!(query.resource_type, Some(AuditedKind::Workspace));
        assert_eq!(query.action, Some(AuditAction::Write));
        assert_eq!(query.username, Some(UserRef::Me));
        assert_eq!(
            query.until.unwrap().to_rfc3339(),
            "2024-01-31T23:59:59.999999+00:00"
        );
        for (bad, field) in [
            ("box", "resource_type"),
            ("action:dance", "action"),
            ("colour:red", "colour"),
            ("date_from:yesterday", "date_from"),
        ] {
            assert_eq!(AuditQuery::parse(bad).unwrap_err()[0].field, field);
        }
    }
}
