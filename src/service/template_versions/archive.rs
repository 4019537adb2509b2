//! Taking a version out of use and back.

use sqlx::PgConnection;

use super::{TemplateVersions, VersionError, audit_version, readable};
use crate::{
    domain::{
        clock::Timestamp,
        ids::TemplateVersionId,
        rights::{Action, actor::Actor},
        template_versions::TemplateVersion,
    },
    service::{commit, on},
    store::{StoreError, template_versions},
};

impl TemplateVersions {
    /// Puts a version into the archive.
    ///
    /// # Errors
    /// [`VersionError::InUse`] while it is active, in use by a workspace, or being imported.
    pub async fn archive(&self, actor: &Actor, id: TemplateVersionId) -> Result<(), VersionError> {
        let mut tx = self.core.begin().await?;
        let version = changeable(on(&mut tx), actor, id, false).await?;
        let template = version.template_id.ok_or(VersionError::Unattached)?;
        let now = self.core.now();
        let done =
            template_versions::archive_unused(on(&mut tx), template, Some(id), false, now).await?;
        if done.is_empty() {
            return Err(VersionError::InUse);
        }
        record(on(&mut tx), actor, version, now).await?;
        Ok(commit(tx).await?)
    }

    /// Takes a version out of the archive.
    ///
    /// # Errors
    /// [`VersionError::ArchivedAlready`] when it is not in the archive.
    pub async fn unarchive(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
    ) -> Result<(), VersionError> {
        let mut tx = self.core.begin().await?;
        let version = changeable(on(&mut tx), actor, id, true).await?;
        let now = self.core.now();
        template_versions::unarchive(on(&mut tx), id, now).await?;
        record(on(&mut tx), actor, version, now).await?;
        Ok(commit(tx).await?)
    }
}

/// Tells the audit log that a version went into the archive or came out.
async fn record(
    conn: &mut PgConnection,
    actor: &Actor,
    before: TemplateVersion,
    now: Timestamp,
) -> Result<(), StoreError> {
    let after = TemplateVersion {
        archived: !before.archived,
        ..before.clone()
    };
    audit_version(conn, actor, Some(&before), &after, now).await
}

/// A version of a template that is `archived` or not, and that the actor may change: to who
/// may only see it, it is missing.
async fn changeable(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TemplateVersionId,
    archived: bool,
) -> Result<TemplateVersion, VersionError> {
    template_versions::lock(conn, id).await?;
    let (version, object) = readable(conn, actor, id).await?;
    if version.template_id.is_none() {
        return Err(VersionError::Unattached);
    }
    if version.archived != archived {
        return Err(VersionError::ArchivedAlready(version.archived));
    }
    if !actor.may(Action::Update, &object) {
        return Err(VersionError::NotFound);
    }
    Ok(version)
}
