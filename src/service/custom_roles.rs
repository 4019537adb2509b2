//! Use cases on roles that were made for one organization. Nobody makes a role that permits
//! more than its maker may; a change holds at once for all who have the role, on all replicas.

use serde_json::json;
use thiserror::Error;

use super::{Core, audit, commit, on, sessions::Sessions};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        ids::{CustomRoleId, OrganizationId},
        rights::{
            Action, Object, ResourceKind,
            actor::Actor,
            custom::{self, BadPermission, CustomRole, Permission, WishedPermission},
        },
    },
    store::{StoreError, custom_roles},
};

/// Why a role is not shown, made, changed or deleted.
#[derive(Debug, Error)]
pub enum CustomRoleError {
    /// There is no such role, or the caller may not do this with it.
    #[error("no such role")]
    NotFound,
    /// A built-in role has the name.
    #[error("the name belongs to a built-in role")]
    Reserved,
    /// Another role has the name.
    #[error("there is a role of this name in the organization")]
    Taken,
    /// A permission cannot be part of a role.
    #[error(transparent)]
    BadPermission(#[from] BadPermission),
    /// The caller may not do it, and so cannot permit it to others.
    #[error("the caller may not {} {} in all of the organization, and cannot permit it to others",
        .0.action, .0.resource_type)]
    Excess(Permission),
    /// The database failed.
    #[error("the roles could not be read or changed")]
    Store(#[from] StoreError),
}

/// What a role is to be.
pub struct WishedRole {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it permits in its organization.
    pub permissions: Vec<WishedPermission>,
}

/// Roles that were made for organizations.
#[derive(Clone)]
pub struct CustomRoles {
    core: Core,
    sessions: Sessions,
}

impl CustomRoles {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions) -> Self {
        Self { core, sessions }
    }

    /// The roles of an organization by name.
    ///
    /// # Errors
    /// [`CustomRoleError::NotFound`] for who may not see them.
    pub async fn list(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<Vec<CustomRole>, CustomRoleError> {
        require(actor, Action::Read, organization)?;
        Ok(custom_roles::list(&mut *self.core.conn().await?, organization).await?)
    }

    /// Makes a role.
    ///
    /// # Errors
    /// Without the right, when the name cannot be had, and when the role would permit too much.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        wish: WishedRole,
    ) -> Result<CustomRole, CustomRoleError> {
        require(actor, Action::Create, organization)?;
        let permissions = checked(actor, organization, &wish)?;
        let now = self.core.now();
        let made = CustomRole {
            id: CustomRoleId::random(),
            organization_id: organization,
            name: wish.name,
            display_name: wish.display_name,
            permissions,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.core.begin().await?;
        match custom_roles::insert(on(&mut tx), &made).await {
            Err(StoreError::Unique { .. }) => return Err(CustomRoleError::Taken),
            other => other?,
        }
        let entry = entry(AuditAction::Create, &made).changing(&[], &tracked(&made));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(made)
    }

    /// Sets the title of a role and what it permits.
    ///
    /// # Errors
    /// As [`CustomRoles::create`], and [`CustomRoleError::NotFound`] for a missing one.
    pub async fn update(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        wish: WishedRole,
    ) -> Result<CustomRole, CustomRoleError> {
        require(actor, Action::Update, organization)?;
        let permissions = checked(actor, organization, &wish)?;
        let mut tx = self.core.begin().await?;
        let before = custom_roles::lock(on(&mut tx), organization, &wish.name).await?;
        let before = before.ok_or(CustomRoleError::NotFound)?;
        let now = self.core.now();
        let after = CustomRole {
            display_name: wish.display_name,
            permissions,
            updated_at: now,
            ..before.clone()
        };
        custom_roles::update(on(&mut tx), &after).await?;
        let holders = custom_roles::holders(on(&mut tx), organization, &after.name).await?;
        let entry = entry(AuditAction::Write, &after).changing(&tracked(&before), &tracked(&after));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        for holder in holders {
            self.sessions.changed(holder);
        }
        Ok(after)
    }

    /// Deletes a role and takes it from whoever has it.
    ///
    /// # Errors
    /// [`CustomRoleError::NotFound`] for missing ones and without the right;
    /// [`CustomRoleError::Reserved`] for built-in ones.
    pub async fn delete(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        name: &str,
    ) -> Result<(), CustomRoleError> {
        require(actor, Action::Delete, organization)?;
        if custom::is_reserved(name) {
            return Err(CustomRoleError::Reserved);
        }
        let mut tx = self.core.begin().await?;
        let role = custom_roles::lock(on(&mut tx), organization, name).await?;
        let role = role.ok_or(CustomRoleError::NotFound)?;
        let now = self.core.now();
        let holders =
            custom_roles::take_from_all(on(&mut tx), organization, &role.name, now).await?;
        custom_roles::delete(on(&mut tx), role.id).await?;
        let entry = entry(AuditAction::Delete, &role).changing(&tracked(&role), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        for holder in holders {
            self.sessions.changed(holder);
        }
        Ok(())
    }
}

fn require(
    actor: &Actor,
    action: Action,
    organization: OrganizationId,
) -> Result<(), CustomRoleError> {
    let object = Object::of(ResourceKind::AssignOrgRole).in_organization(organization);
    if actor.may(action, &object) {
        Ok(())
    } else {
        Err(CustomRoleError::NotFound)
    }
}

fn checked(
    actor: &Actor,
    organization: OrganizationId,
    wish: &WishedRole,
) -> Result<Vec<Permission>, CustomRoleError> {
    if custom::is_reserved(&wish.name) {
        return Err(CustomRoleError::Reserved);
    }
    let permissions = custom::read_permissions(&wish.permissions)?;
    match custom::excess(actor, organization, &permissions) {
        Some(permission) => Err(CustomRoleError::Excess(permission)),
        None => Ok(permissions),
    }
}

fn entry(action: AuditAction, role: &CustomRole) -> NewEntry {
    let status = if action == AuditAction::Delete {
        204
    } else {
        200
    };
    NewEntry::new(
        action,
        AuditedKind::CustomRole,
        role.id.0,
        role.name.clone(),
        status,
    )
    .in_organization(role.organization_id)
}

fn tracked(role: &CustomRole) -> Vec<Tracked> {
    vec![
        shown("name", role.name.clone()),
        shown("display_name", role.display_name.clone()),
        shown("organization_id", role.organization_id.to_string()),
        shown("org_permissions", json!(role.permissions)),
    ]
}
