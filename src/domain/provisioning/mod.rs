//! What passes between the job queue and a provisioner: the work handed out and the
//! results handed back. Owns shapes only; neither Terraform nor SQL is known here.
//! Source: spec/provisioning.md sections 2 and 5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use resources::{
    Agent, AgentAuth, AgentMetadata, App, DisplayApps, ExternalAuthProvider, Healthcheck, Module,
    OpenIn, ParameterOption, ProvisionedResources, Resource, ResourceMetadata, RichParameter,
    Script, SharingLevel,
};

use super::{clock::Timestamp, ids::JobId, jobs::ProvisionerKind};

mod resources;

/// What a build does with a workspace's resources.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "workspace_transition", rename_all = "snake_case")]
pub enum Transition {
    /// Make the resources, or make them again.
    Start,
    /// Remove what lives only while the workspace runs.
    Stop,
    /// Remove everything.
    Delete,
}

/// A name with its value: a variable or a parameter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedValue {
    /// The name in the template.
    pub name: String,
    /// The value as text.
    pub value: String,
}

/// A job as a provisioner receives it.
#[derive(Clone, Debug)]
pub struct AcquiredJob {
    /// The job to report on.
    pub id: JobId,
    /// The engine it needs.
    pub provisioner: ProvisionerKind,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The template archive, a tar.
    pub archive: Vec<u8>,
    /// The user who asked for it: its name.
    pub user_name: String,
    /// What to do.
    pub work: Work,
}

/// The three kinds of provisioner work.
#[derive(Clone, Debug)]
pub enum Work {
    /// Import a template version: parse, then plan a start and a stop.
    Import {
        /// Values the user gave for template variables.
        user_variable_values: Vec<NamedValue>,
        /// The facts about the deployment.
        metadata: BuildMetadata,
    },
    /// Plan a version with given parameters and keep nothing.
    DryRun {
        /// Parameter values.
        rich_parameter_values: Vec<NamedValue>,
        /// Template variable values.
        variable_values: Vec<NamedValue>,
        /// The facts about the imagined workspace.
        metadata: BuildMetadata,
    },
    /// Build a workspace.
    Build {
        /// The Terraform state to begin from; empty when there is none.
        state: Vec<u8>,
        /// Parameter values of this build.
        rich_parameter_values: Vec<NamedValue>,
        /// Template variable values.
        variable_values: Vec<NamedValue>,
        /// Access tokens by external auth provider id.
        external_auth: Vec<NamedValue>,
        /// Whether the user asked for Terraform's own debug log.
        debug_log: bool,
        /// The facts about the workspace and its owner.
        metadata: BuildMetadata,
    },
}

/// Facts that the Terraform provider reads from its environment.
#[derive(Clone, Debug)]
pub struct BuildMetadata {
    /// The access URL of the deployment.
    pub access_url: String,
    /// What the build does.
    pub transition: Transition,
    /// The workspace's name; empty at import.
    pub workspace_name: String,
    /// The workspace's id; empty at import.
    pub workspace_id: String,
    /// The owner's username.
    pub owner_name: String,
    /// The owner's id.
    pub owner_id: String,
    /// The owner's e-mail address.
    pub owner_email: String,
    /// The owner's full name.
    pub owner_full_name: String,
    /// Names of the owner's groups in the organization; `None` at import.
    pub owner_groups: Option<Vec<String>>,
    /// The owner's OIDC access token, or empty.
    pub owner_oidc_access_token: String,
    /// A fresh API key of the owner; only for a start.
    pub owner_session_token: String,
    /// The owner's public git SSH key.
    pub owner_ssh_public_key: String,
    /// The owner's private git SSH key.
    pub owner_ssh_private_key: String,
    /// How the owner signs in.
    pub owner_login_type: String,
    /// The template's id.
    pub template_id: String,
    /// The template's name.
    pub template_name: String,
    /// The template version's name.
    pub template_version: String,
    /// The build's id; empty at import and dry run.
    pub build_id: String,
}

/// A variable that a template declares.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// Its name.
    pub name: String,
    /// What the author wrote about it.
    pub description: String,
    /// The source text of its type expression.
    pub kind: String,
    /// Its default as text; empty when there is none.
    pub default_value: String,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether its value must not be shown.
    pub sensitive: bool,
}

/// What parsing an archive without running Terraform yields.
#[derive(Clone, Default, Debug)]
pub struct ParsedTemplate {
    /// The declared variables, by file and line.
    pub variables: Vec<TemplateVariable>,
    /// The bytes of README.md as text; empty when absent.
    pub readme: String,
    /// Workspace tags: key to unevaluated expression source.
    pub workspace_tags: BTreeMap<String, String>,
}

/// The step of a build that a timing belongs to.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "provisioner_job_timing_stage", rename_all = "snake_case")]
pub enum TimingStage {
    /// `terraform init`.
    Init,
    /// `terraform plan`.
    Plan,
    /// `terraform graph`.
    Graph,
    /// `terraform apply`.
    Apply,
}

/// How long one step on one resource took.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timing {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The step of the build.
    pub stage: TimingStage,
    /// Who did it: a provider's name.
    pub source: String,
    /// What was done.
    pub action: String,
    /// The resource's address.
    pub resource: String,
}

/// Who wrote a log line.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "log_source", rename_all = "snake_case")]
pub enum LogSource {
    /// The daemon that runs the job.
    ProvisionerDaemon,
    /// The engine: Terraform.
    Provisioner,
}

/// How grave a log line is.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "log_level", rename_all = "snake_case")]
pub enum LogLevel {
    /// Finest detail.
    Trace,
    /// Detail.
    Debug,
    /// Ordinary.
    Info,
    /// Something odd.
    Warn,
    /// Something failed.
    Error,
}

/// One line of a job's log, before it has an id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// When it was written.
    pub created_at: Timestamp,
    /// Who wrote it.
    pub source: LogSource,
    /// How grave it is.
    pub level: LogLevel,
    /// The stage it belongs to; free text that groups lines.
    pub stage: String,
    /// The text.
    pub output: String,
}

/// What a job that ended well brought.
#[derive(Clone, Debug)]
pub enum Completed {
    /// Of a template import.
    Import {
        /// What a start would make.
        start: ProvisionedResources,
        /// What remains after a stop.
        stop: ProvisionedResources,
        /// How long the steps took.
        timings: Vec<Timing>,
    },
    /// Of a dry run.
    DryRun {
        /// What a start would make.
        resources: ProvisionedResources,
    },
    /// Of a build.
    Build {
        /// What exists now.
        resources: ProvisionedResources,
        /// Terraform's state now; empty when nothing is left.
        state: Vec<u8>,
        /// How long the steps took.
        timings: Vec<Timing>,
    },
}

/// Why a job failed, with what must not be lost.
#[derive(Clone, Default, Debug)]
pub struct Failed {
    /// The text shown to the user.
    pub error: String,
    /// Terraform's state after a half-done apply, when there is one.
    pub state: Option<Vec<u8>>,
    /// How long the steps took.
    pub timings: Vec<Timing>,
}
