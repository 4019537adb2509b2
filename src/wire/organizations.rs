//! Shapes of organizations and memberships.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    users::SlimRole,
    validate::{Faults, Validate},
};
use crate::domain::{
    names,
    organizations::{Member, MemberWithUser, Organization as Known},
    rights::{custom::RoleTitles, roles::OrganizationRole},
};

/// An organization (codersdk.Organization).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub icon: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Whether it is the one that always exists.
    pub is_default: bool,
}

impl From<Known> for Organization {
    fn from(known: Known) -> Self {
        Self {
            id: known.id.0,
            name: known.name,
            display_name: known.display_name,
            icon: known.icon,
            description: known.description,
            created_at: known.created_at.into(),
            updated_at: known.updated_at.into(),
            is_default: known.is_default,
        }
    }
}

/// Makes an organization (codersdk.CreateOrganizationRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateOrganizationRequest {
    /// Its name in URLs.
    pub name: String,
    /// Its title; the name unless said.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Its picture.
    pub icon: String,
}

impl Validate for CreateOrganizationRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.required("name", &self.name);
        } else {
            check_name(faults, &self.name);
        }
        check_display_name(faults, &self.display_name);
    }
}

/// Changes an organization; what is absent, and an empty name or title, is left alone
/// (codersdk.UpdateOrganizationRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateOrganizationRequest {
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its picture.
    pub icon: Option<String>,
}

impl Validate for UpdateOrganizationRequest {
    fn validate(&self, faults: &mut Faults) {
        if !self.name.is_empty() {
            check_name(faults, &self.name);
        }
        check_display_name(faults, &self.display_name);
    }
}

fn check_name(faults: &mut Faults, name: &str) {
    let is_good = names::is_workspace_name(name);
    faults.check(is_good, "name", "organization_name", name);
}

fn check_display_name(faults: &mut Faults, name: &str) {
    let is_good = names::is_display_name(name);
    faults.check(is_good, "display_name", "organization_display_name", name);
}

/// A membership (codersdk.OrganizationMember).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrganizationMember {
    /// The user.
    pub user_id: Uuid,
    /// The organization.
    pub organization_id: Uuid,
    /// Since when.
    pub created_at: Time,
    /// When the roles were last changed.
    pub updated_at: Time,
    /// Roles given there.
    pub roles: Vec<SlimRole>,
}

impl OrganizationMember {
    /// A membership; `titles` are those of the roles that were made for the organization.
    #[must_use]
    pub fn new(member: Member, titles: &RoleTitles) -> Self {
        let organization = member.organization_id.0;
        let title = |name: &str| match OrganizationRole::parse(name) {
            Some(role) => role.display_name().to_owned(),
            None => titles.get(name).cloned().unwrap_or_default(),
        };
        let roles = member.roles.into_iter().map(|name| SlimRole {
            display_name: title(&name),
            organization_id: Some(organization),
            name,
        });
        Self {
            user_id: member.user_id.0,
            organization_id: organization,
            created_at: member.created_at.into(),
            updated_at: member.updated_at.into(),
            roles: roles.collect(),
        }
    }
}

/// A membership with what its user shows (codersdk.OrganizationMemberWithUserData).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrganizationMemberWithUserData {
    /// The username.
    pub username: String,
    /// The full name.
    pub name: String,
    /// The picture.
    pub avatar_url: String,
    /// The e-mail address.
    pub email: String,
    /// Roles of the site.
    pub global_roles: Vec<SlimRole>,
    /// The membership.
    #[serde(flatten)]
    pub member: OrganizationMember,
}

impl OrganizationMemberWithUserData {
    /// As [`OrganizationMember::new`].
    #[must_use]
    pub fn new(found: MemberWithUser, titles: &RoleTitles) -> Self {
        Self {
            username: found.username,
            name: found.name,
            avatar_url: found.avatar_url,
            email: found.email,
            global_roles: found.site_roles.into_iter().map(SlimRole::from).collect(),
            member: OrganizationMember::new(found.member, titles),
        }
    }
}
