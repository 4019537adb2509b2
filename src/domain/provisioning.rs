//! What passes between the job queue and a provisioner: the work handed out and the
//! results handed back. Owns shapes only; neither Terraform nor SQL is known here.
//! Source: spec/provisioning.md sections 2 and 5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{clock::Timestamp, ids::JobId, jobs::ProvisionerKind};

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

/// What a plan or an apply found.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProvisionedResources {
    /// Managed resources with what belongs to them.
    pub resources: Vec<Resource>,
    /// Parameters in the template's order.
    pub parameters: Vec<RichParameter>,
    /// External auth providers the template names.
    pub external_auth_providers: Vec<ExternalAuthProvider>,
    /// Terraform modules in use.
    pub modules: Vec<Module>,
}

/// A managed Terraform resource.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// The Terraform resource name.
    pub name: String,
    /// The Terraform resource type.
    pub kind: String,
    /// Agents that run on it.
    pub agents: Vec<Agent>,
    /// Key and value rows shown with it.
    pub metadata: Vec<ResourceMetadata>,
    /// Whether interfaces should leave it out.
    pub hide: bool,
    /// Icon path or URL.
    pub icon: String,
    /// The machine type, where the cloud tells it.
    pub instance_type: String,
    /// Cost in credits per day.
    pub daily_cost: i32,
    /// The module the resource stands in; empty for the root.
    pub module_path: String,
}

/// One key and value row of a resource.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceMetadata {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether the value must be masked on screen.
    pub sensitive: bool,
    /// Whether the template gave null.
    pub is_null: bool,
}

/// How an agent proves who it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AgentAuth {
    /// By a token; empty at plan time.
    Token(String),
    /// By the identity of its cloud instance; empty until known.
    InstanceId(String),
}

impl Default for AgentAuth {
    fn default() -> Self {
        Self::InstanceId(String::new())
    }
}

/// An agent of a resource.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Agent {
    /// The id in Terraform's state; empty at plan time.
    pub id: String,
    /// The Terraform resource name.
    pub name: String,
    /// Environment from the agent itself.
    pub env: BTreeMap<String, String>,
    /// Environment from `coder_env` blocks, in order; `env` wins.
    pub extra_envs: Vec<NamedValue>,
    /// Operating system.
    pub operating_system: String,
    /// Processor architecture.
    pub architecture: String,
    /// Working directory.
    pub directory: String,
    /// How it authenticates.
    pub auth: AgentAuth,
    /// Seconds until a silent agent counts as timed out.
    pub connection_timeout_seconds: i32,
    /// Where to get help.
    pub troubleshooting_url: String,
    /// File shown at sign-in.
    pub motd_file: String,
    /// Metadata items it reports.
    pub metadata: Vec<AgentMetadata>,
    /// Built-in apps to show.
    pub display_apps: DisplayApps,
    /// Scripts to run.
    pub scripts: Vec<Script>,
    /// Apps it offers.
    pub apps: Vec<App>,
    /// Position among agents.
    pub order: i64,
}

/// A metadata item that an agent reports.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AgentMetadata {
    /// Its key.
    pub key: String,
    /// Its title.
    pub display_name: String,
    /// The script that produces the value.
    pub script: String,
    /// Seconds between two runs.
    pub interval: i64,
    /// Seconds a run may last.
    pub timeout: i64,
    /// Position among items.
    pub order: i64,
}

/// Which built-in apps an agent shows.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent switches of the contract"
)]
pub struct DisplayApps {
    /// VS Code.
    pub vscode: bool,
    /// VS Code Insiders.
    pub vscode_insiders: bool,
    /// Terminal in the browser.
    pub web_terminal: bool,
    /// SSH helper.
    pub ssh_helper: bool,
    /// Port forwarding helper.
    pub port_forwarding_helper: bool,
}

/// A script of an agent.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Script {
    /// Its title.
    pub display_name: String,
    /// Icon path or URL.
    pub icon: String,
    /// The script text.
    pub script: String,
    /// Six-field schedule; empty when it does not repeat.
    pub cron: String,
    /// Whether sign-in waits for it.
    pub start_blocks_login: bool,
    /// Whether it runs at start.
    pub run_on_start: bool,
    /// Whether it runs at stop.
    pub run_on_stop: bool,
    /// Seconds it may run; 0 for no limit.
    pub timeout_seconds: i32,
    /// Where its output is kept.
    pub log_path: String,
}

/// Who may open an app.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "app_sharing_level", rename_all = "snake_case")]
pub enum SharingLevel {
    /// The workspace's owner.
    #[default]
    Owner,
    /// Whoever is signed in.
    Authenticated,
    /// Everyone.
    Public,
}

/// Where an app opens.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "workspace_app_open_in", rename_all = "kebab-case")]
pub enum OpenIn {
    /// A window of its own.
    Window,
    /// A window without a browser's bars.
    #[default]
    SlimWindow,
    /// A tab.
    Tab,
}

/// How an app's health is asked.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Healthcheck {
    /// What to fetch; empty for no check.
    pub url: String,
    /// Seconds between two checks.
    pub interval: i32,
    /// Failures in a row that make it unhealthy.
    pub threshold: i32,
}

/// An app of an agent.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct App {
    /// Its short name in URLs.
    pub slug: String,
    /// Its title.
    pub display_name: String,
    /// Command to run in a terminal.
    pub command: String,
    /// Where it listens.
    pub url: String,
    /// Icon path or URL.
    pub icon: String,
    /// Whether it has a host name of its own.
    pub subdomain: bool,
    /// Health check; empty URL for none.
    pub healthcheck: Healthcheck,
    /// Who may open it.
    pub sharing_level: SharingLevel,
    /// Whether it lives outside the workspace.
    pub external: bool,
    /// Position among apps.
    pub order: i64,
    /// Whether interfaces leave it out.
    pub hidden: bool,
    /// Where it opens.
    pub open_in: OpenIn,
}

/// A parameter that a template asks for.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RichParameter {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it means, in Markdown.
    pub description: String,
    /// `string`, `number`, `bool` or `list(string)`.
    pub kind: String,
    /// Whether a later build may change it.
    pub mutable: bool,
    /// The value when none is given.
    pub default_value: String,
    /// Icon path or URL.
    pub icon: String,
    /// The only allowed values, when not empty.
    pub options: Vec<ParameterOption>,
    /// Regular expression a string must match; empty for none.
    pub validation_regex: String,
    /// What to say when validation fails; empty for the usual text.
    pub validation_error: String,
    /// Least number.
    pub validation_min: Option<i32>,
    /// Greatest number.
    pub validation_max: Option<i32>,
    /// `increasing`, `decreasing` or empty.
    pub validation_monotonic: String,
    /// Whether a value must be given.
    pub required: bool,
    /// Whether its value lasts one build only.
    pub ephemeral: bool,
    /// Position among parameters.
    pub order: i32,
}

/// One allowed value of a parameter.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParameterOption {
    /// Its title.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The value.
    pub value: String,
    /// Icon path or URL.
    pub icon: String,
}

/// An external auth provider that a template names.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalAuthProvider {
    /// Its id in the deployment's settings.
    pub id: String,
    /// Whether a build may go on without it.
    pub optional: bool,
}

/// A Terraform module in use.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Module {
    /// Where it came from.
    pub source: String,
    /// Its version; empty when unversioned.
    pub version: String,
    /// Its key in the module tree.
    pub key: String,
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
