//! Shapes of roles with what they permit.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::validate::{Faults, Validate};
use crate::domain::{
    ids::OrganizationId,
    names,
    rights::{
        ResourceKind,
        custom::{CustomRole, WishedPermission},
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

/// A role (codersdk.Role).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The organization it belongs to.
    pub organization_id: Uuid,
    /// Its title.
    pub display_name: String,
    /// What it permits everywhere: nothing.
    pub site_permissions: Vec<Permission>,
    /// What it permits in its organization.
    pub organization_permissions: Vec<Permission>,
    /// What it permits on things the holder owns: nothing of its own.
    pub user_permissions: Vec<Permission>,
}

impl From<CustomRole> for Role {
    fn from(role: CustomRole) -> Self {
        Self {
            organization_permissions: permissions_of(&role),
            name: role.name,
            organization_id: role.organization_id.0,
            display_name: role.display_name,
            site_permissions: Vec::new(),
            user_permissions: Vec::new(),
        }
    }
}

impl AssignableRole {
    /// A role that was made for an organization.
    #[must_use]
    pub fn of_custom(role: CustomRole, assignable: bool) -> Self {
        Self {
            organization_permissions: permissions_of(&role),
            name: role.name,
            organization_id: Some(role.organization_id.0),
            display_name: role.display_name,
            site_permissions: Vec::new(),
            user_permissions: Vec::new(),
            assignable,
            built_in: false,
        }
    }
}

fn permissions_of(role: &CustomRole) -> Vec<Permission> {
    let single = role.permissions.iter().map(|permission| Permission {
        negate: false,
        resource_type: permission.resource_type,
        action: permission.action.as_str(),
    });
    single.collect()
}

/// Makes or changes a role (codersdk.CustomRoleRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CustomRoleRequest {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it permits everywhere: must be nothing.
    pub site_permissions: Vec<PermissionRequest>,
    /// What it permits in its organization.
    pub organization_permissions: Vec<PermissionRequest>,
    /// What it permits on things the holder owns: must be nothing.
    pub user_permissions: Vec<PermissionRequest>,
}

impl Validate for CustomRoleRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.required("name", &self.name);
        } else {
            let is_good = names::is_username(&self.name);
            faults.check(is_good, "name", "username", &self.name);
        }
        if !self.site_permissions.is_empty() {
            let detail = "a role of an organization cannot have site wide permissions";
            faults.add("site_permissions", detail);
        }
        if !self.user_permissions.is_empty() {
            let detail = "a role of an organization permits nothing by owning things";
            faults.add("user_permissions", detail);
        }
    }
}

/// A kind of thing and an action on it, as a request has it (codersdk.Permission).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PermissionRequest {
    /// Whether it is taken away instead of given.
    pub negate: bool,
    /// The kind of thing.
    pub resource_type: String,
    /// The action.
    pub action: String,
}

impl From<PermissionRequest> for WishedPermission {
    fn from(request: PermissionRequest) -> Self {
        Self {
            negate: request.negate,
            resource_type: request.resource_type,
            action: request.action,
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
