//! Statements on builds. What a build looks like with its workspace is in `workspace_views`.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    builds::{Build, BuildReason, ConnectionWait, ScriptRun, StateSource},
    clock::Timestamp,
    ids::{AgentId, BuildId, JobId, TemplateVersionId, UserId, WorkspaceId},
    provisioning::{NamedValue, Transition},
};

/// Refuses a second build of the same number.
pub const NUMBER_KEY: &str = "workspace_builds_number_key";

/// Keeps a new build with the state it begins from.
pub async fn insert(
    conn: &mut PgConnection,
    build: &Build,
    state: &StateSource,
) -> Result<(), StoreError> {
    let (given, source) = match state {
        StateSource::Nothing => (None, None),
        StateSource::Given(state) => (Some(state.as_slice()), None),
        StateSource::Build(build) => (None, Some(*build)),
    };
    sqlx::query!(
        "INSERT INTO workspace_builds (id, workspace_id, template_version_id, job_id, build_number, transition,
                                       initiator_id, reason, provisioner_state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
                 coalesce($9, (SELECT provisioner_state FROM workspace_builds WHERE id = $10)), $11, $11)",
        build.id as BuildId,
        build.workspace_id as WorkspaceId,
        build.template_version_id as TemplateVersionId,
        build.job_id as JobId,
        build.number,
        build.transition as Transition,
        build.initiator_id as UserId,
        build.reason as BuildReason,
        given,
        source as Option<BuildId>,
        build.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the values of a build's parameters, in their order.
pub async fn insert_parameters(
    conn: &mut PgConnection,
    build: BuildId,
    values: &[NamedValue],
) -> Result<(), StoreError> {
    let names: Vec<String> = values.iter().map(|value| value.name.clone()).collect();
    let texts: Vec<String> = values.iter().map(|value| value.value.clone()).collect();
    sqlx::query!(
        "INSERT INTO workspace_build_parameters (build_id, position, name, value)
         SELECT $1, position - 1, name, value
         FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (name, value, position)",
        build as BuildId,
        &names,
        &texts
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The values of a build's parameters, in their order.
pub async fn list_parameters(
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

/// Which builds of a workspace a list shows.
pub struct BuildFilter {
    /// Only builds with a greater number.
    pub after_number: i32,
    /// Only builds made after this instant.
    pub since: Option<Timestamp>,
    /// Most rows; `None` for all.
    pub limit: Option<i64>,
    /// Rows to skip.
    pub offset: i64,
}

/// The number of a build, whatever its workspace.
pub async fn number(conn: &mut PgConnection, id: BuildId) -> Result<Option<i32>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT build_number FROM workspace_builds WHERE id = $1",
        id as BuildId
    )
    .fetch_optional(conn)
    .await?)
}

/// The provisioner's state after a build, or before it has ended the state it began from.
pub async fn state(conn: &mut PgConnection, id: BuildId) -> Result<Vec<u8>, StoreError> {
    let state = sqlx::query_scalar!(
        "SELECT provisioner_state FROM workspace_builds WHERE id = $1",
        id as BuildId
    )
    .fetch_optional(conn)
    .await?;
    Ok(state.flatten().unwrap_or_default())
}

/// Moves the deadline of a build.
pub async fn update_deadline(
    conn: &mut PgConnection,
    id: BuildId,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds SET deadline = $2, updated_at = $3 WHERE id = $1",
        id as BuildId,
        deadline,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The first run of each script of a job's agents, by script id.
pub async fn list_script_runs(
    conn: &mut PgConnection,
    job: JobId,
) -> Result<Vec<ScriptRun>, StoreError> {
    Ok(sqlx::query_as!(
        ScriptRun,
        r#"SELECT DISTINCT ON (s.id) timing.started_at, timing.ended_at, timing.exit_code,
                  timing.stage, timing.status, s.display_name, a.id AS "agent_id: AgentId",
                  a.name AS agent_name
           FROM workspace_resources r
           JOIN workspace_agents a ON a.resource_id = r.id
           JOIN workspace_agent_scripts s ON s.agent_id = a.id
           JOIN workspace_agent_script_timings timing ON timing.script_id = s.id
           WHERE r.job_id = $1
           ORDER BY s.id, timing.started_at"#,
        job as JobId
    )
    .fetch_all(conn)
    .await?)
}

/// How long each of a job's agents was waited for.
pub async fn list_connection_waits(
    conn: &mut PgConnection,
    job: JobId,
) -> Result<Vec<ConnectionWait>, StoreError> {
    Ok(sqlx::query_as!(
        ConnectionWait,
        r#"SELECT a.id AS "agent_id: AgentId", a.name AS agent_name, a.created_at,
                  a.first_connected_at
           FROM workspace_resources r JOIN workspace_agents a ON a.resource_id = r.id
           WHERE r.job_id = $1 ORDER BY a.display_order, a.name"#,
        job as JobId
    )
    .fetch_all(conn)
    .await?)
}
