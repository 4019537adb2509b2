//! Shapes of workspaces: what is shown, and what requests change.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    builds::WorkspaceBuild,
    resources::Context,
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    activity::UsedApp, builds::AutomaticUpdates, names, provisioning::NamedValue,
    workspaces::WorkspaceView,
};

/// A workspace (codersdk.Workspace).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent facts of the contract"
)]
pub struct Workspace {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// When it was made, too: nothing here changes it.
    pub updated_at: Time,
    /// Whose it is.
    pub owner_id: Uuid,
    /// The owner's username.
    pub owner_name: String,
    /// The owner's picture.
    pub owner_avatar_url: String,
    /// Where it belongs.
    pub organization_id: Uuid,
    /// The organization's name.
    pub organization_name: String,
    /// What it is made from.
    pub template_id: Uuid,
    /// The template's name.
    pub template_name: String,
    /// The template's title.
    pub template_display_name: String,
    /// The template's picture.
    pub template_icon: String,
    /// Whether users may cancel its builds.
    pub template_allow_user_cancel_workspace_jobs: bool,
    /// The version that new workspaces get.
    pub template_active_version_id: Uuid,
    /// Whether workspaces must use that version.
    pub template_require_active_version: bool,
    /// The build with the highest number.
    pub latest_build: WorkspaceBuild,
    /// Whether that build uses another version than the active one.
    pub outdated: bool,
    /// Its name.
    pub name: String,
    /// When it starts by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autostart_schedule: Option<String>,
    /// Milliseconds until it stops by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
    /// When it was last used.
    pub last_used_at: Time,
    /// When it will be deleted for sleeping.
    pub deleting_at: Option<Time>,
    /// Since when it sleeps.
    pub dormant_at: Option<Time>,
    /// How its agents are.
    pub health: WorkspaceHealth,
    /// Whether it takes new versions by itself.
    pub automatic_updates: AutomaticUpdates,
    /// Whether workspaces may be renamed here.
    pub allow_renames: bool,
    /// Whether the caller owns it and likes to see it first.
    pub favorite: bool,
    /// When it will start by itself.
    pub next_start_at: Option<Time>,
}

/// How a workspace's agents are (codersdk.WorkspaceHealth).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceHealth {
    /// Whether none fails.
    pub healthy: bool,
    /// Those that fail.
    pub failing_agents: Vec<Uuid>,
}

/// Who is shown a workspace, and where.
#[derive(Clone, Copy, Debug)]
pub struct Audience {
    /// Whether it is the owner.
    pub is_owner: bool,
    /// Whether workspaces may be renamed here.
    pub allow_renames: bool,
}

impl Workspace {
    /// The shape of a workspace for an audience.
    #[must_use]
    pub fn new(view: WorkspaceView, audience: Audience, context: &Context<'_>) -> Self {
        let outdated = view.is_outdated();
        let workspace = view.workspace.clone();
        let template = &workspace.template;
        let organization_name = view.organization_name.clone();
        let template_name = view.template_name.clone();
        let template_display_name = view.template_display_name.clone();
        let template_icon = view.template_icon.clone();
        let latest_build = WorkspaceBuild::new(view, context);
        Self {
            id: workspace.id.0,
            created_at: workspace.created_at.into(),
            updated_at: workspace.updated_at.into(),
            owner_id: workspace.owner_id.0,
            owner_name: latest_build.workspace_owner_name.clone(),
            owner_avatar_url: latest_build.workspace_owner_avatar_url.clone(),
            organization_id: workspace.organization_id.0,
            organization_name,
            template_id: template.id.0,
            template_name,
            template_display_name,
            template_icon,
            template_allow_user_cancel_workspace_jobs: template.allow_user_cancel_workspace_jobs,
            template_active_version_id: template.active_version_id.0,
            template_require_active_version: template.require_active_version,
            health: WorkspaceHealth::of(&latest_build),
            latest_build,
            outdated,
            ttl_ms: workspace.shown_ttl().map(|ttl| ttl.num_milliseconds()),
            name: workspace.name,
            autostart_schedule: workspace.autostart_schedule,
            last_used_at: workspace.last_used_at.into(),
            deleting_at: workspace.deleting_at.map(Time),
            dormant_at: workspace.dormant_at.map(Time),
            automatic_updates: workspace.automatic_updates,
            allow_renames: audience.allow_renames,
            favorite: workspace.favorite && audience.is_owner,
            next_start_at: workspace.next_start_at.map(Time),
        }
    }
}

impl WorkspaceHealth {
    /// What the agents of a build make of it.
    fn of(build: &WorkspaceBuild) -> Self {
        let agents = build.resources.iter().flat_map(|resource| &resource.agents);
        let failing_agents: Vec<Uuid> = agents
            .filter(|agent| !agent.health.healthy)
            .map(|agent| agent.id)
            .collect();
        Self {
            healthy: failing_agents.is_empty(),
            failing_agents,
        }
    }
}

