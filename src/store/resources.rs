//! Statements that read what jobs made: resources with metadata, agents, apps, scripts and log
//! sources, in one statement however many jobs are asked for. What hangs below a resource
//! comes as a document, so that no row is sent twice.

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    ids::{AgentId, JobId, ResourceId},
    provisioning::Transition,
    resources::{Agent, Metadata, Resource},
};

/// A query around an expression for an agent `a` with all that belongs to it, as a document
/// that reads as an [`Agent`].
macro_rules! with_agent {
    ($query:ident, $before:tt, $after:tt, $argument:expr) => {
        sqlx::$query!($before + r#"json_build_object(
            'id', a.id, 'resource_id', a.resource_id, 'name', a.name, 'created_at', a.created_at,
            'updated_at', a.updated_at, 'first_connected_at', a.first_connected_at,
            'last_connected_at', a.last_connected_at, 'disconnected_at', a.disconnected_at,
            'started_at', a.started_at, 'ready_at', a.ready_at,
            'lifecycle_state', a.lifecycle_state, 'instance_id', coalesce(a.auth_instance_id, ''),
            'architecture', a.architecture, 'operating_system', a.operating_system,
            'environment_variables', a.environment_variables, 'logs_length', a.logs_length,
            'logs_overflowed', a.logs_overflowed, 'directory', a.directory,
            'expanded_directory', a.expanded_directory, 'version', a.version,
            'api_version', a.api_version,
            'connection_timeout_seconds', a.connection_timeout_seconds,
            'troubleshooting_url', a.troubleshooting_url, 'subsystems', a.subsystems,
            'display_apps', a.display_apps, 'display_order', a.display_order,
            'apps', (SELECT coalesce(json_agg(p), '[]') FROM (
                SELECT id, agent_id, slug, display_name, icon, coalesce(command, '') AS command,
                       coalesce(url, '') AS url, external, subdomain, sharing_level,
                       healthcheck_url, healthcheck_interval, healthcheck_threshold, health,
                       display_order, hidden, open_in
                FROM workspace_apps WHERE agent_id = a.id) p),
            'scripts', (SELECT coalesce(json_agg(s), '[]') FROM (
                SELECT id, agent_id, log_source_id, display_name, log_path, script, cron,
                       start_blocks_login, run_on_start, run_on_stop, timeout_seconds
                FROM workspace_agent_scripts WHERE agent_id = a.id ORDER BY id) s),
            'log_sources', (SELECT coalesce(json_agg(l), '[]') FROM (
                SELECT id, agent_id, created_at, display_name, icon
                FROM workspace_agent_log_sources WHERE agent_id = a.id
                ORDER BY created_at, id) l))"# + $after, $argument)
    };
}

// The ids come in by a subquery for the reason that `workspace_views` gives: one plan serves all.
/// Resources of these jobs with all that belongs to them, in the order they were stored;
/// agents and apps in any order.
pub async fn list(conn: &mut PgConnection, jobs: &[JobId]) -> Result<Vec<Resource>, StoreError> {
    let rows = with_agent!(
        query,
        r#"SELECT r.id AS "id: ResourceId", r.job_id AS "job_id: JobId", r.created_at,
                  r.transition AS "transition: Transition", r.type AS kind, r.name, r.hide, r.icon,
                  r.daily_cost,
                  (SELECT json_agg(m) FROM (
                      SELECT key, value, sensitive FROM workspace_resource_metadata
                      WHERE resource_id = r.id ORDER BY position) m)
                      AS "metadata: Json<Vec<Metadata>>",
                  (SELECT json_agg("#,
        r#")
                   FROM workspace_agents a WHERE a.resource_id = r.id)
                      AS "agents: Json<Vec<Agent>>"
           FROM workspace_resources r WHERE r.job_id = ANY ((SELECT $1::uuid[])::uuid[])
           ORDER BY r.job_id, r.position"#,
        jobs as &[JobId]
    )
    .fetch_all(conn)
    .await?;
    let made = rows.into_iter().map(|row| Resource {
        id: row.id,
        job_id: row.job_id,
        created_at: row.created_at,
        transition: row.transition,
        kind: row.kind,
        name: row.name,
        hide: row.hide,
        icon: row.icon,
        daily_cost: row.daily_cost,
        metadata: row.metadata.map(|Json(rows)| rows).unwrap_or_default(),
        agents: row.agents.map(|Json(agents)| agents).unwrap_or_default(),
    });
    Ok(made.collect())
}

/// One agent with all that belongs to it; its apps in any order.
pub async fn find_agent(conn: &mut PgConnection, id: AgentId) -> Result<Option<Agent>, StoreError> {
    let agent = with_agent!(
        query_scalar,
        "SELECT ",
        r#" AS "agent!: Json<Agent>"
           FROM workspace_agents a WHERE a.id = $1"#,
        id as AgentId
    )
    .fetch_optional(conn)
    .await?;
    Ok(agent.map(|Json(agent)| agent))
}
