//! Statements on the use of workspaces: what a use may do to a deadline, and moving it.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    deadlines::Deadlines,
    ids::{AgentId, BuildId, WorkspaceId},
    weekdays::Weekdays,
};

/// What decides how far a use moves the deadline of a running workspace.
pub struct ActivityFacts {
    /// The build that started it.
    pub build: BuildId,
    /// Its deadlines.
    pub deadlines: Deadlines,
    /// How far its template lets activity move the deadline; zero for not at all.
    pub activity_bump: TimeDelta,
    /// The time to live that counts across an automatic start.
    pub ttl: Option<TimeDelta>,
    /// When it starts by itself.
    pub autostart: Option<String>,
    /// Days on which it may.
    pub autostart_days: Weekdays,
}

/// The facts about a workspace whose latest build started it and has a deadline.
pub async fn find_facts(
    conn: &mut PgConnection,
    id: WorkspaceId,
) -> Result<Option<ActivityFacts>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT b.id AS "build: BuildId", b.deadline, b.max_deadline, t.activity_bump_ns,
                  CASE WHEN t.allow_user_autostop THEN w.ttl_ns ELSE t.default_ttl_ns END AS ttl_ns,
                  w.autostart_schedule, t.autostart_days
           FROM workspaces w
           JOIN templates t ON t.id = w.template_id
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           WHERE w.id = $1 AND b.transition = 'start' AND b.deadline IS NOT NULL
             AND j.completed_at IS NOT NULL AND t.activity_bump_ns > 0"#,
        id as WorkspaceId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ActivityFacts {
        build: row.build,
        deadlines: Deadlines {
            deadline: row.deadline,
            max_deadline: row.max_deadline,
        },
        activity_bump: TimeDelta::nanoseconds(row.activity_bump_ns),
        ttl: row.ttl_ns.map(TimeDelta::nanoseconds),
        autostart: row.autostart_schedule,
        autostart_days: Weekdays::from_bits(u8::try_from(row.autostart_days).unwrap_or_default()),
    }))
}

/// Moves the deadline of a build that is still its workspace's latest; never back, never beyond
/// the latest deadline, and not when it was taken away meanwhile. The workspace is locked first,
/// as by all who change both.
pub async fn move_deadline(
    conn: &mut PgConnection,
    build: BuildId,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH held AS (
             SELECT id FROM workspaces WHERE latest_build_id = $1 FOR NO KEY UPDATE),
         moved AS (
             UPDATE workspace_builds b SET deadline = $2, updated_at = $3
             FROM held
             WHERE b.id = $1 AND b.workspace_id = held.id AND b.deadline < $2
               AND (b.max_deadline IS NULL OR b.max_deadline >= $2)
             RETURNING b.workspace_id)
         UPDATE workspaces w SET revision = nextval('workspace_revision')
         FROM moved WHERE w.id = moved.workspace_id",
        build as BuildId,
        deadline,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The workspace that an agent was made for.
pub async fn find_workspace(
    conn: &mut PgConnection,
    agent: AgentId,
) -> Result<Option<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT b.workspace_id AS "id: WorkspaceId"
           FROM workspace_agents a
           JOIN workspace_resources r ON r.id = a.resource_id
           JOIN workspace_builds b ON b.job_id = r.job_id
           WHERE a.id = $1"#,
        agent as AgentId
    )
    .fetch_optional(conn)
    .await?)
}
