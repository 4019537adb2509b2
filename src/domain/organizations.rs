//! What organizations and memberships are. Who may see or change them is in `rights`.

use std::fmt;

use super::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    rights::roles::{OrganizationRole, SiteRole},
};

/// An organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Its picture; empty for none.
    pub icon: String,
    /// Whether it is the one that always exists.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How much there is in an organization that keeps it from being deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Workspaces that are not deleted.
    pub workspaces: i64,
    /// Templates that are not deleted.
    pub templates: i64,
    /// Credentials of its provisioner daemons.
    pub provisioner_keys: i64,
    /// Groups, without the one of everybody.
    pub groups: i64,
    /// Members, of which one may stay: nobody can leave last.
    pub members: i64,
}

impl Contents {
    /// Whether the organization may go.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.workspaces == 0
            && self.templates == 0
            && self.provisioner_keys == 0
            && self.groups == 0
            && self.members <= 1
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.workspaces, "workspaces"),
            (self.templates, "templates"),
            (self.provisioner_keys, "provisioner keys"),
            (self.groups, "groups"),
            (self.members - 1, "other members"),
        ];
        let there = all.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = there
            .map(|(count, name)| format!("{name}: {count}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

/// A user's place in an organization.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user.
    pub user_id: UserId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Roles given there, by name: those of the roles made here are not known to the code.
    pub roles: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When the roles were last changed.
    pub updated_at: Timestamp,
}

impl Member {
    /// Whether it has a role that was made for the organization.
    #[must_use]
    pub fn has_custom_role(&self) -> bool {
        let is_built_in = |name: &String| OrganizationRole::parse(name).is_some();
        !self.roles.iter().all(is_built_in)
    }
}

/// A member together with what its user shows.
#[derive(Clone, Debug)]
pub struct MemberWithUser {
    /// The membership.
    pub member: Member,
    /// The username.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The picture.
    pub avatar_url: String,
    /// The e-mail address.
    pub email: String,
    /// Roles of the site.
    pub site_roles: Vec<SiteRole>,
}
