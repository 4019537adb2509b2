//! Use cases on provisioner keys. A secret is told when its key is made and never again.

use serde_json::json;
use thiserror::Error;

use super::{Core, audit, commit, on, organizations};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, secret, shown},
        clock::never,
        daemons::{Daemon, DaemonStatus, USER_KEY},
        ids::{OrganizationId, ProvisionerKeyId},
        organizations::Organization,
        provisioner_keys::{self as rules, ProvisionerKey},
        rights::{Action, Object, ResourceKind, actor::Actor},
        tags::Tags,
        tokens::hash_secret,
    },
    store::{StoreError, daemons, provisioner_keys},
};

/// Why a key is not shown, made or deleted.
#[derive(Debug, Error)]
pub enum ProvisionerKeyError {
    /// There is no such key, or the caller may not do this with it.
    #[error("no such key")]
    NotFound,
    /// Nobody has a key with this secret.
    #[error("the key is not known")]
    Unknown,
    /// The name stands for another way to come in.
    #[error("the name {0:?} is reserved")]
    Reserved(String),
    /// Another key of the organization has the name. Clients look for the sentence's end.
    #[error("a key of this name already exists in organization")]
    Taken,
    /// The database failed.
    #[error("the keys could not be read or changed")]
    Store(#[from] StoreError),
}

/// A key with the daemons that came with it and are there.
pub type KeyWithDaemons = (ProvisionerKey, Vec<Daemon>);

/// Keys of provisioner daemons.
#[derive(Clone)]
pub struct ProvisionerKeys {
    core: Core,
}

impl ProvisionerKeys {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Makes a key and gives its secret.
    ///
    /// # Errors
    /// [`ProvisionerKeyError::NotFound`] without the right; when the name cannot be had.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        name: String,
        tags: Tags,
    ) -> Result<String, ProvisionerKeyError> {
        require(actor, Action::Create, organization)?;
        if rules::is_reserved(&name) {
            return Err(ProvisionerKeyError::Reserved(name));
        }
        let secret = rules::new_secret();
        let made = ProvisionerKey {
            id: ProvisionerKeyId::random(),
            organization_id: organization,
            name,
            tags,
            created_at: self.core.now(),
        };
        let mut tx = self.core.begin().await?;
        match provisioner_keys::insert(on(&mut tx), &made, &hash_secret(&secret)).await {
            Err(StoreError::Unique { .. }) => return Err(ProvisionerKeyError::Taken),
            other => other?,
        }
        let entry = entry(AuditAction::Create, &made, 201).changing(&[], &tracked(&made));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, made.created_at).await?;
        commit(tx).await?;
        Ok(secret)
    }

    /// The keys that were made for an organization, oldest first.
    ///
    /// # Errors
    /// [`ProvisionerKeyError::NotFound`] without the right.
    pub async fn list(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<Vec<ProvisionerKey>, ProvisionerKeyError> {
        require(actor, Action::Read, organization)?;
        Ok(provisioner_keys::list(&mut *self.core.conn().await?, organization).await?)
    }

    /// The keys of an organization, each with its daemons that were seen lately; in the default
    /// organization also what stands for a key: the server itself and the shared secret.
    ///
    /// # Errors
    /// [`ProvisionerKeyError::NotFound`] without the right.
    pub async fn daemons(
        &self,
        actor: &Actor,
        organization: &Organization,
    ) -> Result<Vec<KeyWithDaemons>, ProvisionerKeyError> {
        require(actor, Action::Read, organization.id)?;
        let mut conn = self.core.conn().await?;
        let mut keys = Vec::new();
        if organization.is_default {
            let stand_ins = rules::RESERVED.iter().filter(|(_, id)| *id != USER_KEY);
            keys.extend(stand_ins.map(|(name, id)| stand_in(name, *id, organization.id)));
        }
        keys.extend(provisioner_keys::list(&mut conn, organization.id).await?);
        let now = self.core.now();
        let mut there = daemons::list(&mut conn, organization.id, None).await?;
        there.retain(|daemon| daemon.status(now) != DaemonStatus::Offline);
        let with_daemons = keys.into_iter().map(|key| {
            let own = there.iter().filter(|daemon| daemon.key_id == key.id);
            let own = own.cloned().collect();
            (key, own)
        });
        Ok(with_daemons.collect())
    }

    /// Deletes a key: daemons cannot come in with it any more.
    ///
    /// # Errors
    /// [`ProvisionerKeyError::NotFound`] for missing ones and without the right.
    pub async fn delete(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        name: &str,
    ) -> Result<(), ProvisionerKeyError> {
        require(actor, Action::Delete, organization)?;
        if rules::is_reserved(name) {
            return Err(ProvisionerKeyError::Reserved(name.to_owned()));
        }
        let mut tx = self.core.begin().await?;
        let gone = provisioner_keys::delete(on(&mut tx), organization, name).await?;
        let gone = gone.ok_or(ProvisionerKeyError::NotFound)?;
        let entry = entry(AuditAction::Delete, &gone, 204).changing(&tracked(&gone), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        Ok(commit(tx).await?)
    }

    /// The key with this secret: who has the secret may see it.
    ///
    /// # Errors
    /// [`ProvisionerKeyError::Unknown`] when there is none.
    pub async fn find_by_secret(
        &self,
        secret: &str,
    ) -> Result<ProvisionerKey, ProvisionerKeyError> {
        let mut conn = self.core.conn().await?;
        provisioner_keys::find_by_secret(&mut conn, &hash_secret(secret))
            .await?
            .ok_or(ProvisionerKeyError::Unknown)
    }
}

fn stand_in(name: &str, id: ProvisionerKeyId, organization_id: OrganizationId) -> ProvisionerKey {
    ProvisionerKey {
        id,
        organization_id,
        name: name.to_owned(),
        tags: Tags::new(),
        created_at: never(),
    }
}

fn entry(action: AuditAction, key: &ProvisionerKey, status: u16) -> NewEntry {
    let kind = AuditedKind::ProvisionerKey;
    NewEntry::new(action, kind, key.id.0, key.name.clone(), status)
        .in_organization(key.organization_id)
}

fn tracked(key: &ProvisionerKey) -> Vec<Tracked> {
    vec![
        shown("id", key.id.to_string()),
        shown("name", key.name.clone()),
        shown("tags", json!(key.tags)),
        secret("hashed_secret", "set"),
    ]
}

fn require(
    actor: &Actor,
    action: Action,
    organization: OrganizationId,
) -> Result<(), ProvisionerKeyError> {
    let sees = actor.may(Action::Read, &organizations::object(organization));
    let keys = Object::of(ResourceKind::ProvisionerKeys).in_organization(organization);
    if sees && actor.may(action, &keys) {
        Ok(())
    } else {
        Err(ProvisionerKeyError::NotFound)
    }
}
