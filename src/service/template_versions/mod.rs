//! Use cases on versions of templates. A version may be seen by who may see its template; one
//! without a template by who may see all templates of its organization (spec CO-117).

mod archive;
mod audit;
mod create;
mod dry_run;
mod found;

use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core, commit,
    files::Files,
    jobs::{CancelError, Jobs},
    on,
};
use crate::{
    domain::{
        ids::{JobId, OrganizationId, TemplateId, TemplateVersionId},
        jobs::CancelRefused,
        pagination::Page,
        queue::Job,
        rights::{Action, Object, actor::Actor},
        template_source::SourceError,
        template_versions::TemplateVersion,
    },
    store::{StoreError, template_versions, templates},
};

pub(super) use audit::record as audit_version;
pub use create::{NewVersion, Source};
pub use dry_run::NewDryRun;

/// Why a use case on versions is refused.
#[derive(Debug, Error)]
pub enum VersionError {
    /// No such version, or the caller may not see it.
    #[error("no such version")]
    NotFound,
    /// No such version among those of a template that the caller sees.
    #[error("no version has the name {0:?}")]
    NoName(String),
    /// The version is the first of its template.
    #[error("there is no version before {0:?}")]
    First(String),
    /// The caller sees the version and may not do this.
    #[error("the user may not do this to the version")]
    Denied,
    /// No such template, or the caller may not see it.
    #[error("no such template")]
    NoTemplate,
    /// No such archive, or the caller may not see it.
    #[error("no such archive")]
    NoFile,
    /// No built-in template has this id.
    #[error("no built-in template {0:?}")]
    NoExample(String),
    /// The archive, or the tags in it, cannot be read.
    #[error("the archive cannot be used")]
    Source(#[source] SourceError),
    /// Another version of the template has the name.
    #[error("the name {0:?} is taken")]
    NameTaken(String),
    /// The page begins after a version that is not there.
    #[error("there is no version to begin after")]
    NoStart,
    /// The import has not ended.
    #[error("the import has not ended")]
    Unfinished,
    /// The job cannot be canceled any more.
    #[error("the job is not canceled")]
    Cancel(#[source] CancelRefused),
    /// The version is in the archive already, or not in it already.
    #[error("the version is {} already", if *.0 { "archived" } else { "not archived" })]
    ArchivedAlready(bool),
    /// The version has no template.
    #[error("the version belongs to no template")]
    Unattached,
    /// The version is active, in use or still being imported.
    #[error("the version is in use")]
    InUse,
    /// No such dry run.
    #[error("no such dry run")]
    NoDryRun,
    /// The job is none of the version's dry runs.
    #[error("the job is not a dry run of the version")]
    OtherJob,
    /// The archive was cut short by the end of the process.
    #[error("the archive could not be read")]
    CutShort,
    /// The database failed.
    #[error("the versions could not be read or changed")]
    Store(#[from] StoreError),
}

impl From<CancelError> for VersionError {
    fn from(reason: CancelError) -> Self {
        match reason {
            CancelError::Refused(refused) => Self::Cancel(refused),
            CancelError::NotFound => Self::NotFound,
            CancelError::Store(source) => Self::Store(source),
        }
    }
}

/// A version with its import as it is shown.
pub type VersionView = (TemplateVersion, Job);

/// Versions of templates.
#[derive(Clone)]
pub struct TemplateVersions {
    core: Core,
    jobs: Jobs,
    files: Files,
}

impl TemplateVersions {
    /// The service.
    #[must_use]
    pub fn new(core: Core, jobs: Jobs, files: Files) -> Self {
        Self { core, jobs, files }
    }

    /// A version.
    ///
    /// # Errors
    /// [`VersionError::NotFound`] for missing and for hidden ones alike.
    pub async fn find(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
    ) -> Result<VersionView, VersionError> {
        let mut conn = self.core.conn().await?;
        let (version, _) = readable(&mut conn, actor, id).await?;
        self.with_job(&mut conn, version).await
    }

    /// A version of a template by its name.
    ///
    /// # Errors
    /// [`VersionError::NoTemplate`] or [`VersionError::NoName`].
    pub async fn find_by_name(
        &self,
        actor: &Actor,
        template: TemplateId,
        name: &str,
    ) -> Result<VersionView, VersionError> {
        let mut conn = self.core.conn().await?;
        let template = templates::find(&mut conn, template)
            .await?
            .filter(|template| !template.deleted && actor.may(Action::Read, &template.object()))
            .ok_or(VersionError::NoTemplate)?;
        let version = named(&mut conn, template.id, name).await?;
        self.with_job(&mut conn, version).await
    }

    /// A version by the names of its template and itself.
    ///
    /// # Errors
    /// As [`TemplateVersions::find_by_name`].
    pub async fn find_by_names(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        template: &str,
        name: &str,
    ) -> Result<VersionView, VersionError> {
        let mut conn = self.core.conn().await?;
        let template = readable_by_name(&mut conn, actor, organization, template).await?;
        let version = named(&mut conn, template, name).await?;
        self.with_job(&mut conn, version).await
    }

    /// The version that was made before another.
    ///
    /// # Errors
    /// As [`TemplateVersions::find_by_name`]; [`VersionError::First`].
    pub async fn find_previous(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        template: &str,
        name: &str,
    ) -> Result<VersionView, VersionError> {
        let mut conn = self.core.conn().await?;
        let template = readable_by_name(&mut conn, actor, organization, template).await?;
        let version = named(&mut conn, template, name).await?;
        let previous = template_versions::find_before(&mut conn, template, version.created_at)
            .await?
            .ok_or(VersionError::First(version.name))?;
        self.with_job(&mut conn, previous).await
    }

    /// A page of a template's versions, oldest first.
    ///
    /// # Errors
    /// [`VersionError::NoStart`] when the page begins after a version that is not there.
    pub async fn list(
        &self,
        actor: &Actor,
        template: TemplateId,
        with_archived: bool,
        page: &Page,
    ) -> Result<Vec<VersionView>, VersionError> {
        let mut conn = self.core.conn().await?;
        templates::find(&mut conn, template)
            .await?
            .filter(|template| !template.deleted && actor.may(Action::Read, &template.object()))
            .ok_or(VersionError::NoTemplate)?;
        let after = match page.after_id {
            Some(id) => Some(
                template_versions::find(&mut conn, TemplateVersionId(id))
                    .await?
                    .filter(|version| version.template_id == Some(template))
                    .ok_or(VersionError::NoStart)?,
            ),
            None => None,
        };
        let versions =
            template_versions::list(&mut conn, template, with_archived, after.as_ref(), page)
                .await?;
        let ids: Vec<JobId> = versions.iter().map(|version| version.job_id).collect();
        let mut jobs = self.jobs.views(&mut conn, &ids).await?;
        Ok(versions
            .into_iter()
            .filter_map(|version| Some((jobs.remove(&version.job_id)?, version)))
            .map(|(job, version)| (version, job))
            .collect())
    }

    /// Changes a version's name or message; an empty name and an absent message stay.
    ///
    /// # Errors
    /// [`VersionError::NameTaken`]; [`VersionError::Denied`] to who may only see it.
    pub async fn change_words(
        &self,
        actor: &Actor,
        id: TemplateVersionId,
        name: Option<String>,
        message: Option<String>,
    ) -> Result<VersionView, VersionError> {
        let mut tx = self.core.begin().await?;
        let (before, object) = readable(on(&mut tx), actor, id).await?;
        if !actor.may(Action::Update, &object) {
            return Err(VersionError::Denied);
        }
        let mut version = before.clone();
        version.name = name.unwrap_or(version.name);
        version.message = message.unwrap_or(version.message);
        version.updated_at = self.core.now();
        template_versions::update_words(
            on(&mut tx),
            id,
            &version.name,
            &version.message,
            version.updated_at,
        )
        .await
        .map_err(|error| name_taken(error, &version.name))?;
        let now = version.updated_at;
        audit::record(on(&mut tx), actor, Some(&before), &version, now).await?;
        let shown = self.with_job(on(&mut tx), version).await?;
        commit(tx).await?;
        Ok(shown)
    }

    /// Cancels a version's import.
    ///
    /// # Errors
    /// [`VersionError::Cancel`] when it has ended or was canceled before.
    pub async fn cancel(&self, actor: &Actor, id: TemplateVersionId) -> Result<(), VersionError> {
        let mut tx = self.core.begin().await?;
        let (version, object) = readable(on(&mut tx), actor, id).await?;
        let now = self.core.now();
        let state = self.jobs.cancel(on(&mut tx), version.job_id, now).await?;
        if !actor.may(Action::Update, &object) {
            return Err(VersionError::Denied);
        }
        audit::canceled(on(&mut tx), actor, &version, state.status(), now).await?;
        commit(tx).await?;
        self.jobs.canceled(version.job_id);
        Ok(())
    }

    /// The import of a version, whose log its readers may read.
    ///
    /// # Errors
    /// As [`TemplateVersions::find`].
    pub async fn job(&self, actor: &Actor, id: TemplateVersionId) -> Result<JobId, VersionError> {
        let mut conn = self.core.conn().await?;
        let (version, _) = readable(&mut conn, actor, id).await?;
        Ok(version.job_id)
    }

    async fn with_job(
        &self,
        conn: &mut PgConnection,
        version: TemplateVersion,
    ) -> Result<VersionView, VersionError> {
        let job = self.jobs.view(conn, version.job_id).await?;
        Ok((version, job.ok_or(VersionError::NotFound)?))
    }
}

/// A version that the actor may see, and itself as rights see it.
async fn readable(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TemplateVersionId,
) -> Result<(TemplateVersion, Object), VersionError> {
    let version = template_versions::find(conn, id)
        .await?
        .ok_or(VersionError::NotFound)?;
    let template = match version.template_id {
        Some(template) => templates::find(conn, template).await?,
        None => None,
    };
    let object = version.object(template.as_ref());
    if !actor.may(Action::Read, &object) {
        return Err(VersionError::NotFound);
    }
    Ok((version, object))
}

async fn readable_by_name(
    conn: &mut PgConnection,
    actor: &Actor,
    organization: OrganizationId,
    name: &str,
) -> Result<TemplateId, VersionError> {
    templates::find_by_name(conn, organization, name)
        .await?
        .filter(|template| actor.may(Action::Read, &template.object()))
        .map(|template| template.id)
        .ok_or(VersionError::NoTemplate)
}

async fn named(
    conn: &mut PgConnection,
    template: TemplateId,
    name: &str,
) -> Result<TemplateVersion, VersionError> {
    template_versions::find_by_name(conn, template, name)
        .await?
        .ok_or_else(|| VersionError::NoName(name.to_owned()))
}

fn name_taken(error: StoreError, name: &str) -> VersionError {
    if error.violates(template_versions::NAME_KEY) {
        VersionError::NameTaken(name.to_owned())
    } else {
        error.into()
    }
}
