//! Statements that keep the agents a job brought, with their apps, scripts and metadata; one
//! JSON document a table, as in `job_results`.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    agents::AppHealth,
    clock::Timestamp,
    ids::{AgentId, AppId, LogSourceId, ResourceId, ScriptId},
    provisioning::{Agent, AgentMetadata, App, OpenIn, Script, SharingLevel},
};

/// An agent about to be kept.
pub struct NewAgent<'a> {
    /// Its id.
    pub id: AgentId,
    /// The resource it runs on.
    pub resource_id: ResourceId,
    /// Its credential.
    pub token: Uuid,
    /// The cloud instance by which it authenticates.
    pub instance_id: Option<&'a str>,
    /// Environment of its processes; `None` for none.
    pub environment: Option<BTreeMap<&'a str, &'a str>>,
    /// Built-in apps to show.
    pub display_apps: Vec<&'static str>,
    /// The rest, as the provisioner told it.
    pub agent: &'a Agent,
}

#[derive(Serialize)]
struct AgentRow<'a> {
    id: AgentId,
    resource_id: ResourceId,
    name: &'a str,
    auth_token: Uuid,
    auth_instance_id: Option<&'a str>,
    architecture: &'a str,
    operating_system: &'a str,
    environment_variables: &'a Option<BTreeMap<&'a str, &'a str>>,
    directory: &'a str,
    connection_timeout_seconds: i32,
    troubleshooting_url: &'a str,
    motd_file: &'a str,
    display_apps: &'a [&'static str],
    display_order: i32,
}

/// Keeps agents.
pub async fn insert_agents(
    conn: &mut PgConnection,
    agents: &[NewAgent<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<AgentRow<'_>> = agents
        .iter()
        .map(|new| AgentRow {
            id: new.id,
            resource_id: new.resource_id,
            name: &new.agent.name,
            auth_token: new.token,
            auth_instance_id: new.instance_id,
            architecture: &new.agent.architecture,
            operating_system: &new.agent.operating_system,
            environment_variables: &new.environment,
            directory: &new.agent.directory,
            connection_timeout_seconds: new.agent.connection_timeout_seconds,
            troubleshooting_url: &new.agent.troubleshooting_url,
            motd_file: &new.agent.motd_file,
            display_apps: &new.display_apps,
            display_order: clamped(new.agent.order),
        })
        .collect();
    sqlx::query!(
        "INSERT INTO workspace_agents (id, resource_id, name, auth_token, auth_instance_id, architecture,
             operating_system, environment_variables, directory, connection_timeout_seconds, troubleshooting_url,
             motd_file, display_apps, display_order, created_at, updated_at)
         SELECT a.id, a.resource_id, a.name, a.auth_token, a.auth_instance_id, a.architecture, a.operating_system,
                a.environment_variables, a.directory, a.connection_timeout_seconds, a.troubleshooting_url,
                a.motd_file, a.display_apps, a.display_order, $2, $2
         FROM jsonb_to_recordset($1) AS a (id uuid, resource_id uuid, name text, auth_token uuid,
              auth_instance_id text, architecture text, operating_system text, environment_variables jsonb,
              directory text, connection_timeout_seconds integer, troubleshooting_url text, motd_file text,
              display_apps text[], display_order integer)",
        Json(rows) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct AgentMetadataRow<'a> {
    agent_id: AgentId,
    key: &'a str,
    display_name: &'a str,
    script: &'a str,
    interval_seconds: i64,
    timeout_seconds: i64,
    display_order: i32,
}

/// Keeps what agents report about themselves, without values yet.
pub async fn insert_agent_metadata(
    conn: &mut PgConnection,
    items: &[(AgentId, &AgentMetadata)],
) -> Result<(), StoreError> {
    let rows: Vec<AgentMetadataRow<'_>> = items
        .iter()
        .map(|(agent, item)| AgentMetadataRow {
            agent_id: *agent,
            key: &item.key,
            display_name: &item.display_name,
            script: &item.script,
            interval_seconds: item.interval,
            timeout_seconds: item.timeout,
            display_order: clamped(item.order),
        })
        .collect();
    sqlx::query!(
        "INSERT INTO workspace_agent_metadata (agent_id, key, display_name, script, interval_seconds,
                                               timeout_seconds, display_order)
         SELECT m.agent_id, m.key, m.display_name, m.script, m.interval_seconds, m.timeout_seconds, m.display_order
         FROM jsonb_to_recordset($1) AS m (agent_id uuid, key text, display_name text, script text,
              interval_seconds bigint, timeout_seconds bigint, display_order integer)",
        Json(rows) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A script about to be kept, with the source of its log.
pub struct NewScript<'a> {
    /// Its id.
    pub id: ScriptId,
    /// The source its output is logged under.
    pub log_source_id: LogSourceId,
    /// The agent that runs it.
    pub agent_id: AgentId,
    /// The rest, as the provisioner told it.
    pub script: &'a Script,
}

#[derive(Serialize)]
struct ScriptRow<'a> {
    id: ScriptId,
    log_source_id: LogSourceId,
    agent_id: AgentId,
    display_name: &'a str,
    icon: &'a str,
    log_path: &'a str,
    script: &'a str,
    cron: &'a str,
    start_blocks_login: bool,
    run_on_start: bool,
    run_on_stop: bool,
    timeout_seconds: i32,
}

