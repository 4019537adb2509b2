//! Statements on versions of templates and on what their imports found.

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{FileId, JobId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::{JobStatus, ProvisionerKind},
    pagination::Page,
    provisioning::{ExternalAuthProvider, ParameterOption, RichParameter},
    tags::Tags,
    template_versions::{TemplateVersion, VersionVariable},
};

/// The name of a version within its template.
pub const NAME_KEY: &str = "template_versions_name_key";

struct Row {
    id: TemplateVersionId,
    template_id: Option<TemplateId>,
    organization_id: OrganizationId,
    created_by: UserId,
    created_by_name: String,
    created_by_avatar_url: String,
    name: String,
    message: String,
    readme: String,
    archived: bool,
    external_auth_providers: Json<Vec<ExternalAuthProvider>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    job_id: JobId,
    job_status: JobStatus,
    provisioner: ProvisionerKind,
    file_id: FileId,
    tags: Json<Tags>,
}

impl From<Row> for TemplateVersion {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            template_id: row.template_id,
            organization_id: row.organization_id,
            created_by: row.created_by,
            created_by_name: row.created_by_name,
            created_by_avatar_url: row.created_by_avatar_url,
            name: row.name,
            message: row.message,
            readme: row.readme,
            archived: row.archived,
            external_auth_providers: row.external_auth_providers.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
            job_id: row.job_id,
            job_status: row.job_status,
            provisioner: row.provisioner,
            file_id: row.file_id,
            tags: row.tags.0,
        }
    }
}

macro_rules! select {
    ($filter:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT v.id AS "id: TemplateVersionId", v.template_id AS "template_id: TemplateId",
                      v.organization_id AS "organization_id: OrganizationId", v.created_by AS "created_by: UserId",
                      u.username AS created_by_name, u.avatar_url AS created_by_avatar_url, v.name, v.message, v.readme,
                      v.archived, v.external_auth_providers AS "external_auth_providers: Json<Vec<ExternalAuthProvider>>",
                      v.created_at, v.updated_at, v.job_id AS "job_id: JobId", j.status AS "job_status: JobStatus",
                      j.provisioner AS "provisioner: ProvisionerKind", j.file_id AS "file_id: FileId",
                      j.tags AS "tags: Json<Tags>"
               FROM template_versions v JOIN provisioner_jobs j ON j.id = v.job_id JOIN users u ON u.id = v.created_by
               WHERE "# + $filter,
            $($argument),+
        )
    };
}

/// Finds a version by id.
pub async fn find(
    conn: &mut PgConnection,
    id: TemplateVersionId,
) -> Result<Option<TemplateVersion>, StoreError> {
    let row = select!("v.id = $1", id as TemplateVersionId)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(TemplateVersion::from))
}

/// Finds a version and keeps others from changing it until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    id: TemplateVersionId,
) -> Result<Option<TemplateVersion>, StoreError> {
    let row = select!("v.id = $1 FOR UPDATE OF v", id as TemplateVersionId)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(TemplateVersion::from))
}

/// Finds a version of a template by its name.
pub async fn find_by_name(
    conn: &mut PgConnection,
    template: TemplateId,
    name: &str,
) -> Result<Option<TemplateVersion>, StoreError> {
    let row = select!(
        "v.template_id = $1 AND v.name = $2",
        template as TemplateId,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(TemplateVersion::from))
}

/// Finds the version of a template that was made last before this instant.
pub async fn find_before(
    conn: &mut PgConnection,
    template: TemplateId,
    instant: Timestamp,
) -> Result<Option<TemplateVersion>, StoreError> {
    let row = select!(
        "v.template_id = $1 AND v.created_at < $2 ORDER BY v.created_at DESC, v.id DESC LIMIT 1",
        template as TemplateId,
        instant,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(TemplateVersion::from))
}

/// A page of the versions of a template, oldest first; `after` is the version before the first.
pub async fn list(
    conn: &mut PgConnection,
    template: TemplateId,
    with_archived: bool,
    after: Option<&TemplateVersion>,
    page: &Page,
) -> Result<Vec<TemplateVersion>, StoreError> {
    let rows = select!(
        "v.template_id = $1 AND ($2 OR NOT v.archived)
           AND ($3::timestamptz IS NULL OR (v.created_at, v.id) > ($3, $4))
         ORDER BY v.created_at, v.id LIMIT $5 OFFSET $6",
        template as TemplateId,
        with_archived,
        after.map(|version| version.created_at),
        after.map(|version| version.id) as Option<TemplateVersionId>,
        page.limit,
        page.offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(TemplateVersion::from).collect())
}

