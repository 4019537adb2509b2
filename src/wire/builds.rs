//! Shapes of builds: what is shown, what a request asks for, and how long things took.

use base64::Engine as _;
use serde::{Deserialize, Deserializer, Serialize, de};
use uuid::Uuid;

use super::{
    jobs::{MatchedProvisioners, ProvisionerJob, ProvisionerTiming},
    resources::{Context, WorkspaceNames, WorkspaceResource},
    time::Time,
    validate::{Faults, Validate},
    workspaces::WorkspaceBuildParameter,
};
use crate::domain::{
    builds::{BuildReason, BuildTimings},
    jobs::WorkspaceStatus,
    provisioning::Transition,
    workspaces::WorkspaceView,
};

/// A build of a workspace (codersdk.WorkspaceBuild).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceBuild {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// The workspace.
    pub workspace_id: Uuid,
    /// The workspace's name.
    pub workspace_name: String,
    /// Whose workspace it is.
    pub workspace_owner_id: Uuid,
    /// The owner's username.
    pub workspace_owner_name: String,
    /// The owner's picture.
    pub workspace_owner_avatar_url: String,
    /// The version that is built.
    pub template_version_id: Uuid,
    /// The version's name.
    pub template_version_name: String,
    /// 1 for the workspace's first.
    pub build_number: i32,
    /// What it does.
    pub transition: Transition,
    /// Who asked for it.
    pub initiator_id: Uuid,
    /// That user's name.
    pub initiator_name: String,
    /// The job that carries it out.
    pub job: ProvisionerJob,
    /// Why it was made.
    pub reason: BuildReason,
    /// What it made.
    pub resources: Vec<WorkspaceResource>,
    /// When the workspace stops unless it is extended.
    pub deadline: Option<Time>,
    /// The latest that an extension can reach.
    pub max_deadline: Option<Time>,
    /// The status it gives the workspace.
    pub status: WorkspaceStatus,
    /// Cost in credits a day.
    pub daily_cost: i32,
    /// The daemons that could take the job.
    pub matched_provisioners: MatchedProvisioners,
}

impl WorkspaceBuild {
    /// The shape of a view's build; the context's names are those of the view.
    #[must_use]
    pub fn new(view: WorkspaceView, context: &Context<'_>) -> Self {
        let names = WorkspaceNames {
            workspace: &view.workspace.name,
            owner: &view.owner_name,
        };
        let context = Context {
            workspace: Some(names),
            ..*context
        };
        let resources = view
            .resources
            .into_iter()
            .map(|resource| WorkspaceResource::new(resource, &context))
            .collect();
        let build = view.build;
        Self {
            id: build.id.0,
            created_at: build.created_at.into(),
            updated_at: build.updated_at.into(),
            workspace_id: view.workspace.id.0,
            workspace_name: view.workspace.name,
            workspace_owner_id: view.workspace.owner_id.0,
            workspace_owner_name: view.owner_name,
            workspace_owner_avatar_url: view.owner_avatar_url,
            template_version_id: build.template_version_id.0,
            template_version_name: view.version_name,
            build_number: build.number,
            transition: build.transition,
            initiator_id: build.initiator_id.0,
            initiator_name: view.initiator_name,
            job: ProvisionerJob::from(&view.job),
            reason: build.reason,
            resources,
            deadline: build.deadline.map(Time),
            max_deadline: build.max_deadline.map(Time),
            status: WorkspaceStatus::of(view.job.status(), build.transition),
            daily_cost: build.daily_cost,
            matched_provisioners: view.job.matched.into(),
        }
    }
}

/// Asks for a build (codersdk.CreateWorkspaceBuildRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateWorkspaceBuildRequest {
    /// The version to build; absent for that of the build before.
    pub template_version_id: Uuid,
    /// `start`, `stop` or `delete`.
    pub transition: String,
    /// Accepted, and without effect.
    pub dry_run: bool,
    /// Terraform state to begin from, in base64.
    #[serde(deserialize_with = "base64_bytes")]
    #[schema(value_type = Option<String>)]
    pub state: Vec<u8>,
    /// Whether a delete forgets the resources instead of destroying them.
    pub orphan: bool,
    /// Values of the version's parameters.
    pub rich_parameter_values: Vec<WorkspaceBuildParameter>,
    /// `debug` for Terraform's own log.
    pub log_level: String,
}

impl CreateWorkspaceBuildRequest {
    /// What the build does; `None` for a word that is no transition.
    #[must_use]
    pub fn transition(&self) -> Option<Transition> {
        match self.transition.as_str() {
            "start" => Some(Transition::Start),
            "stop" => Some(Transition::Stop),
            "delete" => Some(Transition::Delete),
            _ => None,
        }
    }
}

impl Validate for CreateWorkspaceBuildRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            self.transition().is_some(),
            "transition",
            "oneof",
            &self.transition,
        );
        faults.check(
            matches!(self.log_level.as_str(), "" | "debug"),
            "log_level",
            "oneof",
            &self.log_level,
        );
    }
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    base64::engine::general_purpose::STANDARD
        .decode(text.as_bytes())
        .map_err(|error| de::Error::custom(format_args!("not base64: {error}")))
}

/// How long the steps of a build took (codersdk.WorkspaceBuildTimings).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceBuildTimings {
    /// Steps of the provisioner.
    pub provisioner_timings: Vec<ProvisionerTiming>,
    /// Runs of the agents' scripts.
    pub agent_script_timings: Vec<AgentScriptTiming>,
    /// Waits for the agents.
    pub agent_connection_timings: Vec<AgentConnectionTiming>,
}

/// A run of an agent's script (codersdk.AgentScriptTiming).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AgentScriptTiming {
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// How it ended.
    pub exit_code: i32,
    /// `start`, `stop` or `cron`.
    pub stage: String,
    /// `ok`, or what went wrong.
    pub status: String,
    /// The script's title.
    pub display_name: String,
    /// The agent.
    pub workspace_agent_id: String,
    /// The agent's name.
    pub workspace_agent_name: String,
}

/// A wait for an agent (codersdk.AgentConnectionTiming).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AgentConnectionTiming {
    /// When the agent was made.
    pub started_at: Time,
    /// When it first connected.
    pub ended_at: Time,
    /// `connect`.
    pub stage: &'static str,
    /// The agent.
    pub workspace_agent_id: String,
    /// Its name.
    pub workspace_agent_name: String,
}

impl From<BuildTimings> for WorkspaceBuildTimings {
    fn from(timings: BuildTimings) -> Self {
        let scripts = timings.scripts.into_iter().map(|run| AgentScriptTiming {
            started_at: run.started_at.into(),
            ended_at: run.ended_at.into(),
            exit_code: run.exit_code,
            stage: run.stage,
            status: run.status,
            display_name: run.display_name,
            workspace_agent_id: run.agent_id.to_string(),
            workspace_agent_name: run.agent_name,
        });
        let connections = timings
            .connections
            .into_iter()
            .map(|wait| AgentConnectionTiming {
                started_at: wait.created_at.into(),
                ended_at: Time::or_zero(wait.first_connected_at),
                stage: "connect",
                workspace_agent_id: wait.agent_id.to_string(),
                workspace_agent_name: wait.agent_name,
            });
        Self {
            provisioner_timings: timings.provisioner.into_iter().map(Into::into).collect(),
            agent_script_timings: scripts.collect(),
            agent_connection_timings: connections.collect(),
        }
    }
}
