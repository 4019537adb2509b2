//! Statements of the pass over workspaces: which are due at an instant, what decides about one
//! of them, and when workspaces start next. The indexes they need hold only what may be due.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    builds::AutomaticUpdates,
    clock::Timestamp,
    ids::{BuildId, OrganizationId, TemplateId, TemplateVersionId, UserId, WorkspaceId},
    jobs::JobStatus,
    lifecycle::{Facts, LatestBuild, TemplateRules},
    provisioning::Transition,
    schedule::Schedule,
    users::UserStatus,
    weekdays::Weekdays,
};

/// Workspaces that are probably due at `tick`, by id, after the one given. One part for each
/// rule of spec BJ-121, each over an index of its own: `OFFSET 0` and the least of all times
/// keep the planner at them. What the rules share is decided elsewhere.
pub async fn list_due(
    conn: &mut PgConnection,
    tick: Timestamp,
    after: WorkspaceId,
    limit: i64,
) -> Result<Vec<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT due.id AS "id!: WorkspaceId" FROM (
               SELECT w.id FROM workspace_builds b
               JOIN workspaces w ON w.id = b.workspace_id AND w.latest_build_id = b.id
               WHERE b.stops_at <= $1 AND w.dormant_at IS NULL AND NOT w.deleted
             UNION
               SELECT w.id FROM users u
               JOIN workspaces w ON w.owner_id = u.id AND NOT w.deleted
               JOIN workspace_builds b ON b.id = w.latest_build_id
               JOIN provisioner_jobs j ON j.id = b.job_id
               WHERE u.status = 'suspended' AND NOT u.deleted AND w.dormant_at IS NULL
                 AND b.transition = 'start' AND j.status <> 'failed'
             UNION
               SELECT w.id FROM workspaces w
               JOIN workspace_builds b ON b.id = w.latest_build_id
               JOIN provisioner_jobs j ON j.id = b.job_id
               JOIN users u ON u.id = w.owner_id
               JOIN templates t ON t.id = w.template_id
               WHERE w.next_start_at <= $1 AND w.dormant_at IS NULL AND NOT w.deleted
                 AND b.transition = 'stop' AND j.status <> 'failed'
                 AND u.status = 'active' AND t.allow_user_autostart
             UNION
               SELECT w.id FROM workspaces w
               WHERE w.autostart_schedule IS NOT NULL AND w.next_start_at IS NULL
                 AND w.dormant_at IS NULL AND NOT w.deleted
                 AND w.next_start_checked_at <= $1 - interval '1 day'
             UNION
               SELECT w.id FROM provisioner_jobs j
               JOIN workspace_builds b ON b.job_id = j.id
               JOIN workspaces w ON w.id = b.workspace_id AND w.latest_build_id = b.id
               JOIN templates t ON t.id = w.template_id
               WHERE j.status = 'failed' AND j.type = 'workspace_build' AND NOT j.superseded
                 AND j.completed_at < $1 - (SELECT min(failure_ttl_ns) FROM templates
                                            WHERE failure_ttl_ns > 0) / 1000 * interval '1 microsecond'
                 AND b.transition = 'start' AND NOT w.deleted AND t.failure_ttl_ns > 0
                 AND j.completed_at < $1 - t.failure_ttl_ns / 1000 * interval '1 microsecond'
             UNION
               SELECT unused.id FROM templates t CROSS JOIN LATERAL (
                   SELECT w.id FROM workspaces w
                   WHERE w.template_id = t.id AND w.dormant_at IS NULL AND NOT w.deleted
                     AND w.last_used_at < $1 - t.time_til_dormant_ns / 1000 * interval '1 microsecond'
                   OFFSET 0) AS unused
               WHERE t.time_til_dormant_ns > 0
             UNION
               SELECT w.id FROM workspaces w
               JOIN workspace_builds b ON b.id = w.latest_build_id
               JOIN provisioner_jobs j ON j.id = b.job_id
               JOIN templates t ON t.id = w.template_id
               WHERE w.deleting_at < $1 AND NOT w.deleted AND t.time_til_dormant_autodelete_ns > 0
                 AND NOT (b.transition = 'delete' AND j.status = 'failed'
                          AND j.completed_at >= $1 - interval '1 day')
           ) AS due
           WHERE due.id > $2 ORDER BY due.id LIMIT $3"#,
        tick,
        after as WorkspaceId,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// A live workspace with what decides about it and what its next build is made of.
