//! Statements that read what jobs made: resources with agents, apps, scripts and log sources.
//! Each takes many keys at once, so that a list costs as many statements as a single row.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    agents::{AppHealth, LifecycleState},
    clock::Timestamp,
    ids::{AgentId, AppId, JobId, LogSourceId, ResourceId, ScriptId},
    provisioning::{OpenIn, SharingLevel, Transition},
    resources::{Agent, App, LogSource, Metadata, Resource, Script},
};

/// Resources of these jobs, without what belongs to them, in the order they were stored.
pub async fn list_bare(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<Vec<Resource>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ResourceId", job_id AS "job_id: JobId", created_at,
                  transition AS "transition: Transition", type AS kind, name, hide, icon, daily_cost
           FROM workspace_resources WHERE job_id = ANY($1) ORDER BY job_id, position"#,
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
        metadata: Vec::new(),
        agents: Vec::new(),
    });
    Ok(made.collect())
}

/// Key and value rows of these jobs' resources, each with its resource, in their order.
pub async fn list_metadata(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<Vec<(ResourceId, Metadata)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT m.resource_id AS "resource_id: ResourceId", m.key, m.value, m.sensitive
           FROM workspace_resource_metadata m JOIN workspace_resources r ON r.id = m.resource_id
           WHERE r.job_id = ANY($1) ORDER BY m.resource_id, m.position"#,
        jobs as &[JobId]
    )
    .fetch_all(conn)
    .await?;
    let made = rows.into_iter().map(|row| {
        let metadata = Metadata {
            key: row.key,
            value: row.value,
            sensitive: row.sensitive,
        };
        (row.resource_id, metadata)
    });
    Ok(made.collect())
}

struct AgentRow {
    id: AgentId,
    resource_id: ResourceId,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    first_connected_at: Option<Timestamp>,
    last_connected_at: Option<Timestamp>,
    disconnected_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    ready_at: Option<Timestamp>,
    lifecycle_state: LifecycleState,
    auth_instance_id: Option<String>,
    architecture: String,
    operating_system: String,
    environment_variables: Option<Json<BTreeMap<String, String>>>,
    logs_length: i32,
    logs_overflowed: bool,
    directory: String,
    expanded_directory: String,
    version: String,
    api_version: String,
    connection_timeout_seconds: i32,
    troubleshooting_url: String,
    subsystems: Vec<String>,
    display_apps: Vec<String>,
    display_order: i32,
}

impl From<AgentRow> for Agent {
    fn from(row: AgentRow) -> Self {
        Self {
            id: row.id,
            resource_id: row.resource_id,
            name: row.name,
            created_at: row.created_at,
            updated_at: row.updated_at,
            first_connected_at: row.first_connected_at,
            last_connected_at: row.last_connected_at,
            disconnected_at: row.disconnected_at,
            started_at: row.started_at,
            ready_at: row.ready_at,
            lifecycle_state: row.lifecycle_state,
            instance_id: row.auth_instance_id.unwrap_or_default(),
            architecture: row.architecture,
            operating_system: row.operating_system,
            environment_variables: row.environment_variables.map(|Json(map)| map),
            logs_length: row.logs_length,
            logs_overflowed: row.logs_overflowed,
            directory: row.directory,
            expanded_directory: row.expanded_directory,
            version: row.version,
            api_version: row.api_version,
            connection_timeout_seconds: row.connection_timeout_seconds,
            troubleshooting_url: row.troubleshooting_url,
            subsystems: row.subsystems,
            display_apps: row.display_apps,
            display_order: row.display_order,
            apps: Vec::new(),
            scripts: Vec::new(),
            log_sources: Vec::new(),
        }
    }
}