/// A page of workspaces (codersdk.WorkspacesResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspacesResponse {
    /// The page.
    pub workspaces: Vec<Workspace>,
    /// How many there are on all pages.
    pub count: i64,
}

/// A parameter's value (codersdk.WorkspaceBuildParameter).
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct WorkspaceBuildParameter {
    /// The parameter's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<WorkspaceBuildParameter> for NamedValue {
    fn from(parameter: WorkspaceBuildParameter) -> Self {
        Self {
            name: parameter.name,
            value: parameter.value,
        }
    }
}

impl From<NamedValue> for WorkspaceBuildParameter {
    fn from(value: NamedValue) -> Self {
        Self {
            name: value.name,
            value: value.value,
        }
    }
}

/// Makes a workspace (codersdk.CreateWorkspaceRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateWorkspaceRequest {
    /// The template whose active version is built.
    pub template_id: Uuid,
    /// Or the version that is built.
    pub template_version_id: Uuid,
    /// Its name.
    pub name: String,
    /// When it starts by itself.
    pub autostart_schedule: Option<String>,
    /// Milliseconds until it stops by itself.
    pub ttl_ms: Option<i64>,
    /// Values of the version's parameters.
    pub rich_parameter_values: Vec<WorkspaceBuildParameter>,
    /// Whether it takes new versions by itself; empty reads as never.
    pub automatic_updates: String,
}

impl Validate for CreateWorkspaceRequest {
    fn validate(&self, faults: &mut Faults) {
        let (template, version) = (self.template_id, self.template_version_id);
        let rule = if template.is_nil() && version.is_nil() {
            Some("required_without")
        } else if !template.is_nil() && !version.is_nil() {
            Some("excluded_with")
        } else {
            None
        };
        if let Some(rule) = rule {
            faults.check(false, "template_id", rule, template);
            faults.check(false, "template_version_id", rule, version);
        }
        faults.check(
            names::is_workspace_name(&self.name),
            "name",
            "workspace_name",
            &self.name,
        );
    }
}

/// Renames a workspace (codersdk.UpdateWorkspaceRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateWorkspaceRequest {
    /// The new name.
    pub name: String,
}

impl Validate for UpdateWorkspaceRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            names::is_workspace_name(&self.name),
            "name",
            "username",
            &self.name,
        );
    }
}

/// Sets when a workspace starts by itself (codersdk.UpdateWorkspaceAutostartRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateWorkspaceAutostartRequest {
    /// The schedule; absent or empty for never.
    pub schedule: Option<String>,
}

impl Validate for UpdateWorkspaceAutostartRequest {}

/// Sets when a workspace stops by itself (codersdk.UpdateWorkspaceTTLRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateWorkspaceTTLRequest {
    /// Milliseconds after a start; absent or 0 for never.
    pub ttl_ms: Option<i64>,
}

impl Validate for UpdateWorkspaceTTLRequest {}

/// Sets whether a workspace takes new versions by itself
/// (codersdk.UpdateWorkspaceAutomaticUpdatesRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateWorkspaceAutomaticUpdatesRequest {
    /// `always` or `never`.
    pub automatic_updates: String,
}

impl Validate for UpdateWorkspaceAutomaticUpdatesRequest {}

/// Puts a workspace to sleep or wakes it (codersdk.UpdateWorkspaceDormancy).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateWorkspaceDormancy {
    /// Whether it sleeps.
    pub dormant: bool,
}

impl Validate for UpdateWorkspaceDormancy {}

/// How an absent time reads in the word on a broken rule; clients compare it.
const NO_TIME: &str = "0001-01-01 00:00:00 +0000 UTC";

/// Moves the deadline of a running workspace (codersdk.PutExtendWorkspaceRequest).
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PutExtendWorkspaceRequest {
    /// The new deadline.
    pub deadline: Time,
}

impl Default for PutExtendWorkspaceRequest {
    fn default() -> Self {
        Self {
            deadline: Time::zero(),
        }
    }
}

impl Validate for PutExtendWorkspaceRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(!self.deadline.is_zero(), "deadline", "required", NO_TIME);
    }
}

/// Says through what a workspace is used (codersdk.PostWorkspaceUsageRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PostWorkspaceUsageRequest {
    /// The agent; nil for none.
    pub agent_id: Uuid,
    /// The app; empty for none.
    #[schema(value_type = Option<UsedApp>)]
    pub app_name: String,
}

impl Validate for PostWorkspaceUsageRequest {}

/// Whether an automatic start would lack a value (codersdk.ResolveAutostartResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResolveAutostartResponse {
    /// Whether a parameter of the active version has no usable value.
    pub parameter_mismatch: bool,
}