pub struct Candidate {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner_id: UserId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Its template.
    pub template_id: TemplateId,
    /// The template's active version.
    pub active_version_id: TemplateVersionId,
    /// Its latest build.
    pub build_id: BuildId,
    /// That build's number.
    pub build_number: i32,
    /// That build's version.
    pub version_id: TemplateVersionId,
    /// What decides.
    pub facts: Facts,
}

struct Row {
    name: String,
    owner_id: UserId,
    organization_id: OrganizationId,
    autostart_schedule: Option<String>,
    automatic_updates: AutomaticUpdates,
    next_start_at: Option<Timestamp>,
    last_used_at: Timestamp,
    dormant_at: Option<Timestamp>,
    deleting_at: Option<Timestamp>,
    owner_status: UserStatus,
    template_id: TemplateId,
    active_version_id: TemplateVersionId,
    allow_user_autostart: bool,
    autostart_days: i16,
    require_active_version: bool,
    failure_ttl_ns: i64,
    time_til_dormant_ns: i64,
    time_til_dormant_autodelete_ns: i64,
    build_id: BuildId,
    build_number: i32,
    version_id: TemplateVersionId,
    transition: Transition,
    build_created_at: Timestamp,
    deadline: Option<Timestamp>,
    job: JobStatus,
    ended_at: Option<Timestamp>,
}

/// What decides about a workspace; `None` when it was deleted.
pub async fn find_candidate(
    conn: &mut PgConnection,
    id: WorkspaceId,
) -> Result<Option<Candidate>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT w.name, w.owner_id AS "owner_id: UserId",
                  w.organization_id AS "organization_id: OrganizationId", w.autostart_schedule,
                  w.automatic_updates AS "automatic_updates: AutomaticUpdates", w.next_start_at,
                  w.last_used_at, w.dormant_at, w.deleting_at, u.status AS "owner_status: UserStatus",
                  t.id AS "template_id: TemplateId",
                  t.active_version_id AS "active_version_id: TemplateVersionId",
                  t.allow_user_autostart, t.autostart_days, t.require_active_version, t.failure_ttl_ns,
                  t.time_til_dormant_ns, t.time_til_dormant_autodelete_ns,
                  b.id AS "build_id: BuildId", b.build_number,
                  b.template_version_id AS "version_id: TemplateVersionId",
                  b.transition AS "transition: Transition", b.created_at AS build_created_at,
                  b.deadline, j.status AS "job: JobStatus", j.completed_at AS ended_at
           FROM workspaces w
           JOIN users u ON u.id = w.owner_id
           JOIN templates t ON t.id = w.template_id
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           WHERE w.id = $1 AND NOT w.deleted"#,
        id as WorkspaceId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.candidate(id)))
}

impl Row {
    fn candidate(self, id: WorkspaceId) -> Candidate {
        let facts = Facts {
            owner: self.owner_status,
            build: LatestBuild {
                transition: self.transition,
                created_at: self.build_created_at,
                job: self.job,
                ended_at: self.ended_at,
                deadline: self.deadline,
            },
            autostart: parsed(self.autostart_schedule.as_deref()),
            next_start_at: self.next_start_at,
            last_used_at: self.last_used_at,
            dormant_at: self.dormant_at,
            deleting_at: self.deleting_at,
            automatic_updates: self.automatic_updates,
            template: TemplateRules {
                allow_user_autostart: self.allow_user_autostart,
                autostart_days: weekdays(self.autostart_days),
                require_active_version: self.require_active_version,
                failure_ttl: TimeDelta::nanoseconds(self.failure_ttl_ns),
                time_til_dormant: TimeDelta::nanoseconds(self.time_til_dormant_ns),
                time_til_dormant_autodelete: TimeDelta::nanoseconds(
                    self.time_til_dormant_autodelete_ns,
                ),
            },
        };
        Candidate {
            id,
            name: self.name,
            owner_id: self.owner_id,
            organization_id: self.organization_id,
            template_id: self.template_id,
            active_version_id: self.active_version_id,
            build_id: self.build_id,
            build_number: self.build_number,
            version_id: self.version_id,
            facts,
        }
    }
}

