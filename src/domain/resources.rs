//! What a job made, as its readers see it: resources with their agents and apps.
//! What a provisioner hands in is in `provisioning`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;

use super::{
    agents::{AppHealth, Connection, LifecycleState},
    clock::Timestamp,
    ids::{AgentId, AppId, JobId, LogSourceId, ResourceId, ScriptId},
    provisioning::{OpenIn, SharingLevel, Transition},
};

/// A resource of a job.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The job that made it.
    pub job_id: JobId,
    /// When it was made.
    pub created_at: Timestamp,
    /// For which transition it stands.
    pub transition: Transition,
    /// The Terraform resource type.
    pub kind: String,
    /// The Terraform resource name.
    pub name: String,
    /// Whether interfaces should leave it out.
    pub hide: bool,
    /// Icon path or URL.
    pub icon: String,
    /// Cost in credits per day.
    pub daily_cost: i32,
    /// Key and value rows, in the template's order.
    pub metadata: Vec<Metadata>,
    /// Its agents, in their order.
    pub agents: Vec<Agent>,
}

/// A key and value row of a resource.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Metadata {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether the value must be masked on screen.
    pub sensitive: bool,
}

/// An agent with what belongs to it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The resource it runs on.
    pub resource_id: ResourceId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it first connected.
    pub first_connected_at: Option<Timestamp>,
    /// When it last gave a sign of life.
    pub last_connected_at: Option<Timestamp>,
    /// When its connection ended.
    pub disconnected_at: Option<Timestamp>,
    /// When its start scripts began.
    pub started_at: Option<Timestamp>,
    /// When its start scripts were done.
    pub ready_at: Option<Timestamp>,
    /// How far it is with its scripts.
    pub lifecycle_state: LifecycleState,
    /// The cloud instance by which it authenticates; empty for a token.
    pub instance_id: String,
    /// Processor architecture.
    pub architecture: String,
    /// Operating system.
    pub operating_system: String,
    /// Environment of its processes; `None` when the template sets none.
    pub environment_variables: Option<BTreeMap<String, String>>,
    /// Characters of log kept.
    pub logs_length: i32,
    /// Whether its log reached the limit.
    pub logs_overflowed: bool,
    /// Working directory as the template says.
    pub directory: String,
    /// Working directory as the agent found it.
    pub expanded_directory: String,
    /// The agent's version.
    pub version: String,
    /// The agent's API version.
    pub api_version: String,
    /// How long it may take to connect, in seconds; zero for ever.
    pub connection_timeout_seconds: i32,
    /// Where to get help; empty for the deployment's page.
    pub troubleshooting_url: String,
    /// Subsystems it reported.
    pub subsystems: Vec<String>,
    /// Built-in apps to show.
    pub display_apps: Vec<String>,
    /// Position among agents.
    pub display_order: i32,
    /// Apps, in their order.
    pub apps: Vec<App>,
    /// Scripts, in the order they were stored.
    pub scripts: Vec<Script>,
    /// Sources of logs.
    pub log_sources: Vec<LogSource>,
}

impl Agent {
    /// The times by which its connection is judged.
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection {
            created_at: self.created_at,
            first_connected_at: self.first_connected_at,
            last_connected_at: self.last_connected_at,
            disconnected_at: self.disconnected_at,
            timeout: TimeDelta::seconds(self.connection_timeout_seconds.into()),
        }
    }

    /// Puts its apps into the order in which they are shown: by position, title, short name.
    pub fn sort_apps(&mut self) {
        self.apps.sort_by(|left, right| {
            (left.display_order, &left.display_name, &left.slug).cmp(&(
                right.display_order,
                &right.display_name,
                &right.slug,
            ))
        });
    }
}

/// An app of an agent.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// The agent that offers it.
    pub agent_id: AgentId,
    /// Its short name in URLs.
    pub slug: String,
    /// Its title.
    pub display_name: String,
    /// Icon path or URL.
    pub icon: String,
    /// Command to run in a terminal; empty for none.
    pub command: String,
    /// Where it listens; empty for none.
    pub url: String,
    /// Whether it lives outside the workspace.
    pub external: bool,
    /// Whether it has a host name of its own.
    pub subdomain: bool,
    /// Who may open it.
    pub sharing_level: SharingLevel,
    /// What to fetch to see whether it lives; empty for no check.
    pub healthcheck_url: String,
    /// Seconds between two checks.
    pub healthcheck_interval: i32,
    /// Failures in a row that make it unhealthy.
    pub healthcheck_threshold: i32,
    /// What the check says.
    pub health: AppHealth,
    /// Position among apps.
    pub display_order: i32,
    /// Whether interfaces leave it out.
    pub hidden: bool,
    /// Where it opens.
    pub open_in: OpenIn,
}

/// A script of an agent.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Script {
    /// Its id.
    pub id: ScriptId,
    /// The agent that runs it.
    pub agent_id: AgentId,
    /// The source its output is logged under.
    pub log_source_id: LogSourceId,
    /// Its title.
    pub display_name: String,
    /// Where its output is kept.
    pub log_path: String,
    /// The script text.
    pub script: String,
    /// When it repeats; empty when it does not.
    pub cron: String,
    /// Whether sign-in waits for it.
    pub start_blocks_login: bool,
    /// Whether it runs at start.
    pub run_on_start: bool,
    /// Whether it runs at stop.
    pub run_on_stop: bool,
    /// Seconds it may run; 0 for no limit.
    pub timeout_seconds: i32,
}

/// A source of an agent's logs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct LogSource {
    /// Its id, unique within the agent.
    pub id: LogSourceId,
    /// The agent that logs.
    pub agent_id: AgentId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its title.
    pub display_name: String,
    /// Icon path or URL.
    pub icon: String,
}

/// Puts resources into the order in which they are shown: by the lowest position of their
/// agents, those without agents last, then by name (spec WS-31).
pub fn sort(resources: &mut [Resource]) {
    for resource in resources.iter_mut() {
        for agent in &mut resource.agents {
            agent.sort_apps();
        }
        resource.agents.sort_by(|left, right| {
            (left.display_order, &left.name).cmp(&(right.display_order, &right.name))
        });
    }
    let position = |resource: &Resource| {
        let first = resource.agents.first();
        first.map_or(i64::MAX, |agent| agent.display_order.into())
    };
    resources
        .sort_by(|left, right| (position(left), &left.name).cmp(&(position(right), &right.name)));
}
