//! Tests that the matrix holds the facts of the contract.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::domain::rights::actor::Scope;

/// What the contract calls the roles that are made for organizations.
const CUSTOM: &str = "custom-organization-role";

type Listed = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Facts {
    actions: Vec<String>,
    resources: Listed,
    roles: BTreeMap<String, RoleFacts>,
    assignable_by: Listed,
    owner_without_workspace_exec: Removed,
    /// Pairs of a kind and an action; `*` is any.
    api_key_scopes: BTreeMap<String, Vec<(String, String)>>,
}

#[derive(Deserialize)]
struct Removed {
    workspace_actions_removed: Vec<String>,
}

#[derive(Deserialize)]
struct RoleFacts {
    display_name: String,
    site: Listed,
    organization: Listed,
    user: Listed,
}

fn facts() -> Facts {
    serde_json::from_str(include_str!("../../../../tests/fixtures/permissions.json")).unwrap()
}

fn listed(grants: Grants) -> Listed {
    grants
        .iter()
        .map(|(kind, actions)| {
            (
                kind.to_string(),
                actions.names().map(str::to_owned).collect(),
            )
        })
        .collect()
}

fn assert_same(role: &RoleFacts, title: &str, grants: RoleGrants) {
    assert_eq!(role.display_name, title);
    assert_eq!(listed(grants.site), role.site, "{title} site");
    assert_eq!(
        listed(grants.organization),
        role.organization,
        "{title} organization"
    );
    assert_eq!(listed(grants.user), role.user, "{title} user");
}

#[test]
fn the_matrix_is_the_contract() {
    let facts = facts();
    for role in SiteRole::ALL {
        assert_same(
            &facts.roles[role.as_str()],
            role.display_name(),
            of_site_role(*role),
        );
    }
    for role in OrganizationRole::ALL {
        assert_same(
            &facts.roles[role.as_str()],
            role.display_name(),
            of_organization_role(*role),
        );
    }
    assert_eq!(
        facts.roles.len(),
        SiteRole::ALL.len() + OrganizationRole::ALL.len()
    );
}

#[test]
fn kinds_and_actions_are_those_of_the_contract() {
    let facts = facts();
    let names: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(names, facts.actions);
    let kinds: Listed = ResourceKind::ALL
        .iter()
        .map(|kind| {
            let names = actions_of_kind(*kind)
                .iter()
                .map(ToString::to_string)
                .collect();
            (kind.to_string(), names)
        })
        .collect();
    assert_eq!(kinds, facts.resources);
}

#[test]
fn roles_are_given_by_whom_the_contract_says() {
    let facts = facts();
    let may = |giver: &str, role: &str| {
        facts
            .assignable_by
            .get(giver)
            .is_some_and(|roles| roles.iter().any(|r| r == role))
    };
    for giver in SiteRole::ALL {
        for role in SiteRole::ALL {
            assert_eq!(giver.may_assign(*role), may(giver.as_str(), role.as_str()));
        }
        for role in OrganizationRole::ALL {
            assert_eq!(
                giver.may_assign_in_organization(*role),
                may(giver.as_str(), role.as_str())
            );
        }
        assert_eq!(giver.may_assign_custom(), may(giver.as_str(), CUSTOM));
    }
    for giver in OrganizationRole::ALL {
        for role in OrganizationRole::ALL {
            assert_eq!(giver.may_assign(*role), may(giver.as_str(), role.as_str()));
        }
        assert_eq!(giver.may_assign_custom(), may(giver.as_str(), CUSTOM));
    }
}

#[test]
fn owners_are_kept_out_as_the_contract_says() {
    let facts = facts();
    let mut expected = facts.roles["owner"].site.clone();
    let removed = facts.owner_without_workspace_exec.workspace_actions_removed;
    if let Some(actions) = expected.get_mut("workspace") {
        actions.retain(|action| !removed.contains(action));
    }
    assert_eq!(
        listed(of_site_role_kept_out(SiteRole::Owner).site),
        expected
    );
    let auditor = of_site_role_kept_out(SiteRole::Auditor).site;
    assert_eq!(listed(auditor), facts.roles["auditor"].site);
}

#[test]
fn scopes_permit_what_the_contract_says() {
    let facts = facts();
    assert_eq!(facts.api_key_scopes.len(), Scope::ALL.len());
    for scope in Scope::ALL {
        let pairs = &facts.api_key_scopes[scope.as_str()];
        for kind in ResourceKind::ALL {
            for action in Action::ALL {
                let listed = pairs.iter().any(|(listed_kind, listed_action)| {
                    [kind.as_str(), "*"].contains(&listed_kind.as_str())
                        && [action.as_str(), "*"].contains(&listed_action.as_str())
                });
                assert_eq!(
                    scope.permits(*action, *kind),
                    listed,
                    "{scope} {action} {kind}"
                );
            }
        }
    }
}