/// A started workspace whose next start has gone by.
pub struct PassedStart {
    /// The workspace.
    pub id: WorkspaceId,
    /// Its schedule, as submitted.
    pub text: String,
    /// Its schedule.
    pub schedule: Option<Schedule>,
    /// Days on which its template lets it start.
    pub days: Weekdays,
}

/// Started workspaces whose next start has gone by at `tick`, by id, after the one given.
pub async fn list_passed_starts(
    conn: &mut PgConnection,
    tick: Timestamp,
    after: WorkspaceId,
    limit: i64,
) -> Result<Vec<PassedStart>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT w.id AS "id: WorkspaceId", w.autostart_schedule AS "text!", t.autostart_days
           FROM workspaces w
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN templates t ON t.id = w.template_id
           WHERE w.next_start_at <= $1 AND w.dormant_at IS NULL AND NOT w.deleted
             AND w.autostart_schedule IS NOT NULL AND b.transition = 'start' AND w.id > $2
           ORDER BY w.id LIMIT $3"#,
        tick,
        after as WorkspaceId,
        limit
    )
    .fetch_all(conn)
    .await?;
    let passed = rows.into_iter().map(|row| PassedStart {
        id: row.id,
        schedule: parsed(Some(&row.text)),
        text: row.text,
        days: weekdays(row.autostart_days),
    });
    Ok(passed.collect())
}

/// Sets when workspaces start next, each unless its schedule has changed meanwhile, or it
/// sleeps: (workspace, schedule, start). Tells how many it set. They are locked in the order of
/// ids, as by all who change many.
pub async fn update_next_starts(
    conn: &mut PgConnection,
    starts: &[(WorkspaceId, &str, Option<Timestamp>)],
    tick: Timestamp,
) -> Result<u64, StoreError> {
    let ids: Vec<WorkspaceId> = starts.iter().map(|(id, _, _)| *id).collect();
    let texts: Vec<String> = starts
        .iter()
        .map(|(_, text, _)| (*text).to_owned())
        .collect();
    let times: Vec<Option<Timestamp>> = starts.iter().map(|(_, _, at)| *at).collect();
    let done = sqlx::query!(
        "WITH held AS (
             SELECT id FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE)
         UPDATE workspaces w SET next_start_at = start.at, next_start_checked_at = $4,
                                 revision = nextval('workspace_revision')
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS start (id, schedule, at)
         JOIN held ON held.id = start.id
         WHERE w.id = start.id AND w.autostart_schedule = start.schedule AND w.dormant_at IS NULL",
        &ids as &[WorkspaceId],
        &texts,
        &times as &[Option<Timestamp>],
        tick
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Sets when a workspace starts next, having looked at its schedule at `tick`.
pub async fn update_next_start(
    conn: &mut PgConnection,
    id: WorkspaceId,
    next_start_at: Option<Timestamp>,
    tick: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET next_start_at = $2, next_start_checked_at = $3,
                               revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        next_start_at,
        tick
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A text that cannot be read is no schedule; none is stored.
fn parsed(text: Option<&str>) -> Option<Schedule> {
    text.and_then(|text| Schedule::parse(text).ok())
}

fn weekdays(bits: i16) -> Weekdays {
    Weekdays::from_bits(u8::try_from(bits).unwrap_or_default())
}
