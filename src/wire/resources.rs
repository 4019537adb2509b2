//! Shapes of resources, agents and apps (spec workspaces, section 2.3).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

use super::time::Time;
use crate::domain::{
    agents::{self, AgentStatus, AppHealth, LifecycleState},
    clock::Timestamp,
    provisioning::{OpenIn, SharingLevel, Transition},
    resources as view,
};

const NANOSECONDS: i64 = 1_000_000_000;

/// What the shapes show beyond the rows: the instant at which agents are judged, and names.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instant.
    pub now: Timestamp,
    /// How long an agent's sign of life is good for.
    pub inactive_after: TimeDelta,
    /// Help page for agents whose template names none.
    pub troubleshooting_url: &'a str,
    /// Names of the workspace and its owner; without them no app gets a host name.
    pub workspace: Option<WorkspaceNames<'a>>,
}

/// What an app's host name is made of beside its own name.
#[derive(Clone, Copy, Debug)]
pub struct WorkspaceNames<'a> {
    /// The workspace's name.
    pub workspace: &'a str,
    /// The owner's username.
    pub owner: &'a str,
}

/// A resource (codersdk.WorkspaceResource).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceResource {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// The job that made it.
    pub job_id: Uuid,
    /// For which transition it stands.
    pub workspace_transition: Transition,
    /// The Terraform resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The Terraform resource name.
    pub name: String,
    /// Whether interfaces should leave it out.
    pub hide: bool,
    /// Icon path or URL.
    pub icon: String,
    /// Its agents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<WorkspaceAgent>,
    /// Key and value rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<WorkspaceResourceMetadata>,
    /// Cost in credits per day.
    pub daily_cost: i32,
}

/// A key and value row (codersdk.WorkspaceResourceMetadata).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceResourceMetadata {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether the value must be masked on screen.
    pub sensitive: bool,
}

/// An agent (codersdk.WorkspaceAgent).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceAgent {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// When it first connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_connected_at: Option<Time>,
    /// When it last gave a sign of life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_connected_at: Option<Time>,
    /// When its connection was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<Time>,
    /// When its start scripts began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When its start scripts were done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Time>,
    /// Whether it is connected.
    pub status: AgentStatus,
    /// How far it is with its scripts.
    pub lifecycle_state: LifecycleState,
    /// Its name.
    pub name: String,
    /// The resource it runs on.
    pub resource_id: Uuid,
    /// The cloud instance by which it authenticates.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    /// Processor architecture.
    pub architecture: String,
    /// Environment of its processes.
    pub environment_variables: Option<BTreeMap<String, String>>,
    /// Operating system.
    pub operating_system: String,
    /// Characters of log kept.
    pub logs_length: i32,
    /// Whether its log reached the limit.
    pub logs_overflowed: bool,
    /// Working directory as the template says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub directory: String,
    /// Working directory as the agent found it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expanded_directory: String,
    /// The agent's version.
    pub version: String,
    /// The agent's API version.
    pub api_version: String,
    /// Apps it offers.
    pub apps: Vec<WorkspaceApp>,
    /// How long it may take to connect, in seconds.
    pub connection_timeout_seconds: i32,
    /// Where to get help.
    pub troubleshooting_url: String,
    /// Subsystems it reported.
    pub subsystems: Vec<String>,
    /// Whether it is well.
    pub health: WorkspaceAgentHealth,
    /// Built-in apps to show.
    pub display_apps: Vec<String>,
    /// Sources of logs.
    pub log_sources: Vec<WorkspaceAgentLogSource>,
    /// Scripts it runs.
    pub scripts: Vec<WorkspaceAgentScript>,
    /// `blocking` when sign-in waits for a start script.
    pub startup_script_behavior: &'static str,
}

/// Whether an agent is well (codersdk.WorkspaceAgentHealth).
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceAgentHealth {
    /// Whether it is well.
    pub healthy: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// A source of an agent's logs (codersdk.WorkspaceAgentLogSource).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceAgentLogSource {
    /// The agent.
    pub workspace_agent_id: Uuid,
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// Its title.
    pub display_name: String,
    /// Icon path or URL.
    pub icon: String,
}

/// A script (codersdk.WorkspaceAgentScript).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceAgentScript {
    /// Its id.
    pub id: Uuid,
    /// The source its output is logged under.
    pub log_source_id: Uuid,
    /// Where its output is kept.
    pub log_path: String,
    /// The script text.
    pub script: String,
    /// When it repeats.
    pub cron: String,
    /// Whether it runs at start.
    pub run_on_start: bool,
    /// Whether it runs at stop.
    pub run_on_stop: bool,
    /// Whether sign-in waits for it.
    pub start_blocks_login: bool,
    /// Nanoseconds it may run; 0 for no limit.
    pub timeout: i64,
    /// Its title.
    pub display_name: String,
}

/// An app (codersdk.WorkspaceApp).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceApp {
    /// Its id.
    pub id: Uuid,
    /// Where it listens.
    pub url: String,
    /// Whether it lives outside the workspace.
    pub external: bool,
    /// Its short name in URLs.
    pub slug: String,
    /// Its title.
    pub display_name: String,
    /// Command to run in a terminal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// Icon path or URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// Whether it has a host name of its own.
    pub subdomain: bool,
    /// The first label of that host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdomain_name: Option<String>,
    /// Who may open it.
    pub sharing_level: SharingLevel,
    /// How its health is asked.
    pub healthcheck: Healthcheck,
    /// What the check says.
    pub health: AppHealth,
    /// Whether interfaces leave it out.
    pub hidden: bool,
    /// Where it opens.
    pub open_in: OpenIn,
}

