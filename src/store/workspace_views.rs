//! The wide read: workspaces with one of their builds and all that is shown beside it, in one
//! statement for any number of them. Decides nothing; who may see what is the service's.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sqlx::{PgConnection, types::Json};

use super::{StoreError, workspace_builds::BuildFilter};
use crate::domain::{
    builds::{AutomaticUpdates, Build, BuildReason},
    clock::Timestamp,
    glances::Fingerprint,
    ids::{
        BuildId, DaemonId, FileId, GroupId, JobId, OrganizationId, TemplateId, TemplateVersionId,
        UserId, WorkspaceId,
    },
    jobs::{JobColumns, JobKind, JobState, ProvisionerKind},
    provisioning::Transition,
    queue::{Job, MatchedProvisioners},
    rights::{Actions, Object, ResourceKind},
    tags::Tags,
    weekdays::Weekdays,
    workspaces::{Workspace, WorkspaceTemplate, WorkspaceView},
};

#[expect(
    clippy::struct_excessive_bools,
    reason = "columns, each with a meaning of its own"
)]
struct Row {
    id: WorkspaceId,
    owner_id: UserId,
    organization_id: OrganizationId,
    name: String,
    deleted: bool,
    autostart_schedule: Option<String>,
    ttl_ns: Option<i64>,
    automatic_updates: AutomaticUpdates,
    favorite: bool,
    last_used_at: Timestamp,
    dormant_at: Option<Timestamp>,
    deleting_at: Option<Timestamp>,
    next_start_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: i64,
    fingerprint: Vec<i64>,
    owner_name: String,
    owner_avatar_url: String,
    organization_name: String,
    template_id: TemplateId,
    template_name: String,
    template_display_name: String,
    template_icon: String,
    template_deleted: bool,
    active_version_id: TemplateVersionId,
    allow_user_cancel_workspace_jobs: bool,
    allow_user_autostart: bool,
    allow_user_autostop: bool,
    require_active_version: bool,
    default_ttl_ns: i64,
    time_til_dormant_autodelete_ns: i64,
    autostart_days: i16,
    user_acl: Json<BTreeMap<UserId, Actions>>,
    group_acl: Json<BTreeMap<GroupId, Actions>>,
    build_id: BuildId,
    build_number: i32,
    transition: Transition,
    template_version_id: TemplateVersionId,
    version_name: String,
    initiator_id: UserId,
    initiator_name: String,
    reason: BuildReason,
    deadline: Option<Timestamp>,
    max_deadline: Option<Timestamp>,
    daily_cost: i32,
    build_created_at: Timestamp,
    build_updated_at: Timestamp,
    job_id: JobId,
    job_organization_id: OrganizationId,
    job_initiator_id: UserId,
    provisioner: ProvisionerKind,
    job_kind: JobKind,
    file_id: FileId,
    tags: Json<Tags>,
    worker_id: Option<DaemonId>,
    job_created_at: Timestamp,
    job_updated_at: Timestamp,
    started_at: Option<Timestamp>,
    canceled_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    error: Option<String>,
    error_code: Option<String>,
    queue_position: i64,
    queue_size: i64,
    matched: i64,
    available: i64,
    most_recently_seen: Option<Timestamp>,
}

