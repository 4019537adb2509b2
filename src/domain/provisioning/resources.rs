//! What a plan or an apply found: resources, agents, apps, parameters, modules. Owns shapes
//! only. Source: spec/provisioning.md section 5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::NamedValue;
use crate::domain::text_enum::text_enum;

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

text_enum! {
    /// Who may open an app or a port.
    #[derive(Default)]
    #[sqlx(type_name = "app_sharing_level")]
    pub enum SharingLevel {
        /// The workspace's owner.
        #[default]
        Owner = "owner",
        /// Whoever is signed in.
        Authenticated = "authenticated",
        /// Everyone.
        Public = "public",
    }
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