/// How an app's health is asked (codersdk.Healthcheck).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Healthcheck {
    /// What to fetch.
    pub url: String,
    /// Seconds between two checks.
    pub interval: i32,
    /// Failures in a row that make it unhealthy.
    pub threshold: i32,
}

impl WorkspaceResource {
    /// The shape of a resource.
    #[must_use]
    pub fn new(resource: view::Resource, context: &Context<'_>) -> Self {
        Self {
            id: resource.id.0,
            created_at: resource.created_at.into(),
            job_id: resource.job_id.0,
            workspace_transition: resource.transition,
            kind: resource.kind,
            name: resource.name,
            hide: resource.hide,
            icon: resource.icon,
            agents: resource
                .agents
                .into_iter()
                .map(|agent| WorkspaceAgent::new(agent, context))
                .collect(),
            metadata: resource.metadata.into_iter().map(Into::into).collect(),
            daily_cost: resource.daily_cost,
        }
    }
}

impl WorkspaceAgent {
    /// The shape of an agent, judged at the context's instant.
    #[must_use]
    pub fn new(agent: view::Agent, context: &Context<'_>) -> Self {
        let judged = agent
            .connection()
            .judge(context.now, context.inactive_after);
        let ailment = agents::ailment(judged.status, agent.lifecycle_state);
        let blocks = agent
            .scripts
            .iter()
            .any(|script| script.run_on_start && script.start_blocks_login);
        let apps = agent
            .apps
            .into_iter()
            .map(|app| WorkspaceApp::new(app, &agent.name, context))
            .collect();
        let troubleshooting_url = if agent.troubleshooting_url.is_empty() {
            context.troubleshooting_url.to_owned()
        } else {
            agent.troubleshooting_url
        };
        Self {
            id: agent.id.0,
            created_at: agent.created_at.into(),
            updated_at: agent.updated_at.into(),
            first_connected_at: agent.first_connected_at.map(Time),
            last_connected_at: agent.last_connected_at.map(Time),
            disconnected_at: judged.disconnected_at.map(Time),
            started_at: agent.started_at.map(Time),
            ready_at: agent.ready_at.map(Time),
            status: judged.status,
            lifecycle_state: agent.lifecycle_state,
            name: agent.name,
            resource_id: agent.resource_id.0,
            instance_id: agent.instance_id,
            architecture: agent.architecture,
            environment_variables: agent.environment_variables,
            operating_system: agent.operating_system,
            logs_length: agent.logs_length,
            logs_overflowed: agent.logs_overflowed,
            directory: agent.directory,
            expanded_directory: agent.expanded_directory,
            version: agent.version,
            api_version: agent.api_version,
            apps,
            connection_timeout_seconds: agent.connection_timeout_seconds,
            troubleshooting_url,
            subsystems: agent.subsystems,
            health: WorkspaceAgentHealth {
                healthy: ailment.is_none(),
                reason: ailment,
            },
            display_apps: agent.display_apps,
            log_sources: agent.log_sources.into_iter().map(Into::into).collect(),
            scripts: agent.scripts.into_iter().map(Into::into).collect(),
            startup_script_behavior: if blocks { "blocking" } else { "non-blocking" },
        }
    }
}

impl WorkspaceApp {
    /// The shape of an app of the agent with this name.
    #[must_use]
    pub fn new(app: view::App, agent: &str, context: &Context<'_>) -> Self {
        let subdomain_name = context.workspace.filter(|_| app.subdomain).map(|names| {
            let slug = &app.slug;
            format!("{slug}--{agent}--{}--{}", names.workspace, names.owner)
        });
        Self {
            id: app.id.0,
            url: app.url,
            external: app.external,
            slug: app.slug,
            display_name: app.display_name,
            command: app.command,
            icon: app.icon,
            subdomain: app.subdomain,
            subdomain_name,
            sharing_level: app.sharing_level,
            healthcheck: Healthcheck {
                url: app.healthcheck_url,
                interval: app.healthcheck_interval,
                threshold: app.healthcheck_threshold,
            },
            health: app.health,
            hidden: app.hidden,
            open_in: app.open_in,
        }
    }
}

impl From<view::Metadata> for WorkspaceResourceMetadata {
    fn from(row: view::Metadata) -> Self {
        Self {
            key: row.key,
            value: row.value,
            sensitive: row.sensitive,
        }
    }
}

impl From<view::LogSource> for WorkspaceAgentLogSource {
    fn from(source: view::LogSource) -> Self {
        Self {
            workspace_agent_id: source.agent_id.0,
            id: source.id.0,
            created_at: source.created_at.into(),
            display_name: source.display_name,
            icon: source.icon,
        }
    }
}

impl From<view::Script> for WorkspaceAgentScript {
    fn from(script: view::Script) -> Self {
        Self {
            id: script.id.0,
            log_source_id: script.log_source_id.0,
            log_path: script.log_path,
            script: script.script,
            cron: script.cron,
            run_on_start: script.run_on_start,
            run_on_stop: script.run_on_stop,
            start_blocks_login: script.start_blocks_login,
            timeout: i64::from(script.timeout_seconds) * NANOSECONDS,
            display_name: script.display_name,
        }
    }
}