impl TryFrom<Row> for WorkspaceView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = JobState::from_columns(JobColumns {
            updated_at: row.job_updated_at,
            started_at: row.started_at,
            worker_id: row.worker_id,
            canceled_at: row.canceled_at,
            completed_at: row.completed_at,
            error: row.error,
            error_code: row.error_code,
        })
        .map_err(|_impossible| corrupt(row.job_id))?;
        let template = WorkspaceTemplate {
            id: row.template_id,
            active_version_id: row.active_version_id,
            deleted: row.template_deleted,
            allow_user_cancel_workspace_jobs: row.allow_user_cancel_workspace_jobs,
            allow_user_autostart: row.allow_user_autostart,
            allow_user_autostop: row.allow_user_autostop,
            require_active_version: row.require_active_version,
            default_ttl: TimeDelta::nanoseconds(row.default_ttl_ns),
            time_til_dormant_autodelete: TimeDelta::nanoseconds(row.time_til_dormant_autodelete_ns),
            autostart_days: Weekdays::from_bits(
                u8::try_from(row.autostart_days).unwrap_or_default(),
            ),
            object: Object::of(ResourceKind::Template)
                .with_id(row.template_id.0)
                .in_organization(row.organization_id)
                .with_acl(row.user_acl.0, row.group_acl.0),
        };
        let workspace = Workspace {
            id: row.id,
            owner_id: row.owner_id,
            organization_id: row.organization_id,
            name: row.name,
            deleted: row.deleted,
            autostart_schedule: row.autostart_schedule,
            ttl: row.ttl_ns.map(TimeDelta::nanoseconds),
            automatic_updates: row.automatic_updates,
            favorite: row.favorite,
            last_used_at: row.last_used_at,
            dormant_at: row.dormant_at,
            deleting_at: row.deleting_at,
            next_start_at: row.next_start_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            revision: row.revision,
            template,
        };
        let build = Build {
            id: row.build_id,
            workspace_id: row.id,
            template_version_id: row.template_version_id,
            job_id: row.job_id,
            number: row.build_number,
            transition: row.transition,
            initiator_id: row.initiator_id,
            reason: row.reason,
            deadline: row.deadline,
            max_deadline: row.max_deadline,
            daily_cost: row.daily_cost,
            created_at: row.build_created_at,
            updated_at: row.build_updated_at,
        };
        let job = Job {
            id: row.job_id,
            organization_id: row.job_organization_id,
            initiator_id: row.job_initiator_id,
            provisioner: row.provisioner,
            kind: row.job_kind,
            file_id: row.file_id,
            tags: row.tags.0,
            state,
            created_at: row.job_created_at,
            template_version_id: None,
            build_id: Some(row.build_id),
            queue_position: row.queue_position,
            queue_size: row.queue_size,
            matched: MatchedProvisioners {
                count: row.matched,
                available: row.available,
                most_recently_seen: row.most_recently_seen,
            },
        };
        Ok(Self {
            fingerprint: Fingerprint(row.fingerprint),
            workspace,
            owner_name: row.owner_name,
            owner_avatar_url: row.owner_avatar_url,
            organization_name: row.organization_name,
            template_name: row.template_name,
            template_display_name: row.template_display_name,
            template_icon: row.template_icon,
            build,
            version_name: row.version_name,
            initiator_name: row.initiator_name,
            job,
            resources: Vec::new(),
        })
    }
}

fn corrupt(job: JobId) -> StoreError {
    StoreError::Corrupt {
        table: "provisioner_jobs",
        column: "canceled_at",
        id: job.to_string(),
    }
}

/// The statement, but for where its workspaces `w` and builds `b` come from. Arrays of ids come in by a
/// subquery: their length is then unknown to every plan, and Postgres keeps one plan instead of making a
/// new one each time, which takes twenty times as long as running it.
macro_rules! views {
    ($from:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            Row,
            r#"SELECT w.id AS "id: WorkspaceId", w.owner_id AS "owner_id: UserId",
                      w.organization_id AS "organization_id: OrganizationId", w.name, w.deleted,
                      w.autostart_schedule, w.ttl_ns,
                      w.automatic_updates AS "automatic_updates: AutomaticUpdates", w.favorite,
                      w.last_used_at, w.dormant_at, w.deleting_at, w.next_start_at, w.created_at,
                      w.updated_at,
                      GREATEST(w.revision, b.revision, j.revision, owner.revision, o.revision,
                               t.revision, v.revision, initiator.revision) AS "revision!",
                      ARRAY[w.revision, b.revision, j.revision, owner.revision, o.revision,
                            t.revision, v.revision, initiator.revision] AS "fingerprint!",
                      owner.username AS owner_name, owner.avatar_url AS owner_avatar_url,
                      o.name AS organization_name,
                      t.id AS "template_id: TemplateId", t.name AS template_name,
                      t.display_name AS template_display_name, t.icon AS template_icon,
                      t.deleted AS template_deleted,
                      t.active_version_id AS "active_version_id: TemplateVersionId",
                      t.allow_user_cancel_workspace_jobs, t.allow_user_autostart,
                      t.allow_user_autostop, t.require_active_version, t.default_ttl_ns,
                      t.time_til_dormant_autodelete_ns, t.autostart_days,
                      t.user_acl AS "user_acl: Json<BTreeMap<UserId, Actions>>",
                      t.group_acl AS "group_acl: Json<BTreeMap<GroupId, Actions>>",
                      b.id AS "build_id: BuildId", b.build_number,
                      b.transition AS "transition: Transition",
                      b.template_version_id AS "template_version_id: TemplateVersionId",
                      v.name AS version_name, b.initiator_id AS "initiator_id: UserId",
                      initiator.username AS initiator_name, b.reason AS "reason: BuildReason",
                      b.deadline, b.max_deadline, b.daily_cost, b.created_at AS build_created_at,
                      b.updated_at AS build_updated_at,
                      j.id AS "job_id: JobId",
                      j.organization_id AS "job_organization_id: OrganizationId",
                      j.initiator_id AS "job_initiator_id: UserId",
                      j.provisioner AS "provisioner: ProvisionerKind", j.type AS "job_kind: JobKind",
                      j.file_id AS "file_id: FileId", j.tags AS "tags: Json<Tags>",
                      j.worker_id AS "worker_id: DaemonId", j.created_at AS job_created_at,
                      j.updated_at AS job_updated_at, j.started_at, j.canceled_at,
                      j.completed_at, j.error, j.error_code,
                      CASE WHEN j.status = 'pending' THEN (
                          SELECT count(*) FROM provisioner_jobs q
                          WHERE q.started_at IS NULL AND q.canceled_at IS NULL
                            AND q.completed_at IS NULL
                            AND (q.created_at, q.id) <= (j.created_at, j.id))
                      ELSE 0 END AS "queue_position!",
                      (SELECT count(*) FROM provisioner_jobs q
                       WHERE q.started_at IS NULL AND q.canceled_at IS NULL
                         AND q.completed_at IS NULL) AS "queue_size!",
                      m.matched AS "matched!", m.available AS "available!", m.most_recently_seen
               FROM "# + $from + r#"
               JOIN users owner ON owner.id = w.owner_id
               JOIN organizations o ON o.id = w.organization_id
               JOIN templates t ON t.id = w.template_id
               JOIN template_versions v ON v.id = b.template_version_id
               JOIN users initiator ON initiator.id = b.initiator_id
               JOIN provisioner_jobs j ON j.id = b.job_id
               CROSS JOIN LATERAL (
                   SELECT count(*) AS matched,
                          count(*) FILTER (
                              WHERE d.last_seen_at > j.created_at - interval '90 seconds') AS available,
                          max(d.last_seen_at) AS most_recently_seen
                   FROM provisioner_daemons d
                   WHERE j.status = 'pending' AND d.organization_id = j.organization_id
                     AND d.last_seen_at IS NOT NULL AND j.provisioner = ANY (d.provisioners)
                     AND CASE WHEN j.tags = '{"scope": "organization", "owner": ""}'
                              THEN d.tags = j.tags ELSE d.tags @> j.tags END) m
               ORDER BY n"#,
            $($argument),+
        )
    };
}

