//! Statements that read what a worker must know to do its job: facts about the workspace, its
//! owner and its template, and the archive.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    deadlines::TemplateSchedule,
    ids::{BuildId, FileId, OrganizationId, TemplateId, TemplateVersionId, UserId, WorkspaceId},
    provisioning::{NamedValue, Transition},
    users::LoginType,
    weekdays::Weekdays,
};

/// What a build's worker must know of the workspace and of its owner.
pub struct BuildFacts {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// Its owner.
    pub owner_id: UserId,
    /// The owner's username.
    pub owner_name: String,
    /// The owner's e-mail address.
    pub owner_email: String,
    /// The owner's full name.
    pub owner_full_name: String,
    /// How the owner signs in.
    pub owner_login_type: LoginType,
    /// Names of the owner's groups in the organization, the everyone-group included.
    pub owner_groups: Vec<String>,
    /// The owner's public git SSH key; empty for none.
    pub ssh_public_key: String,
    /// The owner's private git SSH key; empty for none.
    pub ssh_private_key: String,
    /// What the build does.
    pub transition: Transition,
    /// The state to begin from.
    pub state: Vec<u8>,
    /// The template.
    pub template_id: TemplateId,
    /// Its name.
    pub template_name: String,
    /// The template version.
    pub version_id: TemplateVersionId,
    /// Its name.
    pub version_name: String,
}

/// Facts about a build.
pub async fn find_build_facts(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Option<BuildFacts>, StoreError> {
    Ok(sqlx::query_as!(
        BuildFacts,
        r#"SELECT w.id AS "workspace_id: WorkspaceId", w.name AS workspace_name, u.id AS "owner_id: UserId",
                  u.username AS owner_name, u.email AS owner_email, u.name AS owner_full_name,
                  u.login_type AS "owner_login_type: LoginType",
                  ARRAY(SELECT g.name FROM groups g
                        WHERE g.organization_id = w.organization_id
                          AND ((g.id = g.organization_id AND EXISTS (
                                  SELECT 1 FROM organization_members o
                                  WHERE o.organization_id = g.id AND o.user_id = u.id))
                               OR EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.user_id = u.id))
                        ORDER BY g.name) AS "owner_groups!",
                  coalesce(k.public_key, '') AS "ssh_public_key!", coalesce(k.private_key, '') AS "ssh_private_key!",
                  b.transition AS "transition: Transition",
                  coalesce(b.provisioner_state, ''::bytea) AS "state!",
                  t.id AS "template_id: TemplateId", t.name AS template_name, v.id AS "version_id: TemplateVersionId",
                  v.name AS version_name
           FROM workspace_builds b
           JOIN workspaces w ON w.id = b.workspace_id
           JOIN users u ON u.id = w.owner_id
           JOIN templates t ON t.id = w.template_id
           JOIN template_versions v ON v.id = b.template_version_id
           LEFT JOIN git_ssh_keys k ON k.user_id = u.id
           WHERE b.id = $1"#,
        build as BuildId
    )
    .fetch_optional(conn)
    .await?)
}

/// Values of a build's parameters, in order.
pub async fn list_build_parameters(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Vec<NamedValue>, StoreError> {
    Ok(sqlx::query_as!(
        NamedValue,
        "SELECT name, value FROM workspace_build_parameters WHERE build_id = $1 ORDER BY position",
        build as BuildId
    )
    .fetch_all(conn)
    .await?)
}

/// Values of a version's variables that its plan must be given, in order.
pub async fn list_variable_values(
    conn: &mut PgConnection,
    version: TemplateVersionId,
) -> Result<Vec<NamedValue>, StoreError> {
    Ok(sqlx::query_as!(
        NamedValue,
        "SELECT name, value FROM template_version_variables
         WHERE template_version_id = $1 AND (value <> '' OR default_value <> '' OR required) ORDER BY position",
        version as TemplateVersionId
    )
    .fetch_all(conn)
    .await?)
}

/// Values that the active version of a new version's template has for its variables.
pub async fn list_active_variable_values(
    conn: &mut PgConnection,
    version: TemplateVersionId,
) -> Result<Vec<NamedValue>, StoreError> {
    Ok(sqlx::query_as!(
        NamedValue,
        "SELECT a.name, a.value FROM template_versions v
         JOIN templates t ON t.id = v.template_id
         JOIN template_version_variables a ON a.template_version_id = t.active_version_id
         WHERE v.id = $1 AND a.value <> '' ORDER BY a.position",
        version as TemplateVersionId
    )
    .fetch_all(conn)
    .await?)
}

/// The bytes of an archive.
pub async fn find_archive(
    conn: &mut PgConnection,
    file: FileId,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT data FROM files WHERE id = $1", file as FileId)
            .fetch_optional(conn)
            .await?,
    )
}

