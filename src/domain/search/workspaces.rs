//! Searching workspaces: the keys of their `q`.

use crate::domain::{
    clock::Timestamp,
    faults::Fault,
    ids::WorkspaceId,
    jobs::WorkspaceStatus,
    query_values::QueryValues,
    search::{FreeText, parse},
    users::{OrganizationRef, UserRef},
};

/// What workspaces are looked for; an absent key allows all.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct WorkspaceQuery {
    /// The owner: the caller, or a username in any case.
    pub owner: Option<UserRef>,
    /// Part of the name; `%` and `_` act as in SQL.
    pub name: Option<String>,
    /// The template's whole name.
    pub template: Option<String>,
    /// The status.
    pub status: Option<WorkspaceStatus>,
    /// A status that one agent of a started workspace must have; any text.
    pub has_agent: Option<String>,
    /// Only dormant ones.
    pub only_dormant: bool,
    /// Whether the latest build uses another version than the active one.
    pub outdated: Option<bool>,
    /// Used at or after this instant.
    pub last_used_after: Option<Timestamp>,
    /// Used at or before this instant.
    pub last_used_before: Option<Timestamp>,
    /// The organization; a name still has to be looked up.
    pub organization: Option<OrganizationRef>,
    /// Any of these.
    pub ids: Vec<WorkspaceId>,
    /// Has any of these parameters.
    pub parameter_names: Vec<String>,
    /// Has any of these parameters with this value.
    pub parameter_values: Vec<(String, String)>,
}

impl WorkspaceQuery {
    /// Reads a search.
    pub fn parse(query: &str) -> Result<Self, Vec<Fault>> {
        let mut values = parse(query, FreeText::OwnerAndName)?;
        let mut found = Self {
            owner: values.text("owner").map(owner),
            name: values.text("name"),
            template: values.text("template"),
            status: values.parsed("status", "a status of a workspace", WorkspaceStatus::parse),
            has_agent: values.text("has-agent"),
            only_dormant: values.boolean("dormant").unwrap_or_default(),
            last_used_after: values.instant("last_used_after"),
            last_used_before: values.instant("last_used_before"),
            outdated: values.boolean("outdated"),
            organization: values.text("organization").map(|text| text.as_str().into()),
            ids: values.uuids("id").into_iter().map(WorkspaceId).collect(),
            ..Self::default()
        };
        found.read_parameters(&mut values);
        values.finish()?;
        Ok(found)
    }

    fn read_parameters(&mut self, values: &mut QueryValues) {
        for text in values.list("param") {
            match text.split('=').collect::<Vec<_>>()[..] {
                [name] => self.parameter_names.push(name.to_owned()),
                [_, ""] => {
                    values.fault("param", format_args!("{text:?} lacks a value after its ="));
                }
                [name, value] => self
                    .parameter_values
                    .push((name.to_owned(), value.to_owned())),
                _ => values.fault("param", format_args!("{text:?} has more than one =")),
            }
        }
    }
}

/// A username is never read as an id here.
fn owner(text: String) -> UserRef {
    if text == "me" {
        UserRef::Me
    } else {
        UserRef::Name(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(query: &str) -> Vec<String> {
        let faults = WorkspaceQuery::parse(query).unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn keys_are_read() {
        let query = WorkspaceQuery::parse(
            "ME/Box template:tpl status:RUNNING has-agent:odd dormant:1 outdated:false \
             last_used_after:\"2024-01-01T00:00:00Z\" organization:coder \
             id:6ba7b810-9dad-11d1-80b4-00c04fd430c8,6ba7b811-9dad-11d1-80b4-00c04fd430c8 \
             param:size param:zone=eu",
        )
        .unwrap();
        assert_eq!(query.owner, Some(UserRef::Me));
        assert_eq!(query.name.as_deref(), Some("box"));
        assert_eq!(query.status, Some(WorkspaceStatus::Running));
        assert_eq!(query.has_agent.as_deref(), Some("odd"));
        assert!(query.only_dormant);
        assert_eq!(query.outdated, Some(false));
        assert!(query.last_used_after.is_some());
        assert_eq!(
            query.organization,
            Some(OrganizationRef::Name("coder".to_owned()))
        );
        assert_eq!(query.ids.len(), 2);
        assert_eq!(query.parameter_names, ["size"]);
        assert_eq!(
            query.parameter_values,
            [("zone".to_owned(), "eu".to_owned())]
        );
        assert_eq!(
            WorkspaceQuery::parse("dormant:false name:\"\"").unwrap(),
            WorkspaceQuery::default()
        );
    }

    #[test]
    fn faults_name_their_keys() {
        for (query, expected) in [
            ("foo bar", vec!["name"]),
            ("owner:me owner:me", vec!["owner"]),
            ("status:odd", vec!["status"]),
            ("status:started", vec!["status"]),
            ("status:running,stopped", vec!["status"]),
            ("dormant:maybe", vec!["dormant"]),
            ("outdated:no", vec!["outdated"]),
            ("last_used_after:yesterday", vec!["last_used_after"]),
            ("last_used_before:2024-01-01", vec!["last_used_before"]),
            ("id:abc", vec!["id"]),
            ("param:count=", vec!["param"]),
            ("param:a=b=c", vec!["param"]),
            ("colour:red", vec!["colour"]),
            ("search:one", vec!["search"]),
            ("has-agent:x status:y colour:z", vec!["status", "colour"]),
            (
                "dormant:x last_used_after:y",
                vec!["dormant", "last_used_after"],
            ),
        ] {
            assert_eq!(fields(query), expected, "{query}");
        }
        assert!(WorkspaceQuery::parse("param:=x").is_ok());
    }
}
