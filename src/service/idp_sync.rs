//! Use cases on how organizations, groups and roles follow an identity provider. Keeps and shows
//! the settings; who signs in is sorted by them elsewhere.

use serde_json::{Value, json};
use sqlx::PgTransaction;
use thiserror::Error;

use super::{Core, audit, commit, on};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        idp_sync::{GroupSync, OrganizationSync, RoleSync},
        ids::OrganizationId,
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{StoreError, idp_sync, organizations},
};

/// Why settings are not shown or changed.
#[derive(Debug, Error)]
pub enum IdpSyncError {
    /// The caller may not.
    #[error("the settings may not be read or changed by the caller")]
    Denied,
    /// The database failed.
    #[error("the settings could not be read or changed")]
    Store(#[from] StoreError),
}

/// How memberships follow an identity provider.
#[derive(Clone)]
pub struct IdpSync {
    core: Core,
}

impl IdpSync {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Whether the actor may see the settings of one organization, or of the deployment.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] if not.
    pub fn check_read(
        &self,
        actor: &Actor,
        organization: Option<OrganizationId>,
    ) -> Result<(), IdpSyncError> {
        require(actor, Action::Read, organization)
    }

    /// How the groups of an organization follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn groups(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<GroupSync, IdpSyncError> {
        require(actor, Action::Read, Some(organization))?;
        let found = idp_sync::groups(&mut *self.core.conn().await?, organization).await?;
        Ok(found.unwrap_or_default())
    }

    /// Changes how the groups of an organization follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn change_groups(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        change: impl FnOnce(&mut GroupSync) + Send,
    ) -> Result<GroupSync, IdpSyncError> {
        require(actor, Action::Update, Some(organization))?;
        let mut tx = self.begin(organization).await?;
        let before = idp_sync::groups(on(&mut tx), organization).await?;
        let before = before.unwrap_or_default();
        let mut after = before.clone();
        change(&mut after);
        idp_sync::put_groups(on(&mut tx), organization, &after, self.core.now()).await?;
        let kind = AuditedKind::IdpSyncSettingsGroup;
        let diff = (json!(before), json!(after));
        self.end(tx, actor, organization, kind, &diff).await?;
        Ok(after)
    }

    /// How the roles in an organization follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn roles(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<RoleSync, IdpSyncError> {
        require(actor, Action::Read, Some(organization))?;
        let found = idp_sync::roles(&mut *self.core.conn().await?, organization).await?;
        Ok(found.unwrap_or_default())
    }

    /// Changes how the roles in an organization follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn change_roles(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        change: impl FnOnce(&mut RoleSync) + Send,
    ) -> Result<RoleSync, IdpSyncError> {
        require(actor, Action::Update, Some(organization))?;
        let mut tx = self.begin(organization).await?;
        let before = idp_sync::roles(on(&mut tx), organization).await?;
        let before = before.unwrap_or_default();
        let mut after = before.clone();
        change(&mut after);
        idp_sync::put_roles(on(&mut tx), organization, &after, self.core.now()).await?;
        let kind = AuditedKind::IdpSyncSettingsRole;
        let diff = (json!(before), json!(after));
        self.end(tx, actor, organization, kind, &diff).await?;
        Ok(after)
    }

    /// How memberships of organizations follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn organizations(&self, actor: &Actor) -> Result<OrganizationSync, IdpSyncError> {
        require(actor, Action::Read, None)?;
        let found = idp_sync::organizations(&mut *self.core.conn().await?).await?;
        Ok(found.unwrap_or_default())
    }

    /// Changes how memberships of organizations follow.
    ///
    /// # Errors
    /// [`IdpSyncError::Denied`] without the right.
    pub async fn change_organizations(
        &self,
        actor: &Actor,
        change: impl FnOnce(&mut OrganizationSync) + Send,
    ) -> Result<OrganizationSync, IdpSyncError> {
        require(actor, Action::Update, None)?;
        let default = organizations::default_id(&mut *self.core.conn().await?).await?;
        let mut tx = self.begin(default).await?;
        let before = idp_sync::organizations(on(&mut tx)).await?;
        let before = before.unwrap_or_default();
        let mut after = before.clone();
        change(&mut after);
        idp_sync::put_organizations(on(&mut tx), &after, self.core.now()).await?;
        let kind = AuditedKind::IdpSyncSettingsOrganization;
        let diff = (json!(before), json!(after));
        self.end(tx, actor, OrganizationId::default(), kind, &diff)
            .await?;
        Ok(after)
    }

    /// Begins a change: the organization's row is locked, so that no two changes cross.
    async fn begin(
        &self,
        organization: OrganizationId,
    ) -> Result<PgTransaction<'static>, StoreError> {
        let mut tx = self.core.begin().await?;
        organizations::lock(on(&mut tx), organization).await?;
        Ok(tx)
    }

    async fn end(
        &self,
        mut tx: PgTransaction<'static>,
        actor: &Actor,
        organization: OrganizationId,
        kind: AuditedKind,
        (before, after): &(Value, Value),
    ) -> Result<(), StoreError> {
        let target = kind.as_str().replace('_', " ");
        let entry = NewEntry::new(AuditAction::Write, kind, organization.0, target, 200)
            .in_organization(organization)
            .changing(&tracked(before), &tracked(after));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await
    }
}

fn require(
    actor: &Actor,
    action: Action,
    organization: Option<OrganizationId>,
) -> Result<(), IdpSyncError> {
    let mut object = Object::of(ResourceKind::IdpsyncSettings);
    object.organization = organization;
    if actor.may(action, &object) {
        Ok(())
    } else {
        Err(IdpSyncError::Denied)
    }
}

/// The fields that any of the three kinds has.
fn tracked(settings: &Value) -> Vec<Tracked> {
    let fields = [
        "field",
        "mapping",
        "regex_filter",
        "auto_create_missing_groups",
        "assign_default",
    ];
    let there = fields
        .into_iter()
        .filter_map(|name| Some(shown(name, settings.get(name)?.clone())));
    there.collect()
}