/// The name of the user who asked for a job.
pub async fn find_user_name(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT username FROM users WHERE id = $1", user as UserId)
            .fetch_optional(conn)
            .await?,
    )
}

/// What decides the deadlines of a build that ends.
pub struct ScheduleFacts {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// What the build did.
    pub transition: Transition,
    /// The workspace's own time to live.
    pub ttl: Option<TimeDelta>,
    /// When the workspace starts by itself.
    pub autostart: Option<String>,
    /// Whether the workspace sleeps.
    pub is_dormant: bool,
    /// The owner's quiet hours; empty for the deployment's.
    pub quiet_hours: String,
    /// What the template says.
    pub template: TemplateSchedule,
}

/// Keeps the template of a build's workspace from being changed until the transaction ends.
pub async fn lock_template(conn: &mut PgConnection, build: BuildId) -> Result<(), StoreError> {
    sqlx::query!(
        "SELECT t.id FROM workspace_builds b
         JOIN workspaces w ON w.id = b.workspace_id
         JOIN templates t ON t.id = w.template_id
         WHERE b.id = $1 FOR SHARE OF t",
        build as BuildId
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// What decides the deadlines of a build; locks its workspace until the transaction ends, so
/// that a change of its schedule meanwhile is not lost.
pub async fn lock_schedule_facts(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Option<ScheduleFacts>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT w.id AS "workspace_id: WorkspaceId", b.transition AS "transition: Transition", w.ttl_ns,
                  w.autostart_schedule, w.dormant_at IS NOT NULL AS "is_dormant!", u.quiet_hours_schedule, t.default_ttl_ns, t.activity_bump_ns,
                  t.allow_user_autostop, t.allow_user_autostart, t.autostart_days, t.autostop_requirement_days,
                  t.autostop_requirement_weeks
           FROM workspace_builds b
           JOIN workspaces w ON w.id = b.workspace_id
           JOIN users u ON u.id = w.owner_id
           JOIN templates t ON t.id = w.template_id
           WHERE b.id = $1 FOR UPDATE OF w"#,
        build as BuildId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ScheduleFacts {
        workspace_id: row.workspace_id,
        transition: row.transition,
        ttl: row.ttl_ns.map(TimeDelta::nanoseconds),
        autostart: row.autostart_schedule,
        is_dormant: row.is_dormant,
        quiet_hours: row.quiet_hours_schedule,
        template: TemplateSchedule {
            default_ttl: TimeDelta::nanoseconds(row.default_ttl_ns),
            activity_bump: TimeDelta::nanoseconds(row.activity_bump_ns),
            allow_user_autostop: row.allow_user_autostop,
            allow_user_autostart: row.allow_user_autostart,
            autostart_days: weekdays(row.autostart_days),
            stop_days: weekdays(row.autostop_requirement_days),
            stop_weeks: u16::try_from(row.autostop_requirement_weeks).unwrap_or(1),
        },
    }))
}

fn weekdays(bits: i16) -> Weekdays {
    Weekdays::from_bits(u8::try_from(bits).unwrap_or_default())
}

/// What the audit log tells of a build that ended.
pub struct BuildEntry {
    /// Who asked for it.
    pub initiator_id: UserId,
    /// What it did.
    pub transition: Transition,
    /// Its number.
    pub number: i32,
    /// Why it was made.
    pub reason: String,
    /// Where the workspace belongs.
    pub organization_id: OrganizationId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
}

/// What the audit log tells of a build.
pub async fn find_build_entry(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Option<BuildEntry>, StoreError> {
    Ok(sqlx::query_as!(
        BuildEntry,
        r#"SELECT b.initiator_id AS "initiator_id: UserId", b.transition AS "transition: Transition",
                  b.build_number AS number, b.reason::text AS "reason!",
                  w.organization_id AS "organization_id: OrganizationId", w.id AS "workspace_id: WorkspaceId",
                  w.name AS workspace_name
           FROM workspace_builds b JOIN workspaces w ON w.id = b.workspace_id WHERE b.id = $1"#,
        build as BuildId
    )
    .fetch_optional(conn)
    .await?)
}
