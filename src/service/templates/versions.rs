//! Use cases on a template's versions taken together: which is active, which are out of use.

use super::{TemplateError, Templates, audit, locked};
use crate::{
    domain::{
        ids::{TemplateId, TemplateVersionId},
        jobs::JobStatus,
        rights::{Action, actor::Actor},
        templates::Template,
    },
    pubsub::Event,
    service::{commit, on},
    store::{template_versions, templates},
};

impl Templates {
    /// Makes a version the one that new workspaces get; existing ones become outdated.
    ///
    /// # Errors
    /// When the version is missing, another template's, archived or not imported.
    pub async fn promote(
        &self,
        actor: &Actor,
        id: TemplateId,
        version: TemplateVersionId,
    ) -> Result<(), TemplateError> {
        let mut tx = self.core.begin().await?;
        let template = locked(on(&mut tx), actor, id, Action::Read).await?;
        let version = template_versions::lock(on(&mut tx), version)
            .await?
            .ok_or(TemplateError::NoVersion)?;
        if version.template_id != Some(id) {
            return Err(TemplateError::OtherTemplate);
        }
        if version.job_status != JobStatus::Succeeded {
            return Err(TemplateError::NotImported(version.job_status));
        }
        if version.archived {
            return Err(TemplateError::Archived);
        }
        if !actor.may(Action::Update, &template.object()) {
            return Err(TemplateError::Denied);
        }
        let now = self.core.now();
        templates::update_active_version(on(&mut tx), id, version.id, now).await?;
        let promoted = Template {
            active_version_id: version.id,
            ..template.clone()
        };
        audit::record(on(&mut tx), actor, Some(&template), Some(&promoted), now).await?;
        commit(tx).await?;
        self.core.events.publish(Event::Template(id));
        Ok(())
    }

    /// Archives the versions that nothing uses: those whose import failed, or all.
    ///
    /// # Errors
    /// [`TemplateError::NotFound`] also to who sees the template and may not change it.
    pub async fn archive_unused(
        &self,
        actor: &Actor,
        id: TemplateId,
        all: bool,
    ) -> Result<Vec<TemplateVersionId>, TemplateError> {
        let mut tx = self.core.begin().await?;
        let template = locked(on(&mut tx), actor, id, Action::Update)
            .await
            .map_err(|reason| match reason {
                TemplateError::Denied => TemplateError::NotFound,
                other => other,
            })?;
        let now = self.core.now();
        let archived = template_versions::archive_unused(on(&mut tx), id, None, !all, now).await?;
        audit::archived(on(&mut tx), actor, &template, &archived, now).await?;
        commit(tx).await?;
        Ok(archived)
    }
}