/// Keeps a new version, whose import was queued in the same transaction.
///
/// # Errors
/// [`StoreError::Unique`] on [`NAME_KEY`] when another version of the template has the name.
pub async fn insert(conn: &mut PgConnection, version: &TemplateVersion) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO template_versions (id, template_id, organization_id, job_id, created_by, name, message, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        version.id as TemplateVersionId,
        version.template_id as Option<TemplateId>,
        version.organization_id as OrganizationId,
        version.job_id as JobId,
        version.created_by as UserId,
        version.name,
        version.message,
        version.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a version to the template that was made of it.
pub async fn attach(
    conn: &mut PgConnection,
    id: TemplateVersionId,
    template: TemplateId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE template_versions SET template_id = $2, updated_at = $3 WHERE id = $1",
        id as TemplateVersionId,
        template as TemplateId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes a version's words.
///
/// # Errors
/// As [`insert`].
pub async fn update_words(
    conn: &mut PgConnection,
    id: TemplateVersionId,
    name: &str,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE template_versions SET name = $2, message = $3, updated_at = $4 WHERE id = $1",
        id as TemplateVersionId,
        name,
        message,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a version back out of the archive.
pub async fn unarchive(
    conn: &mut PgConnection,
    id: TemplateVersionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE template_versions SET archived = false, updated_at = $2 WHERE id = $1",
        id as TemplateVersionId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Archives the versions of a template that nothing uses (spec CO-114): `only` one of them,
/// or all, or all whose import failed. Gives those that were archived, oldest first.
pub async fn archive_unused(
    conn: &mut PgConnection,
    template: TemplateId,
    only: Option<TemplateVersionId>,
    only_failed: bool,
    now: Timestamp,
) -> Result<Vec<TemplateVersionId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"WITH archived AS (
               UPDATE template_versions v SET archived = true, updated_at = $4
               FROM provisioner_jobs j, templates t
               WHERE v.template_id = $1 AND t.id = v.template_id AND j.id = v.job_id AND NOT v.archived
                 AND ($2::uuid IS NULL OR v.id = $2)
                 AND v.id <> t.active_version_id
                 AND j.completed_at IS NOT NULL AND (NOT $3 OR j.status = 'failed')
                 AND NOT EXISTS (SELECT 1 FROM workspaces w JOIN workspace_builds b ON b.id = w.latest_build_id
                                 WHERE b.template_version_id = v.id AND b.transition <> 'delete' AND NOT w.deleted)
               RETURNING v.id, v.created_at)
           SELECT id AS "id: TemplateVersionId" FROM archived ORDER BY created_at, id"#,
        template as TemplateId,
        only as Option<TemplateVersionId>,
        only_failed,
        now
    )
    .fetch_all(conn)
    .await?)
}

/// A version's variables, in the template's order.
pub async fn list_variables(
    conn: &mut PgConnection,
    id: TemplateVersionId,
) -> Result<Vec<VersionVariable>, StoreError> {
    Ok(sqlx::query_as!(
        VersionVariable,
        "SELECT name, description, type AS kind, value, default_value, required, sensitive
         FROM template_version_variables WHERE template_version_id = $1 ORDER BY position, name",
        id as TemplateVersionId
    )
    .fetch_all(conn)
    .await?)
}

struct ParameterRow {
    name: String,
    display_name: String,
    description: String,
    kind: String,
    mutable: bool,
    default_value: String,
    icon: String,
    options: Json<Vec<ParameterOption>>,
    validation_regex: String,
    validation_error: String,
    validation_min: Option<i32>,
    validation_max: Option<i32>,
    validation_monotonic: String,
    required: bool,
    ephemeral: bool,
    display_order: i32,
}

impl From<ParameterRow> for RichParameter {
    fn from(row: ParameterRow) -> Self {
        Self {
            name: row.name,
            display_name: row.display_name,
            description: row.description,
            kind: row.kind,
            mutable: row.mutable,
            default_value: row.default_value,
            icon: row.icon,
            options: row.options.0,
            validation_regex: row.validation_regex,
            validation_error: row.validation_error,
            validation_min: row.validation_min,
            validation_max: row.validation_max,
            validation_monotonic: row.validation_monotonic,
            required: row.required,
            ephemeral: row.ephemeral,
            order: row.display_order,
        }
    }
}

/// A version's parameters, in the template's order.
pub async fn list_parameters(
    conn: &mut PgConnection,
    id: TemplateVersionId,
) -> Result<Vec<RichParameter>, StoreError> {
    let rows = sqlx::query_as!(
        ParameterRow,
        r#"SELECT name, display_name, description, type AS kind, mutable, default_value, icon,
                  options AS "options: Json<Vec<ParameterOption>>", validation_regex, validation_error,
                  validation_min, validation_max, validation_monotonic, required, ephemeral, display_order
           FROM template_version_parameters WHERE template_version_id = $1 ORDER BY position, name"#,
        id as TemplateVersionId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(RichParameter::from).collect())
}