/// Agents of these jobs, without what belongs to them.
pub async fn list_agents(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<Vec<Agent>, StoreError> {
    let rows = sqlx::query_as!(
        AgentRow,
        r#"SELECT a.id AS "id: AgentId", a.resource_id AS "resource_id: ResourceId", a.name, a.created_at, a.updated_at,
                  a.first_connected_at, a.last_connected_at, a.disconnected_at, a.started_at, a.ready_at,
                  a.lifecycle_state AS "lifecycle_state: LifecycleState", a.auth_instance_id, a.architecture,
                  a.operating_system, a.environment_variables AS "environment_variables: Json<BTreeMap<String, String>>",
                  a.logs_length, a.logs_overflowed, a.directory, a.expanded_directory, a.version, a.api_version,
                  a.connection_timeout_seconds, a.troubleshooting_url, a.subsystems, a.display_apps, a.display_order
           FROM workspace_agents a JOIN workspace_resources r ON r.id = a.resource_id
           WHERE r.job_id = ANY($1)"#,
        jobs as &[JobId]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Agent::from).collect())
}

/// One agent, without what belongs to it.
pub async fn find_agent(conn: &mut PgConnection, id: AgentId) -> Result<Option<Agent>, StoreError> {
    let row = sqlx::query_as!(
        AgentRow,
        r#"SELECT a.id AS "id: AgentId", a.resource_id AS "resource_id: ResourceId", a.name, a.created_at, a.updated_at,
                  a.first_connected_at, a.last_connected_at, a.disconnected_at, a.started_at, a.ready_at,
                  a.lifecycle_state AS "lifecycle_state: LifecycleState", a.auth_instance_id, a.architecture,
                  a.operating_system, a.environment_variables AS "environment_variables: Json<BTreeMap<String, String>>",
                  a.logs_length, a.logs_overflowed, a.directory, a.expanded_directory, a.version, a.api_version,
                  a.connection_timeout_seconds, a.troubleshooting_url, a.subsystems, a.display_apps, a.display_order
           FROM workspace_agents a WHERE a.id = $1"#,
        id as AgentId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Agent::from))
}

/// Apps of these agents.
pub async fn list_apps(
    conn: &mut PgConnection,
    agents: &[AgentId],
) -> Result<Vec<App>, StoreError> {
    Ok(sqlx::query_as!(
        App,
        r#"SELECT id AS "id: AppId", agent_id AS "agent_id: AgentId", slug, display_name, icon,
                  coalesce(command, '') AS "command!", coalesce(url, '') AS "url!", external, subdomain,
                  sharing_level AS "sharing_level: SharingLevel", healthcheck_url, healthcheck_interval,
                  healthcheck_threshold, health AS "health: AppHealth", display_order, hidden,
                  open_in AS "open_in: OpenIn"
           FROM workspace_apps WHERE agent_id = ANY($1)"#,
        agents as &[AgentId]
    )
    .fetch_all(conn)
    .await?)
}

/// Scripts of these agents, in the order they were stored: ids rise with time.
pub async fn list_scripts(
    conn: &mut PgConnection,
    agents: &[AgentId],
) -> Result<Vec<Script>, StoreError> {
    Ok(sqlx::query_as!(
        Script,
        r#"SELECT id AS "id: ScriptId", agent_id AS "agent_id: AgentId",
                  log_source_id AS "log_source_id: LogSourceId", display_name, log_path, script, cron,
                  start_blocks_login, run_on_start, run_on_stop, timeout_seconds
           FROM workspace_agent_scripts WHERE agent_id = ANY($1) ORDER BY id"#,
        agents as &[AgentId]
    )
    .fetch_all(conn)
    .await?)
}

/// Log sources of these agents, in the order they were stored.
pub async fn list_log_sources(
    conn: &mut PgConnection,
    agents: &[AgentId],
) -> Result<Vec<LogSource>, StoreError> {
    Ok(sqlx::query_as!(
        LogSource,
        r#"SELECT id AS "id: LogSourceId", agent_id AS "agent_id: AgentId", created_at, display_name, icon
           FROM workspace_agent_log_sources WHERE agent_id = ANY($1) ORDER BY created_at, id"#,
        agents as &[AgentId]
    )
    .fetch_all(conn)
    .await?)
}
