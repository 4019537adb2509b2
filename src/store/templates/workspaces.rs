//! Statements that carry a change of a template over to the workspaces made from it. Which of
//! them are due is decided by the service; rows are locked in the order of ids, so that two
//! such statements never wait for each other.

use chrono::TimeDelta;
use sqlx::PgConnection;

use crate::{
    domain::{
        clock::Timestamp,
        deadlines::Deadlines,
        ids::{BuildId, TemplateId, WorkspaceId},
    },
    store::StoreError,
};

/// What changes in all live workspaces of a template alike.
#[derive(Clone, Copy, Default, Debug)]
pub struct ForAll {
    /// Their time to live, where it is overwritten; zero for none.
    pub ttl: Option<TimeDelta>,
    /// When all count as used.
    pub last_used_at: Option<Timestamp>,
}

/// Changes all live workspaces alike.
pub async fn update_all(
    conn: &mut PgConnection,
    template: TemplateId,
    change: ForAll,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH mine AS (SELECT id FROM workspaces WHERE template_id = $1 AND NOT deleted ORDER BY id FOR UPDATE)
         UPDATE workspaces w
         SET ttl_ns = CASE WHEN $2::bigint IS NULL THEN w.ttl_ns ELSE nullif($2, 0) END,
             last_used_at = coalesce($3, w.last_used_at)
         FROM mine WHERE w.id = mine.id",
        template as TemplateId,
        change.ttl.and_then(|ttl| ttl.num_nanoseconds()),
        change.last_used_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets when dormant workspaces are deleted: `kept` after they became dormant, never when it is
/// zero. With `dormant_at` they count as dormant since then.
pub async fn update_deletions(
    conn: &mut PgConnection,
    template: TemplateId,
    kept: TimeDelta,
    dormant_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH mine AS (SELECT id FROM workspaces
                       WHERE template_id = $1 AND NOT deleted AND dormant_at IS NOT NULL ORDER BY id FOR UPDATE)
         UPDATE workspaces w
         SET dormant_at = coalesce($3, w.dormant_at),
             deleting_at = coalesce($3, w.dormant_at) + nullif($2::bigint, 0) / 1000 * interval '1 microsecond'
         FROM mine WHERE w.id = mine.id",
        template as TemplateId,
        kept.num_nanoseconds().unwrap_or(i64::MAX),
        dormant_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The live workspaces that start by themselves, with their schedules, in the order of ids;
/// they stay locked. Dormant ones do not start.
pub async fn lock_starting(
    conn: &mut PgConnection,
    template: TemplateId,
) -> Result<Vec<(WorkspaceId, String)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: WorkspaceId", autostart_schedule AS "schedule!" FROM workspaces
           WHERE template_id = $1 AND NOT deleted AND dormant_at IS NULL AND autostart_schedule IS NOT NULL
           ORDER BY id FOR UPDATE"#,
        template as TemplateId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.schedule)).collect())
}

/// Sets when workspaces start next.
pub async fn update_next_starts(
    conn: &mut PgConnection,
    ids: &[WorkspaceId],
    next: &[Option<Timestamp>],
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces w SET next_start_at = n.at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, at)
         WHERE w.id = n.id AND w.next_start_at IS DISTINCT FROM n.at",
        ids as &[WorkspaceId],
        next as &[Option<Timestamp>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A workspace that runs, and when it must stop.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its latest build.
    pub build: BuildId,
    /// When that build's job ended.
    pub completed_at: Timestamp,
    /// The deadlines so far.
    pub deadlines: Deadlines,
    /// The owner's quiet hours; empty for the deployment's.
    pub quiet_hours: String,
}

/// The workspaces that run, in the order of ids; they stay locked.
pub async fn lock_running(
    conn: &mut PgConnection,
    template: TemplateId,
) -> Result<Vec<Running>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT b.id AS "id: BuildId", j.completed_at AS "completed_at!", b.deadline, b.max_deadline,
                  u.quiet_hours_schedule
           FROM workspaces w
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           JOIN users u ON u.id = w.owner_id
           WHERE w.template_id = $1 AND NOT w.deleted AND b.transition = 'start' AND j.status = 'succeeded'
           ORDER BY w.id FOR UPDATE OF w"#,
        template as TemplateId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Running {
            build: row.id,
            completed_at: row.completed_at,
            deadlines: Deadlines {
                deadline: row.deadline,
                max_deadline: row.max_deadline,
            },
            quiet_hours: row.quiet_hours_schedule,
        })
        .collect())
}

/// Sets when running workspaces must stop.
pub async fn update_stops(
    conn: &mut PgConnection,
    builds: &[(BuildId, Deadlines)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<BuildId> = builds.iter().map(|(id, _)| *id).collect();
    let deadlines: Vec<Option<Timestamp>> = builds.iter().map(|(_, set)| set.deadline).collect();
    let latest: Vec<Option<Timestamp>> = builds.iter().map(|(_, set)| set.max_deadline).collect();
    sqlx::query!(
        "UPDATE workspace_builds b SET deadline = n.deadline, max_deadline = n.max_deadline, updated_at = $4
         FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (id, deadline, max_deadline)
         WHERE b.id = n.id",
        &ids as &[BuildId],
        &deadlines as &[Option<Timestamp>],
        &latest as &[Option<Timestamp>],
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
