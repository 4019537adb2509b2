//! Who was given a template: the roles of its access lists and wishes to change them.

use std::collections::BTreeMap;

use super::{
    ids::{GroupId, UserId},
    rights::Actions,
    templates::{MAY_USE, Template},
    text_enum::text_enum,
};

text_enum! {
    /// A role on an access list.
    #[sqlx(type_name = "text")]
    pub enum TemplateRole {
        /// May do everything with the template.
        Admin = "admin",
        /// May see it and make workspaces from it.
        Use = "use",
    }
}

impl TemplateRole {
    /// What the role may do.
    #[must_use]
    pub const fn actions(self) -> Actions {
        match self {
            Self::Admin => Actions::ANY,
            Self::Use => MAY_USE,
        }
    }

    /// The role that may do this; nothing where it is no role's share.
    #[must_use]
    pub fn of(actions: Actions) -> Option<Self> {
        let mut roles = Self::ALL.iter().copied();
        roles.find(|role| role.actions() == actions)
    }
}

/// Roles to give, and to take where it is nothing.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct AccessChange {
    /// By user.
    pub users: BTreeMap<UserId, Option<TemplateRole>>,
    /// By group.
    pub groups: BTreeMap<GroupId, Option<TemplateRole>>,
}

impl AccessChange {
    /// Changes a template's access lists.
    pub fn apply(&self, template: &mut Template) {
        apply(&self.users, &mut template.acl_users);
        apply(&self.groups, &mut template.acl_groups);
    }
}

fn apply<K: Ord + Copy>(
    wishes: &BTreeMap<K, Option<TemplateRole>>,
    list: &mut BTreeMap<K, Actions>,
) {
    for (id, role) in wishes {
        match role {
            Some(role) => list.insert(*id, role.actions()),
            None => list.remove(id),
        };
    }
}
