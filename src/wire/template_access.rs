//! Shapes of templates' access lists.

use std::{collections::BTreeMap, hash::Hash};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    groups::{Group, ReducedUser},
    users::User,
    validate::{Faults, Validate},
};
use crate::domain::{
    faults::Fault,
    groups::{GroupMember, GroupWithMembers},
    ids::{GroupId, UserId},
    template_access::{AccessChange, TemplateRole},
    users::User as Account,
};

/// Who was given a template (codersdk.TemplateACL).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateAcl {
    /// Users.
    pub users: Vec<TemplateUser>,
    /// Groups.
    pub group: Vec<TemplateGroup>,
}

/// A user with its role (codersdk.TemplateUser).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateUser {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// What it may do.
    pub role: TemplateRole,
}

/// A group with its role (codersdk.TemplateGroup).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateGroup {
    /// The group.
    #[serde(flatten)]
    pub group: Group,
    /// What its members may do.
    pub role: TemplateRole,
}

impl TemplateAcl {
    /// The shape of who was given a template.
    #[must_use]
    pub fn new(
        users: Vec<(Account, TemplateRole)>,
        groups: Vec<(GroupWithMembers, TemplateRole)>,
    ) -> Self {
        let users = users.into_iter().map(|(user, role)| TemplateUser {
            user: user.into(),
            role,
        });
        let groups = groups.into_iter().map(|(group, role)| TemplateGroup {
            group: group.into(),
            role,
        });
        Self {
            users: users.collect(),
            group: groups.collect(),
        }
    }
}

/// To whom a template can be given (codersdk.ACLAvailable).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AclAvailable {
    /// Users.
    pub users: Vec<ReducedUser>,
    /// Groups.
    pub groups: Vec<Group>,
}

impl AclAvailable {
    /// The shape of those to whom a template can be given.
    #[must_use]
    pub fn new(users: Vec<Account>, groups: Vec<GroupWithMembers>) -> Self {
        let users = users.into_iter().map(|user| GroupMember::from(user).into());
        Self {
            users: users.collect(),
            groups: groups.into_iter().map(Group::from).collect(),
        }
    }
}

/// Gives and takes roles by id; an empty role takes (codersdk.UpdateTemplateACL).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateTemplateAcl {
    /// By user.
    pub user_perms: BTreeMap<String, String>,
    /// By group.
    pub group_perms: BTreeMap<String, String>,
}

impl Validate for UpdateTemplateAcl {
    fn validate(&self, _: &mut Faults) {}
}

impl UpdateTemplateAcl {
    /// What is wished.
    ///
    /// # Errors
    /// A fault for each id and role that is none.
    pub fn wishes(&self) -> Result<AccessChange, Vec<Fault>> {
        let mut faults = Vec::new();
        let change = AccessChange {
            users: read("user_perms", &self.user_perms, UserId, &mut faults),
            groups: read("group_perms", &self.group_perms, GroupId, &mut faults),
        };
        if faults.is_empty() {
            Ok(change)
        } else {
            Err(faults)
        }
    }
}

fn read<K: Ord + Hash>(
    field: &str,
    roles: &BTreeMap<String, String>,
    id: impl Fn(Uuid) -> K,
    faults: &mut Vec<Fault>,
) -> BTreeMap<K, Option<TemplateRole>> {
    let mut read = BTreeMap::new();
    for (key, role) in roles {
        let wanted = TemplateRole::parse(role);
        if wanted.is_none() && !role.is_empty() {
            let detail = format!("{role:?} is no role: give \"use\", \"admin\" or \"\"");
            faults.push(Fault::new(field, detail));
        }
        match Uuid::parse_str(key) {
            Ok(key) => drop(read.insert(id(key), wanted)),
            Err(_not_an_id) => faults.push(Fault::new(field, format!("{key:?} is not a UUID"))),
        }
    }
    read
}
