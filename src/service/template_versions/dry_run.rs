//! Dry runs: planning a workspace that is not made. They belong to who started them, as the
//! imagined workspace would (spec CO-115).

use super::{TemplateVersions, VersionError, readable};
use crate::{
    domain::{
        ids::{JobId, TemplateVersionId},
        jobs::JobKind,
        provisioning::NamedValue,
        queue::{Job, JobInput, MatchedProvisioners, NewJob},
        resources::Resource,
        rights::{Action, Object, actor::Actor},
        template_versions::TemplateVersion,
    },
    service::{commit, on, resources},
};

/// What a dry run is to plan.
#[derive(Clone, Debug)]
pub struct NewDryRun {
    /// The name of the imagined workspace.
    pub workspace_name: String,
    /// Parameter values.
    pub rich_parameter_values: Vec<NamedValue>,
}

impl TemplateVersions {
    /// Queues a dry run.
    ///
    /// # Errors
    /// [`VersionError::Unfinished`] before the version's import has ended.
    pub async fn dry_run(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        order: NewDryRun,
    ) -> Result<Job, VersionError> {
        let mut tx = self.core.begin().await?;
        let version = plannable(on(&mut tx), actor, id).await?;
        if !version.job_status.has_ended() {
            return Err(VersionError::Unfinished);
        }
        let plan = NewJob {
            organization_id: version.organization_id,
            initiator_id: actor.id,
            provisioner: version.provisioner,
            file_id: version.file_id,
            input: JobInput::DryRun {
                version: id,
                workspace_name: order.workspace_name,
                rich_parameter_values: order.rich_parameter_values,
            },
            tags: version.tags,
        };
        let job = self.jobs.queue(on(&mut tx), plan, self.core.now()).await?;
        commit(tx).await?;
        self.jobs.posted();
        Ok(job)
    }

    /// A dry run.
    ///
    /// # Errors
    /// [`VersionError::NoDryRun`], [`VersionError::OtherJob`], or [`VersionError::NotFound`] to
    /// who may not see workspaces of its initiator.
    pub async fn find_dry_run(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        job: JobId,
    ) -> Result<Job, VersionError> {
        let mut conn = self.core.conn().await?;
        self.visible_dry_run(&mut conn, actor, id, job, Action::Read)
            .await
    }

    /// What the imagined workspace would be made of.
    ///
    /// # Errors
    /// As [`TemplateVersions::find_dry_run`]; [`VersionError::Unfinished`] before it has ended.
    pub async fn dry_run_resources(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        job: JobId,
    ) -> Result<Vec<Resource>, VersionError> {
        let mut conn = self.core.conn().await?;
        let job = self
            .visible_dry_run(&mut conn, actor, id, job, Action::Read)
            .await?;
        if !job.has_ended() {
            return Err(VersionError::Unfinished);
        }
        Ok(resources::of_job(&mut conn, job.id).await?)
    }

    /// The daemons that could take the dry run now, whether it waits or not.
    ///
    /// # Errors
    /// As [`TemplateVersions::find_dry_run`].
    pub async fn dry_run_provisioners(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        job: JobId,
    ) -> Result<MatchedProvisioners, VersionError> {
        let mut conn = self.core.conn().await?;
        let job = self
            .visible_dry_run(&mut conn, actor, id, job, Action::Read)
            .await?;
        Ok(self.jobs.matched(&mut conn, &job, self.core.now()).await?)
    }

    /// Cancels a dry run.
    ///
    /// # Errors
    /// As [`TemplateVersions::find_dry_run`]; [`VersionError::Cancel`].
    pub async fn cancel_dry_run(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        job: JobId,
    ) -> Result<(), VersionError> {
        let mut tx = self.core.begin().await?;
        let job = self
            .visible_dry_run(on(&mut tx), actor, id, job, Action::Update)
            .await?;
        self.jobs
            .cancel(on(&mut tx), job.id, self.core.now())
            .await?;
        commit(tx).await?;
        self.jobs.canceled(job.id);
        Ok(())
    }

    async fn visible_dry_run(
        &self,
        conn: &mut sqlx::PgConnection,
        actor: &Actor,
        id: TemplateVersionId,
        job: JobId,
        action: Action,
    ) -> Result<Job, VersionError> {
        readable(conn, actor, id).await?;
        let job = self
            .jobs
            .view(conn, job)
            .await?
            .ok_or(VersionError::NoDryRun)?;
        if job.kind != JobKind::TemplateVersionDryRun || job.template_version_id != Some(id) {
            return Err(VersionError::OtherJob);
        }
        let imagined = Object::workspace(job.initiator_id, job.organization_id, false);
        if !actor.may(action, &imagined) {
            return Err(VersionError::NotFound);
        }
        Ok(job)
    }
}

async fn plannable(
    conn: &mut sqlx::PgConnection,
    actor: &Actor,
    id: TemplateVersionId,
) -> Result<TemplateVersion, VersionError> {
    let (version, _) = readable(conn, actor, id).await?;
    let own = Object::workspace(actor.id, version.organization_id, false);
    if actor.may(Action::Create, &own) {
        Ok(version)
    } else {
        Err(VersionError::NotFound)
    }
}
