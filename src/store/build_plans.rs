//! What a build is planned from: a template version with its template, its parameters, and
//! what its tags are computed from. Decides nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    builds::{PlannedTemplate, PlannedVersion},
    ids::{FileId, GroupId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::{JobStatus, ProvisionerKind},
    provisioning::{NamedValue, ParameterOption, RichParameter},
    rights::{Actions, Object, ResourceKind},
    tags::Tags,
    weekdays::Weekdays,
};

struct Row {
    id: TemplateVersionId,
    organization_id: OrganizationId,
    archived: bool,
    job_status: JobStatus,
    job_error: Option<String>,
    provisioner: ProvisionerKind,
    file_id: FileId,
    tags: Json<Tags>,
    template_id: Option<TemplateId>,
    active_version_id: Option<TemplateVersionId>,
    deleted: Option<bool>,
    deprecated: Option<String>,
    require_active_version: Option<bool>,
    default_ttl_ns: Option<i64>,
    autostart_days: Option<i16>,
    user_acl: Option<Json<BTreeMap<UserId, Actions>>>,
    group_acl: Option<Json<BTreeMap<GroupId, Actions>>>,
}

impl From<Row> for PlannedVersion {
    fn from(row: Row) -> Self {
        let object = Object::of(ResourceKind::Template).in_organization(row.organization_id);
        let template = row.template_id.map(|id| PlannedTemplate {
            id,
            organization_id: row.organization_id,
            active_version_id: row.active_version_id.unwrap_or_default(),
            deleted: row.deleted.unwrap_or_default(),
            deprecated: row.deprecated.unwrap_or_default(),
            require_active_version: row.require_active_version.unwrap_or_default(),
            default_ttl: TimeDelta::nanoseconds(row.default_ttl_ns.unwrap_or_default()),
            autostart_days: row
                .autostart_days
                .and_then(|days| u8::try_from(days).ok())
                .map_or(Weekdays::ALL, Weekdays::from_bits),
            object: object.clone().with_id(id.0).with_acl(
                row.user_acl.map(|acl| acl.0).unwrap_or_default(),
                row.group_acl.map(|acl| acl.0).unwrap_or_default(),
            ),
        });
        Self {
            id: row.id,
            archived: row.archived,
            import_status: row.job_status,
            import_error: row.job_error.unwrap_or_default(),
            provisioner: row.provisioner,
            file_id: row.file_id,
            tags: row.tags.0,
            organization_id: row.organization_id,
            object: template
                .as_ref()
                .map_or(object, |template| template.object.clone()),
            template,
        }
    }
}

/// The statement, but for its condition.
macro_rules! plan {
    ($condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            r#"SELECT v.id AS "id: TemplateVersionId",
                      v.organization_id AS "organization_id: OrganizationId", v.archived,
                      j.status AS "job_status: JobStatus", j.error AS job_error,
                      j.provisioner AS "provisioner: ProvisionerKind",
                      j.file_id AS "file_id: FileId", j.tags AS "tags: Json<Tags>",
                      t.id AS "template_id?: TemplateId",
                      t.active_version_id AS "active_version_id?: TemplateVersionId",
                      t.deleted AS "deleted?", t.deprecated AS "deprecated?",
                      t.require_active_version AS "require_active_version?",
                      t.default_ttl_ns AS "default_ttl_ns?", t.autostart_days AS "autostart_days?",
                      t.user_acl AS "user_acl?: Json<BTreeMap<UserId, Actions>>",
                      t.group_acl AS "group_acl?: Json<BTreeMap<GroupId, Actions>>"
               FROM template_versions v
               JOIN provisioner_jobs j ON j.id = v.job_id
               LEFT JOIN templates t ON t.id = v.template_id
               WHERE "# + $condition,
            $($argument),+
        )
    };
}

/// A version by id.
pub async fn find_version(
    conn: &mut PgConnection,
    id: TemplateVersionId,
) -> Result<Option<PlannedVersion>, StoreError> {
    let row = plan!("v.id = $1", id as TemplateVersionId)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(PlannedVersion::from))
}

/// The active version of a template.
pub async fn find_active_version(
    conn: &mut PgConnection,
    template: TemplateId,
) -> Result<Option<PlannedVersion>, StoreError> {
    let row = plan!(
        "t.id = $1 AND v.id = t.active_version_id",
        template as TemplateId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(PlannedVersion::from))
}

/// The parameters of a version, in their order.
pub async fn list_parameters(
    conn: &mut PgConnection,
    version: TemplateVersionId,
) -> Result<Vec<RichParameter>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT name, display_name, description, type AS kind, mutable, default_value, icon,
                  options AS "options: Json<Vec<ParameterOption>>", validation_regex,
                  validation_error, validation_min, validation_max, validation_monotonic, required,
                  ephemeral, display_order
           FROM template_version_parameters WHERE template_version_id = $1 ORDER BY position"#,
        version as TemplateVersionId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RichParameter {
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
        })
        .collect())
}

/// The expressions of a version's workspace tags, by key.
pub async fn list_tag_expressions(
    conn: &mut PgConnection,
    version: TemplateVersionId,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sqlx::query!(
        "SELECT key, value FROM template_version_workspace_tags WHERE template_version_id = $1",
        version as TemplateVersionId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.value)).collect())
}

/// The values of a version's variables.
pub async fn list_variables(
    conn: &mut PgConnection,
    version: TemplateVersionId,
) -> Result<Vec<NamedValue>, StoreError> {
    Ok(sqlx::query_as!(
        NamedValue,
        "SELECT name, value FROM template_version_variables
         WHERE template_version_id = $1 ORDER BY position",
        version as TemplateVersionId
    )
    .fetch_all(conn)
    .await?)
}