/// Keeps scripts and one log source for each.
pub async fn insert_scripts(
    conn: &mut PgConnection,
    scripts: &[NewScript<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<ScriptRow<'_>> = scripts
        .iter()
        .map(|new| ScriptRow {
            id: new.id,
            log_source_id: new.log_source_id,
            agent_id: new.agent_id,
            display_name: &new.script.display_name,
            icon: &new.script.icon,
            log_path: &new.script.log_path,
            script: &new.script.script,
            cron: &new.script.cron,
            start_blocks_login: new.script.start_blocks_login,
            run_on_start: new.script.run_on_start,
            run_on_stop: new.script.run_on_stop,
            timeout_seconds: new.script.timeout_seconds,
        })
        .collect();
    sqlx::query!(
        "WITH s AS (
             SELECT * FROM jsonb_to_recordset($1) AS s (id uuid, log_source_id uuid, agent_id uuid,
                 display_name text, icon text, log_path text, script text, cron text, start_blocks_login boolean,
                 run_on_start boolean, run_on_stop boolean, timeout_seconds integer)),
         sources AS (
             INSERT INTO workspace_agent_log_sources (id, agent_id, display_name, icon, created_at)
             SELECT s.log_source_id, s.agent_id, s.display_name, s.icon, $2 FROM s)
         INSERT INTO workspace_agent_scripts (id, agent_id, log_source_id, display_name, log_path, script, cron,
             start_blocks_login, run_on_start, run_on_stop, timeout_seconds, created_at)
         SELECT s.id, s.agent_id, s.log_source_id, s.display_name, s.log_path, s.script, s.cron,
                s.start_blocks_login, s.run_on_start, s.run_on_stop, s.timeout_seconds, $2 FROM s",
        Json(rows) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct AppRow<'a> {
    id: AppId,
    agent_id: AgentId,
    slug: &'a str,
    display_name: &'a str,
    icon: &'a str,
    command: &'a str,
    url: &'a str,
    external: bool,
    subdomain: bool,
    sharing_level: SharingLevel,
    healthcheck_url: &'a str,
    healthcheck_interval: i32,
    healthcheck_threshold: i32,
    health: AppHealth,
    display_order: i32,
    hidden: bool,
    open_in: OpenIn,
}

/// Keeps apps.
pub async fn insert_apps(
    conn: &mut PgConnection,
    apps: &[(AgentId, &App)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<AppRow<'_>> = apps
        .iter()
        .map(|(agent, app)| AppRow {
            id: AppId::random(),
            agent_id: *agent,
            slug: &app.slug,
            display_name: &app.display_name,
            icon: &app.icon,
            command: &app.command,
            url: &app.url,
            external: app.external,
            subdomain: app.subdomain,
            sharing_level: app.sharing_level,
            healthcheck_url: &app.healthcheck.url,
            healthcheck_interval: app.healthcheck.interval,
            healthcheck_threshold: app.healthcheck.threshold,
            health: if app.healthcheck.url.is_empty() {
                AppHealth::Disabled
            } else {
                AppHealth::Initializing
            },
            display_order: clamped(app.order),
            hidden: app.hidden,
            open_in: app.open_in,
        })
        .collect();
    sqlx::query!(
        "INSERT INTO workspace_apps (id, agent_id, slug, display_name, icon, command, url, external, subdomain,
             sharing_level, healthcheck_url, healthcheck_interval, healthcheck_threshold, health, display_order,
             hidden, open_in, created_at)
         SELECT a.id, a.agent_id, a.slug, a.display_name, a.icon, nullif(a.command, ''), nullif(a.url, ''),
                a.external, a.subdomain, a.sharing_level, a.healthcheck_url, a.healthcheck_interval,
                a.healthcheck_threshold, a.health, a.display_order, a.hidden, a.open_in, $2
         FROM jsonb_to_recordset($1) AS a (id uuid, agent_id uuid, slug text, display_name text, icon text,
              command text, url text, external boolean, subdomain boolean, sharing_level app_sharing_level,
              healthcheck_url text, healthcheck_interval integer, healthcheck_threshold integer,
              health workspace_app_health, display_order integer, hidden boolean, open_in workspace_app_open_in)",
        Json(rows) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Positions beyond what a row can hold sort at the end.
fn clamped(order: i64) -> i32 {
    i32::try_from(order).unwrap_or(if order < 0 { i32::MIN } else { i32::MAX })
}
