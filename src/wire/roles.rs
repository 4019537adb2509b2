//! Shapes of roles with what they permit.

use serde::Serialize;
use uuid::Uuid;

use crate::domain::{
    ids::OrganizationId,
    rights::{
        ResourceKind,
        matrix::{self, Grants},
        roles::{OrganizationRole, SiteRole},
    },
};

/// A role that can be given (codersdk.AssignableRoles).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AssignableRole {
    /// Its name.
    pub name: String,
    /// The organization it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Uuid>,
    /// Its title.
    pub display_name: String,
    /// What it permits everywhere.
    pub site_permissions: Vec<Permission>,
    /// What it permits in its organization.
    pub organization_permissions: Vec<Permission>,
    /// What it permits on things the holder owns.
    pub user_permissions: Vec<Permission>,
    /// Whether the caller may give it.
    pub assignable: bool,
    /// Whether it is part of the product.
    pub built_in: bool,
}

/// A kind of thing and an action on it (codersdk.Permission).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Permission {
    /// Whether it is taken away instead of given.
    pub negate: bool,
    /// The kind of thing.
    pub resource_type: ResourceKind,
    /// The action; `*` for all.
    pub action: &'static str,
}

impl AssignableRole {
    /// A role of the site.
    #[must_use]
    pub fn of_site(role: SiteRole, assignable: bool) -> Self {
        let grants = matrix::of_site_role(role);
        Self {
            name: role.to_string(),
            organization_id: None,
            display_name: role.display_name().to_owned(),
            site_permissions: permissions(grants.site),
            organization_permissions: Vec::new(),
            user_permissions: permissions(grants.user),
            assignable,
            built_in: true,
        }
    }

    /// A role of an organization.
    #[must_use]
    pub fn of_organization(
        organization: OrganizationId,
        role: OrganizationRole,
        assignable: bool,
    ) -> Self {
        let grants = matrix::of_organization_role(role);
        Self {
            name: role.to_string(),
            organization_id: Some(organization.0),
            display_name: role.display_name().to_owned(),
            site_permissions: permissions(grants.site),
            organization_permissions: permissions(grants.organization),
            user_permissions: permissions(grants.user),
            assignable,
            built_in: true,
        }
    }
}

fn permissions(grants: Grants) -> Vec<Permission> {
    let single = grants.iter().flat_map(|(kind, actions)| {
        actions.names().map(|action| Permission {
            negate: false,
            resource_type: *kind,
            action,
        })
    });
    single.collect()
}
