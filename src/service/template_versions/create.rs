//! Making a version: its archive is chosen and looked into, its import queued.

use super::{TemplateVersions, VersionError, VersionView, audit_version, name_taken};
use crate::{
    domain::{
        archives, files as file_rules,
        ids::{FileId, OrganizationId, TemplateId, TemplateVersionId},
        jobs::ProvisionerKind,
        provisioning::NamedValue,
        queue::{JobInput, NewJob},
        random,
        rights::{Action, actor::Actor},
        tags::{self, Tags},
        template_source::{self, SourceError},
        template_versions::TemplateVersion,
        templates::{Template, in_organization},
    },
    service::{
        commit,
        files::{FileError, Packing},
        on,
        templates::find_example,
    },
    store::{files, template_versions, templates},
};

/// Where a version's archive comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It was uploaded.
    File(FileId),
    /// It is a built-in template.
    Example(String),
}

/// What a new version is made of.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Its name; `None` for a random one.
    pub name: Option<String>,
    /// Why it is made.
    pub message: String,
    /// The template it belongs to; `None` until one is made of it.
    pub template: Option<TemplateId>,
    /// Where its archive comes from.
    pub source: Source,
    /// Its engine.
    pub provisioner: ProvisionerKind,
    /// What the import's provisioner must offer beyond what the archive asks for.
    pub tags: Tags,
    /// Values of variables.
    pub user_variable_values: Vec<NamedValue>,
}

impl TemplateVersions {
    /// Makes a version and queues its import.
    ///
    /// # Errors
    /// When the template or the archive is missing or hidden, the archive cannot be read, the
    /// name is taken, or the caller may not make versions there.
    pub async fn create(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        order: NewVersion,
    ) -> Result<VersionView, VersionError> {
        let template = self.template_of(actor, organization, &order).await?;
        let file = self.archive_of(actor, &order.source).await?;
        let mut conn = self.core.conn().await?;
        let archive = files::get_data(&mut conn, file).await?;
        drop(conn);
        let given = order.tags.clone();
        let found =
            tokio::task::spawn_blocking(move || template_source::default_tags(&archive, &given));
        let found = match found.await {
            Ok(found) => found.map_err(VersionError::Source)?,
            Err(_) => return Err(VersionError::CutShort),
        };
        let object = template
            .as_ref()
            .map_or_else(|| in_organization(organization), Template::object);
        if !actor.may(Action::Create, &object) {
            return Err(VersionError::Denied);
        }
        let tags = tags::merge(actor.id, [&found, &order.tags]);
        self.queue_import(actor, organization, template, order, file, tags)
            .await
    }

    async fn queue_import(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        template: Option<Template>,
        order: NewVersion,
        file: FileId,
        tags: Tags,
    ) -> Result<VersionView, VersionError> {
        let now = self.core.now();
        let id = TemplateVersionId::random();
        let mut tx = self.core.begin().await?;
        let import = NewJob {
            organization_id: organization,
            initiator_id: actor.id,
            provisioner: order.provisioner,
            file_id: file,
            input: JobInput::Import {
                version: id,
                user_variable_values: order.user_variable_values,
            },
            tags,
        };
        let job = self.jobs.queue(on(&mut tx), import, now).await?;
        let version = TemplateVersion {
            id,
            template_id: template.map(|template| template.id),
            organization_id: organization,
            created_by: actor.id,
            created_by_name: actor.username.clone(),
            created_by_avatar_url: String::new(),
            name: order.name.unwrap_or_else(random::two_words),
            message: order.message,
            readme: String::new(),
            archived: false,
            external_auth_providers: Vec::new(),
            created_at: now,
            updated_at: now,
            job_id: job.id,
            job_status: job.status(),
            provisioner: job.provisioner,
            file_id: file,
            tags: job.tags.clone(),
        };
        template_versions::insert(on(&mut tx), &version)
            .await
            .map_err(|error| name_taken(error, &version.name))?;
        audit_version(on(&mut tx), actor, None, &version, now).await?;
        commit(tx).await?;
        self.jobs.posted();
        Ok((version, job))
    }

    async fn template_of(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        order: &NewVersion,
    ) -> Result<Option<Template>, VersionError> {
        let Some(id) = order.template else {
            return Ok(None);
        };
        templates::find(&mut *self.core.conn().await?, id)
            .await?
            .filter(|template| {
                !template.deleted
                    && template.organization_id == organization
                    && actor.may(Action::Read, &template.object())
            })
            .map(Some)
            .ok_or(VersionError::NoTemplate)
    }

    /// The archive, kept if it is a built-in one.
    async fn archive_of(&self, actor: &Actor, source: &Source) -> Result<FileId, VersionError> {
        match source {
            Source::File(id) => files::find(&mut *self.core.conn().await?, *id)
                .await?
                .filter(|file| actor.may(Action::Read, &file_rules::object(file.created_by)))
                .map(|file| file.id)
                .ok_or(VersionError::NoFile),
            Source::Example(id) => {
                let example =
                    find_example(id).ok_or_else(|| VersionError::NoExample(id.clone()))?;
                let tar = archives::tar_of(example.files)
                    .map_err(|error| VersionError::Source(SourceError::Archive(error)))?;
                let kept = self.files.keep(actor, Packing::Tar, tar.into()).await;
                kept.map(|kept| kept.id).map_err(|reason| match reason {
                    FileError::Store(source) => VersionError::Store(source),
                    FileError::Denied => VersionError::Denied,
                    _ => VersionError::CutShort,
                })
            }
        }
    }
}
