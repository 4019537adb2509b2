//! Statements on templates. What a list may show is decided by the filter it is given.

mod usage;
pub mod workspaces;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    deadlines::TemplateSchedule,
    ids::{GroupId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::ProvisionerKind,
    provisioning::SharingLevel,
    rights::{Actions, actor::ReadFilter},
    search::templates::TemplateQuery,
    templates::Template,
    weekdays::Weekdays,
};

pub use usage::{list_active_users, list_build_times};

/// The name of a live template within its organization.
pub const NAME_KEY: &str = "templates_name_key";

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent columns of the table"
)]
struct Row {
    id: TemplateId,
    organization_id: OrganizationId,
    organization_name: String,
    organization_display_name: String,
    organization_icon: String,
    created_by: UserId,
    created_by_name: String,
    name: String,
    display_name: String,
    description: String,
    icon: String,
    provisioner: ProvisionerKind,
    active_version_id: TemplateVersionId,
    deleted: bool,
    deprecated: String,
    default_ttl_ns: i64,
    activity_bump_ns: i64,
    failure_ttl_ns: i64,
    time_til_dormant_ns: i64,
    time_til_dormant_autodelete_ns: i64,
    autostop_requirement_days: i16,
    autostop_requirement_weeks: i64,
    autostart_days: i16,
    allow_user_cancel_workspace_jobs: bool,
    allow_user_autostart: bool,
    allow_user_autostop: bool,
    require_active_version: bool,
    max_port_share_level: SharingLevel,
    user_acl: Json<BTreeMap<UserId, Actions>>,
    group_acl: Json<BTreeMap<GroupId, Actions>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

fn corrupt(id: TemplateId, column: &'static str) -> StoreError {
    StoreError::Corrupt {
        table: "templates",
        column,
        id: id.to_string(),
    }
}

impl TryFrom<Row> for Template {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let days = |bits: i16, column| {
            u8::try_from(bits)
                .map(Weekdays::from_bits)
                .map_err(|_out_of_range| corrupt(row.id, column))
        };
        let schedule = TemplateSchedule {
            default_ttl: TimeDelta::nanoseconds(row.default_ttl_ns),
            activity_bump: TimeDelta::nanoseconds(row.activity_bump_ns),
            allow_user_autostop: row.allow_user_autostop,
            allow_user_autostart: row.allow_user_autostart,
            autostart_days: days(row.autostart_days, "autostart_days")?,
            stop_days: days(row.autostop_requirement_days, "autostop_requirement_days")?,
            stop_weeks: u16::try_from(row.autostop_requirement_weeks)
                .map_err(|_out_of_range| corrupt(row.id, "autostop_requirement_weeks"))?,
        };
        Ok(Self {
            id: row.id,
            organization_id: row.organization_id,
            organization_name: row.organization_name,
            organization_display_name: row.organization_display_name,
            organization_icon: row.organization_icon,
            created_by: row.created_by,
            created_by_name: row.created_by_name,
            name: row.name,
            display_name: row.display_name,
            description: row.description,
            icon: row.icon,
            provisioner: row.provisioner,
            active_version_id: row.active_version_id,
            deleted: row.deleted,
            deprecated: row.deprecated,
            schedule,
            failure_ttl: TimeDelta::nanoseconds(row.failure_ttl_ns),
            time_til_dormant: TimeDelta::nanoseconds(row.time_til_dormant_ns),
            time_til_dormant_autodelete: TimeDelta::nanoseconds(row.time_til_dormant_autodelete_ns),
            allow_user_cancel_workspace_jobs: row.allow_user_cancel_workspace_jobs,
            require_active_version: row.require_active_version,
            max_port_share_level: row.max_port_share_level,
            acl_users: row.user_acl.0,
            acl_groups: row.group_acl.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A duration as its column keeps it; longer than 292 years counts as that.
fn nanoseconds(duration: TimeDelta) -> i64 {
    duration.num_nanoseconds().unwrap_or(i64::MAX)
}

macro_rules! select {
    ($filter:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT t.id AS "id: TemplateId", t.organization_id AS "organization_id: OrganizationId",
                      o.name AS organization_name, o.display_name AS organization_display_name, o.icon AS organization_icon,
                      t.created_by AS "created_by: UserId", u.username AS created_by_name,
                      t.name, t.display_name, t.description, t.icon, t.provisioner AS "provisioner: ProvisionerKind",
                      t.active_version_id AS "active_version_id: TemplateVersionId", t.deleted, t.deprecated,
                      t.default_ttl_ns, t.activity_bump_ns, t.failure_ttl_ns, t.time_til_dormant_ns,
                      t.time_til_dormant_autodelete_ns, t.autostop_requirement_days, t.autostop_requirement_weeks,
                      t.autostart_days, t.allow_user_cancel_workspace_jobs, t.allow_user_autostart,
                      t.allow_user_autostop, t.require_active_version,
                      t.max_port_share_level AS "max_port_share_level: SharingLevel",
                      t.user_acl AS "user_acl: Json<BTreeMap<UserId, Actions>>",
                      t.group_acl AS "group_acl: Json<BTreeMap<GroupId, Actions>>", t.created_at, t.updated_at
               FROM templates t JOIN organizations o ON o.id = t.organization_id JOIN users u ON u.id = t.created_by
               WHERE "# + $filter,
            $($argument),+
        )
    };
}

/// Finds a template by id, deleted ones included.
pub async fn find(conn: &mut PgConnection, id: TemplateId) -> Result<Option<Template>, StoreError> {
    let row = select!("t.id = $1", id as TemplateId)
        .fetch_optional(conn)
        .await?;
    row.map(Template::try_from).transpose()
}

/// Finds a template and keeps others from changing it until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: TemplateId) -> Result<Option<Template>, StoreError> {
    let row = select!("t.id = $1 FOR UPDATE OF t", id as TemplateId)
        .fetch_optional(conn)
        .await?;
    row.map(Template::try_from).transpose()
}

/// Finds a live template of an organization by name, in any letter case.
pub async fn find_by_name(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
) -> Result<Option<Template>, StoreError> {
    let row = select!(
        "t.organization_id = $1 AND lower(t.name) = lower($2) AND NOT t.deleted",
        organization as OrganizationId,
        name,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Template::try_from).transpose()
}

/// The templates of these ids, deleted ones included, in no order.
pub async fn list_by_ids(
    conn: &mut PgConnection,
    ids: &[TemplateId],
) -> Result<Vec<Template>, StoreError> {
    let rows = select!("t.id = ANY($1)", ids as &[TemplateId])
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(Template::try_from).collect()
}

/// The templates that a search finds in an organization (or in all) and the filter lets
/// through, by name.
pub async fn list(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    search: &TemplateQuery,
    organization: Option<OrganizationId>,
) -> Result<Vec<Template>, StoreError> {
    let groups: Vec<String> = filter.groups.iter().map(ToString::to_string).collect();
    let rows = select!(
        "t.deleted = $1
           AND ($2::uuid IS NULL OR t.organization_id = $2)
           AND ($3::text IS NULL OR lower(t.name) = lower($3))
           AND ($4::text IS NULL OR position(lower($4) IN lower(t.name)) > 0)
           AND (cardinality($5::uuid[]) = 0 OR t.id = ANY($5))
           AND ($6::boolean IS NULL OR (t.deprecated <> '') = $6)
           AND ($7 OR t.organization_id = ANY($8)
                OR t.user_acl -> $9::text ?| ARRAY['read', '*']
                OR (t.organization_id = ANY($10)
                    AND EXISTS (SELECT 1 FROM jsonb_each(t.group_acl) granted
                                WHERE granted.key = ANY($11) AND granted.value ?| ARRAY['read', '*'])))
         ORDER BY lower(t.name), t.id",
        search.deleted,
        organization as Option<OrganizationId>,
        search.exact_name,
        search.name,
        &search.ids as &[TemplateId],
        search.deprecated,
        filter.everything,
        &filter.organizations as &[OrganizationId],
        filter.own.map(|id| id.to_string()),
        &filter.member_of as &[OrganizationId],
        &groups,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Template::try_from).collect()
}

/// Keeps a new template. The names of its organization and its maker are not stored here.
///
/// # Errors
/// [`StoreError::Unique`] on [`NAME_KEY`] when the name is taken.
pub async fn insert(conn: &mut PgConnection, template: &Template) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO templates (id, organization_id, created_by, name, display_name, description, icon, provisioner,
             active_version_id, default_ttl_ns, activity_bump_ns, failure_ttl_ns, time_til_dormant_ns,
             time_til_dormant_autodelete_ns, autostop_requirement_days, autostop_requirement_weeks, autostart_days,
             allow_user_cancel_workspace_jobs, allow_user_autostart, allow_user_autostop, require_active_version,
             max_port_share_level, user_acl, group_acl, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
             $22, $23, $24, $25, $25)",
        template.id as TemplateId,
        template.organization_id as OrganizationId,
        template.created_by as UserId,
        template.name,
        template.display_name,
        template.description,
        template.icon,
        template.provisioner as ProvisionerKind,
        template.active_version_id as TemplateVersionId,
        nanoseconds(template.schedule.default_ttl),
        nanoseconds(template.schedule.activity_bump),
        nanoseconds(template.failure_ttl),
        nanoseconds(template.time_til_dormant),
        nanoseconds(template.time_til_dormant_autodelete),
        i16::from(template.schedule.stop_days.bits()),
        i64::from(template.schedule.stop_weeks),
        i16::from(template.schedule.autostart_days.bits()),
        template.allow_user_cancel_workspace_jobs,
        template.schedule.allow_user_autostart,
        template.schedule.allow_user_autostop,
        template.require_active_version,
        template.max_port_share_level as SharingLevel,
        Json(&template.acl_users) as _,
        Json(&template.acl_groups) as _,
        template.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what an update changed.
///
/// # Errors
/// As [`insert`].
pub async fn update(conn: &mut PgConnection, template: &Template) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE templates SET name = $2, display_name = $3, description = $4, icon = $5, default_ttl_ns = $6,
             activity_bump_ns = $7, failure_ttl_ns = $8, time_til_dormant_ns = $9,
             time_til_dormant_autodelete_ns = $10, autostop_requirement_days = $11, autostop_requirement_weeks = $12,
             autostart_days = $13, allow_user_cancel_workspace_jobs = $14, allow_user_autostart = $15,
             allow_user_autostop = $16, require_active_version = $17, max_port_share_level = $18, deprecated = $19,
             user_acl = $20, group_acl = $21, updated_at = $22
         WHERE id = $1",
        template.id as TemplateId,
        template.name,
        template.display_name,
        template.description,
        template.icon,
        nanoseconds(template.schedule.default_ttl),
        nanoseconds(template.schedule.activity_bump),
        nanoseconds(template.failure_ttl),
        nanoseconds(template.time_til_dormant),
        nanoseconds(template.time_til_dormant_autodelete),
        i16::from(template.schedule.stop_days.bits()),
        i64::from(template.schedule.stop_weeks),
        i16::from(template.schedule.autostart_days.bits()),
        template.allow_user_cancel_workspace_jobs,
        template.schedule.allow_user_autostart,
        template.schedule.allow_user_autostop,
        template.require_active_version,
        template.max_port_share_level as SharingLevel,
        template.deprecated,
        Json(&template.acl_users) as _,
        Json(&template.acl_groups) as _,
        template.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a version the active one.
pub async fn update_active_version(
    conn: &mut PgConnection,
    id: TemplateId,
    version: TemplateVersionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE templates SET active_version_id = $2, updated_at = $3 WHERE id = $1",
        id as TemplateId,
        version as TemplateVersionId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a template as deleted; its name becomes free.
pub async fn delete(
    conn: &mut PgConnection,
    id: TemplateId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE templates SET deleted = true, updated_at = $2 WHERE id = $1",
        id as TemplateId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether any live workspace was made from the template.
pub async fn is_used(conn: &mut PgConnection, id: TemplateId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM workspaces WHERE template_id = $1 AND NOT deleted) AS "used!""#,
        id as TemplateId
    )
    .fetch_one(conn)
    .await?)
}
