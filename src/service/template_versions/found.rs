//! What the import of a version found; nothing is told before it has ended.

use sqlx::PgConnection;

use super::{TemplateVersions, VersionError, readable};
use crate::{
    domain::{
        ids::TemplateVersionId,
        provisioning::RichParameter,
        resources::Resource,
        rights::actor::Actor,
        template_versions::{TemplateVersion, VersionVariable},
    },
    service::resources,
    store::template_versions,
};

impl TemplateVersions {
    /// A version's parameters, in the template's order.
    ///
    /// # Errors
    /// [`VersionError::Unfinished`] before the import has ended.
    pub async fn parameters(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
    ) -> Result<Vec<RichParameter>, VersionError> {
        let mut conn = self.core.conn().await?;
        imported(&mut conn, actor, id).await?;
        Ok(template_versions::list_parameters(&mut conn, id).await?)
    }

    /// A version's variables, in the template's order.
    ///
    /// # Errors
    /// [`VersionError::Unfinished`] before the import has ended.
    pub async fn variables(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
    ) -> Result<Vec<VersionVariable>, VersionError> {
        let mut conn = self.core.conn().await?;
        imported(&mut conn, actor, id).await?;
        Ok(template_versions::list_variables(&mut conn, id).await?)
    }

    /// What a start and a stop of a workspace of this version would leave.
    ///
    /// # Errors
    /// [`VersionError::Unfinished`] before the import has ended.
    pub async fn resources(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
    ) -> Result<Vec<Resource>, VersionError> {
        let mut conn = self.core.conn().await?;
        let version = imported(&mut conn, actor, id).await?;
        Ok(resources::of_job(&mut conn, version.job_id).await?)
    }
}

async fn imported(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TemplateVersionId,
) -> Result<TemplateVersion, VersionError> {
    let (version, _) = readable(conn, actor, id).await?;
    if version.job_status.has_ended() {
        Ok(version)
    } else {
        Err(VersionError::Unfinished)
    }
}
