//! Roles that were made for one organization: what they permit there, and which wishes for
//! such a role are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Action, Object, ResourceKind,
    actor::Actor,
    matrix::actions_of_kind,
    roles::{OrganizationRole, SiteRole},
};
use crate::domain::{
    clock::Timestamp,
    ids::{CustomRoleId, OrganizationId},
};

/// One action on one kind of thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Permission {
    /// The kind of thing.
    pub resource_type: ResourceKind,
    /// The action.
    pub action: Action,
}

/// A role that was made for one organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomRole {
    /// Its id.
    pub id: CustomRoleId,
    /// Where it can be given and holds.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it permits there.
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Titles of an organization's custom roles by their names.
pub type RoleTitles = BTreeMap<String, String>;

/// What a user's custom roles permit, by organization.
pub type CustomGrants = BTreeMap<OrganizationId, Vec<Permission>>;

/// A permission as it was written.
#[derive(Clone, Debug)]
pub struct WishedPermission {
    /// Whether the action is taken away instead of given.
    pub negate: bool,
    /// The kind of thing.
    pub resource_type: String,
    /// The action.
    pub action: String,
}

/// Why a permission cannot be part of a role.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BadPermission {
    /// Roles only give.
    #[error("a role cannot take {action} of {kind} away")]
    Negative {
        /// The action.
        action: String,
        /// The kind.
        kind: String,
    },
    /// Everything at once is for built-in roles.
    #[error("a role that is made cannot permit everything: name kinds and actions")]
    Wildcard,
    /// There is no such kind.
    #[error("there is no kind of thing {0:?}")]
    UnknownKind(String),
    /// There is no such action on the kind.
    #[error("there is no action {action:?} on {kind}")]
    UnknownAction {
        /// The action.
        action: String,
        /// The kind.
        kind: ResourceKind,
    },
}

/// Reads wished permissions; each is there once, in a fixed order.
///
/// # Errors
/// The first that cannot be part of a role.
pub fn read_permissions(wished: &[WishedPermission]) -> Result<Vec<Permission>, BadPermission> {
    let mut all = wished.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn read(wished: &WishedPermission) -> Result<Permission, BadPermission> {
    if wished.negate {
        return Err(BadPermission::Negative {
            action: wished.action.clone(),
            kind: wished.resource_type.clone(),
        });
    }
    if wished.action == "*" || wished.resource_type == "*" {
        return Err(BadPermission::Wildcard);
    }
    let kind = ResourceKind::parse(&wished.resource_type)
        .ok_or_else(|| BadPermission::UnknownKind(wished.resource_type.clone()))?;
    let action = Action::parse(&wished.action)
        .filter(|action| actions_of_kind(kind).contains(action))
        .ok_or_else(|| BadPermission::UnknownAction {
            action: wished.action.clone(),
            kind,
        })?;
    Ok(Permission {
        resource_type: kind,
        action,
    })
}

/// The first permission that the actor has not in all of the organization, and so cannot hand on.
#[must_use]
pub fn excess(
    actor: &Actor,
    organization: OrganizationId,
    permissions: &[Permission],
) -> Option<Permission> {
    let has = |permission: &&Permission| {
        let object = Object::of(permission.resource_type).in_organization(organization);
        !actor.may(permission.action, &object)
    };
    permissions.iter().find(has).copied()
}

/// Whether a built-in role has this name, in any letter case.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SiteRole::parse(&name).is_some() || OrganizationRole::parse(&name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(negate: bool, resource_type: &str, action: &str) -> WishedPermission {
        WishedPermission {
            negate,
            resource_type: resource_type.to_owned(),
            action: action.to_owned(),
        }
    }

    #[test]
    fn permissions_are_read_once_each() {
        let twice = [
            wish(false, "template", "read"),
            wish(false, "file", "create"),
            wish(false, "template", "read"),
        ];
        assert_eq!(read_permissions(&twice).unwrap().len(), 2);
    }

    #[test]
    fn what_no_role_may_hold_is_refused() {
        for (bad, reason) in [
            (wish(false, "*", "read"), BadPermission::Wildcard),
            (wish(false, "template", "*"), BadPermission::Wildcard),
            (
                wish(false, "planet", "read"),
                BadPermission::UnknownKind("planet".to_owned()),
            ),
            (
                wish(false, "template", "ssh"),
                BadPermission::UnknownAction {
                    action: "ssh".to_owned(),
                    kind: ResourceKind::Template,
                },
            ),
            (
                wish(true, "template", "read"),
                BadPermission::Negative {
                    action: "read".to_owned(),
                    kind: "template".to_owned(),
                },
            ),
        ] {
            assert_eq!(read_permissions(&[bad]).unwrap_err(), reason);
        }
    }

    #[test]
    fn names_of_built_in_roles_are_reserved() {
        for name in ["owner", "Owner", "organization-admin", "member"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("template-cook"));
    }
}