/// Workspaces with their latest builds, in the order of the ids; unknown ids are left out.
pub async fn with_latest_build(
    conn: &mut PgConnection,
    ids: &[WorkspaceId],
) -> Result<Vec<WorkspaceView>, StoreError> {
    let rows = views!(
        r#"unnest((SELECT $1::uuid[])) WITH ORDINALITY AS wanted (id, n)
           JOIN workspaces w ON w.id = wanted.id
           JOIN workspace_builds b ON b.id = w.latest_build_id"#,
        ids as &[WorkspaceId]
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(WorkspaceView::try_from).collect()
}

/// A workspace's builds with it, newest first.
pub async fn list_builds(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    filter: &BuildFilter,
) -> Result<Vec<WorkspaceView>, StoreError> {
    let rows = views!(
        r#"(SELECT *, -build_number AS n FROM workspace_builds
            WHERE workspace_id = $1 AND build_number > $2
              AND ($3::timestamptz IS NULL OR created_at > $3)
            ORDER BY build_number DESC LIMIT $4 OFFSET $5) b
           JOIN workspaces w ON w.id = b.workspace_id"#,
        workspace as WorkspaceId,
        filter.after_number,
        filter.since,
        filter.limit,
        filter.offset
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(WorkspaceView::try_from).collect()
}

/// The build of this number of the live workspace of this owner and name, in any letter case.
pub async fn find_build_by_number(
    conn: &mut PgConnection,
    owner: UserId,
    name: &str,
    number: i32,
) -> Result<Option<WorkspaceView>, StoreError> {
    let row = views!(
        r#"(SELECT id, 1 AS n FROM workspaces
            WHERE owner_id = $1 AND lower(name) = lower($2) AND NOT deleted) wanted
           JOIN workspaces w ON w.id = wanted.id
           JOIN workspace_builds b ON b.workspace_id = w.id AND b.build_number = $3"#,
        owner as UserId,
        name,
        number
    )
    .fetch_optional(conn)
    .await?;
    row.map(WorkspaceView::try_from).transpose()
}

/// Builds with their workspaces, in the order of the ids; unknown ids are left out.
pub async fn of_builds(
    conn: &mut PgConnection,
    ids: &[BuildId],
) -> Result<Vec<WorkspaceView>, StoreError> {
    let rows = views!(
        r#"unnest((SELECT $1::uuid[])) WITH ORDINALITY AS wanted (id, n)
           JOIN workspace_builds b ON b.id = wanted.id
           JOIN workspaces w ON w.id = b.workspace_id"#,
        ids as &[BuildId]
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(WorkspaceView::try_from).collect()
}
