//! Use cases on licences. They are kept and shown for clients that post them; no feature waits
//! for one.

use thiserror::Error;

use super::{Core, audit, commit, on};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        ids::LicenseId,
        licenses::{self as form, License, NoLicense},
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{
        StoreError,
        licenses::{self, NewLicense},
    },
};

/// Why a licence is not kept or removed.
#[derive(Debug, Error)]
pub enum LicenseError {
    /// The caller may not add licences.
    #[error("licences may not be added by the caller")]
    Denied,
    /// There is no such licence, or the caller may not remove it.
    #[error("no such licence")]
    NotFound,
    /// The text is no licence.
    #[error(transparent)]
    Malformed(#[from] NoLicense),
    /// The licence is there already.
    #[error("the licence is there already")]
    Exists,
    /// The database failed.
    #[error("the licences could not be read or changed")]
    Store(#[from] StoreError),
}

/// Licences of the deployment.
#[derive(Clone)]
pub struct Licenses {
    core: Core,
}

impl Licenses {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The licences that the actor may see: all or none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<License>, StoreError> {
        if !actor.may(Action::Read, &Object::of(ResourceKind::License)) {
            return Ok(Vec::new());
        }
        licenses::list(&mut *self.core.conn().await?).await
    }

    /// Keeps a licence.
    ///
    /// # Errors
    /// Without the right, and when the text is no licence or is there already.
    pub async fn add(&self, actor: &Actor, text: &str) -> Result<License, LicenseError> {
        self.check_refresh(actor)?;
        let read = form::read(text)?;
        let now = self.core.now();
        let new = NewLicense {
            uuid: read.uuid.map_or_else(LicenseId::random, LicenseId),
            jwt: text.trim(),
            claims: &read.claims,
            uploaded_at: now,
            expires_at: read.expires_at,
        };
        let mut tx = self.core.begin().await?;
        let id = match licenses::insert(on(&mut tx), &new).await {
            Err(StoreError::Unique { .. }) => return Err(LicenseError::Exists),
            other => other?,
        };
        let license = License {
            id,
            uuid: new.uuid.0,
            uploaded_at: now,
            claims: read.claims.clone(),
        };
        let entry = entry(AuditAction::Create, &license, 201).changing(&[], &tracked(&license));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(license)
    }

    /// Removes a licence.
    ///
    /// # Errors
    /// [`LicenseError::NotFound`] for missing ones, and without the right.
    pub async fn delete(&self, actor: &Actor, id: i32) -> Result<(), LicenseError> {
        if !actor.may(Action::Delete, &Object::of(ResourceKind::License)) {
            return Err(LicenseError::NotFound);
        }
        let mut tx = self.core.begin().await?;
        let license = licenses::delete(on(&mut tx), id).await?;
        let license = license.ok_or(LicenseError::NotFound)?;
        let entry = entry(AuditAction::Delete, &license, 200).changing(&tracked(&license), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        Ok(())
    }

    /// Whether the actor may have entitlements worked out anew, which whoever adds licences may.
    ///
    /// # Errors
    /// [`LicenseError::Denied`] if not.
    pub fn check_refresh(&self, actor: &Actor) -> Result<(), LicenseError> {
        if actor.may(Action::Create, &Object::of(ResourceKind::License)) {
            Ok(())
        } else {
            Err(LicenseError::Denied)
        }
    }
}

fn entry(action: AuditAction, license: &License, status: u16) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::License,
        license.uuid,
        license.id.to_string(),
        status,
    )
}

fn tracked(license: &License) -> Vec<Tracked> {
    vec![
        shown("id", license.id),
        shown("uuid", license.uuid.to_string()),
    ]
}
