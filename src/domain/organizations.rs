//! What organizations and memberships are. Who may see or change them is in `rights`.

use super::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    rights::roles::SiteRole,
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
