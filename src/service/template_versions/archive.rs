//! Taking a version out of use and back.

use super::{TemplateVersions, VersionError, readable};
use crate::{
    domain::{
        ids::{TemplateId, TemplateVersionId},
        rights::{Action, actor::Actor},
    },
    service::{commit, on},
    store::template_versions,
};

impl TemplateVersions {
    /// Puts a version into the archive.
    ///
    /// # Errors
    /// [`VersionError::InUse`] while it is active, in use by a workspace, or being imported.
    pub async fn archive(&self, actor: &Actor, id: TemplateVersionId) -> Result<(), VersionError> {
        let mut tx = self.core.begin().await?;
        let template = changeable(on(&mut tx), actor, id, false).await?;
        let now = self.core.now();
        let done =
            template_versions::archive_unused(on(&mut tx), template, Some(id), false, now).await?;
        if done.is_empty() {
            return Err(VersionError::InUse);
        }
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
        changeable(on(&mut tx), actor, id, true).await?;
        template_versions::unarchive(on(&mut tx), id, self.core.now()).await?;
        Ok(commit(tx).await?)
    }
}

/// The template of a version that is `archived` or not, and that the actor may change: to
/// who may only see it, it is missing.
async fn changeable(
    conn: &mut sqlx::PgConnection,
    actor: &Actor,
    id: TemplateVersionId,
    archived: bool,
) -> Result<TemplateId, VersionError> {
    template_versions::lock(conn, id).await?;
    let (version, object) = readable(conn, actor, id).await?;
    let template = version.template_id.ok_or(VersionError::Unattached)?;
    if version.archived != archived {
        return Err(VersionError::ArchivedAlready(version.archived));
    }
    if !actor.may(Action::Update, &object) {
        return Err(VersionError::NotFound);
    }
    Ok(template)
}
