//! What provisioners find and are told: the messages of the package `provisioner`.

use std::collections::HashMap;

use prost::{Enumeration, Message, Oneof};

/// An instant.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// A variable that a template declares.
#[derive(Clone, PartialEq, Message)]
pub struct TemplateVariable {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub description: String,
    #[prost(string, tag = "3")]
    pub r#type: String,
    #[prost(string, tag = "4")]
    pub default_value: String,
    #[prost(bool, tag = "5")]
    pub required: bool,
    #[prost(bool, tag = "6")]
    pub sensitive: bool,
}

/// One allowed value of a parameter.
#[derive(Clone, PartialEq, Message)]
pub struct RichParameterOption {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub description: String,
    #[prost(string, tag = "3")]
    pub value: String,
    #[prost(string, tag = "4")]
    pub icon: String,
}

/// A parameter that a template asks for.
#[derive(Clone, PartialEq, Message)]
pub struct RichParameter {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub description: String,
    #[prost(string, tag = "3")]
    pub r#type: String,
    #[prost(bool, tag = "4")]
    pub mutable: bool,
    #[prost(string, tag = "5")]
    pub default_value: String,
    #[prost(string, tag = "6")]
    pub icon: String,
    #[prost(message, repeated, tag = "7")]
    pub options: Vec<RichParameterOption>,
    #[prost(string, tag = "8")]
    pub validation_regex: String,
    #[prost(string, tag = "9")]
    pub validation_error: String,
    #[prost(int32, optional, tag = "10")]
    pub validation_min: Option<i32>,
    #[prost(int32, optional, tag = "11")]
    pub validation_max: Option<i32>,
    #[prost(string, tag = "12")]
    pub validation_monotonic: String,
    #[prost(bool, tag = "13")]
    pub required: bool,
    #[prost(string, tag = "15")]
    pub display_name: String,
    #[prost(int32, tag = "16")]
    pub order: i32,
    #[prost(bool, tag = "17")]
    pub ephemeral: bool,
}

/// A parameter's value.
#[derive(Clone, PartialEq, Message)]
pub struct RichParameterValue {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A variable's value.
#[derive(Clone, PartialEq, Message)]
pub struct VariableValue {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
    #[prost(bool, tag = "3")]
    pub sensitive: bool,
}

/// An external auth provider that a template names.
#[derive(Clone, PartialEq, Message)]
pub struct ExternalAuthProviderResource {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(bool, tag = "2")]
    pub optional: bool,
}

/// An access token of an external auth provider.
#[derive(Clone, PartialEq, Message)]
pub struct ExternalAuthProvider {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub access_token: String,
}

/// An agent of a resource.
#[derive(Clone, PartialEq, Message)]
pub struct Agent {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(map = "string, string", tag = "3")]
    pub env: HashMap<String, String>,
    #[prost(string, tag = "5")]
    pub operating_system: String,
    #[prost(string, tag = "6")]
    pub architecture: String,
    #[prost(string, tag = "7")]
    pub directory: String,
    #[prost(message, repeated, tag = "8")]
    pub apps: Vec<App>,
    #[prost(oneof = "AgentAuth", tags = "9, 10")]
    pub auth: Option<AgentAuth>,
    #[prost(int32, tag = "11")]
    pub connection_timeout_seconds: i32,
    #[prost(string, tag = "12")]
    pub troubleshooting_url: String,
    #[prost(string, tag = "13")]
    pub motd_file: String,
    #[prost(message, repeated, tag = "18")]
    pub metadata: Vec<AgentMetadata>,
    #[prost(message, optional, tag = "20")]
    pub display_apps: Option<DisplayApps>,
    #[prost(message, repeated, tag = "21")]
    pub scripts: Vec<Script>,
    #[prost(message, repeated, tag = "22")]
    pub extra_envs: Vec<Env>,
    #[prost(int64, tag = "23")]
    pub order: i64,
}

/// The kinds of [`Agent`].
#[derive(Clone, PartialEq, Oneof)]
pub enum AgentAuth {
    #[prost(string, tag = "9")]
    Token(String),
    #[prost(string, tag = "10")]
    InstanceId(String),
}

/// A metadata item that an agent reports.
#[derive(Clone, PartialEq, Message)]
pub struct AgentMetadata {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub display_name: String,
    #[prost(string, tag = "3")]
    pub script: String,
    #[prost(int64, tag = "4")]
    pub interval: i64,
    #[prost(int64, tag = "5")]
    pub timeout: i64,
    #[prost(int64, tag = "6")]
    pub order: i64,
}

/// Which built-in apps an agent shows.
#[derive(Clone, PartialEq, Message)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent switches of the contract"
)]
pub struct DisplayApps {
    #[prost(bool, tag = "1")]
    pub vscode: bool,
    #[prost(bool, tag = "2")]
    pub vscode_insiders: bool,
    #[prost(bool, tag = "3")]
    pub web_terminal: bool,
    #[prost(bool, tag = "4")]
    pub ssh_helper: bool,
    #[prost(bool, tag = "5")]
    pub port_forwarding_helper: bool,
}

/// A variable of an agent's environment.
#[derive(Clone, PartialEq, Message)]
pub struct Env {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A script of an agent.
#[derive(Clone, PartialEq, Message)]
pub struct Script {
    #[prost(string, tag = "1")]
    pub display_name: String,
    #[prost(string, tag = "2")]
    pub icon: String,
    #[prost(string, tag = "3")]
    pub script: String,
    #[prost(string, tag = "4")]
    pub cron: String,
    #[prost(bool, tag = "5")]
    pub start_blocks_login: bool,
    #[prost(bool, tag = "6")]
    pub run_on_start: bool,
    #[prost(bool, tag = "7")]
    pub run_on_stop: bool,
    #[prost(int32, tag = "8")]
    pub timeout_seconds: i32,
    #[prost(string, tag = "9")]
    pub log_path: String,
}

/// An app of an agent.
#[derive(Clone, PartialEq, Message)]
pub struct App {
    #[prost(string, tag = "1")]
    pub slug: String,
    #[prost(string, tag = "2")]
    pub display_name: String,
    #[prost(string, tag = "3")]
    pub command: String,
    #[prost(string, tag = "4")]
    pub url: String,
    #[prost(string, tag = "5")]
    pub icon: String,
    #[prost(bool, tag = "6")]
    pub subdomain: bool,
    #[prost(message, optional, tag = "7")]
    pub healthcheck: Option<Healthcheck>,
    #[prost(enumeration = "AppSharingLevel", tag = "8")]
    pub sharing_level: i32,
    #[prost(bool, tag = "9")]
    pub external: bool,
    #[prost(int64, tag = "10")]
    pub order: i64,
    #[prost(bool, tag = "11")]
    pub hidden: bool,
    #[prost(enumeration = "AppOpenIn", tag = "12")]
    pub open_in: i32,
}

/// How an app's health is asked.
#[derive(Clone, PartialEq, Message)]
pub struct Healthcheck {
    #[prost(string, tag = "1")]
    pub url: String,
    #[prost(int32, tag = "2")]
    pub interval: i32,
    #[prost(int32, tag = "3")]
    pub threshold: i32,
}

/// A managed resource.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub r#type: String,
    #[prost(message, repeated, tag = "3")]
    pub agents: Vec<Agent>,
    #[prost(message, repeated, tag = "4")]
    pub metadata: Vec<ResourceMetadata>,
    #[prost(bool, tag = "5")]
    pub hide: bool,
    #[prost(string, tag = "6")]
    pub icon: String,
    #[prost(string, tag = "7")]
    pub instance_type: String,
    #[prost(int32, tag = "8")]
    pub daily_cost: i32,
    #[prost(string, tag = "9")]
    pub module_path: String,
}

/// One key and value row of a resource.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceMetadata {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
    #[prost(bool, tag = "3")]
    pub sensitive: bool,
    #[prost(bool, tag = "4")]
    pub is_null: bool,
}

/// A module in use.
#[derive(Clone, PartialEq, Message)]
pub struct Module {
    #[prost(string, tag = "1")]
    pub source: String,
    #[prost(string, tag = "2")]
    pub version: String,
    #[prost(string, tag = "3")]
    pub key: String,
}

/// Facts about a workspace and its owner.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    #[prost(string, tag = "1")]
    pub coder_url: String,
    #[prost(enumeration = "WorkspaceTransition", tag = "2")]
    pub workspace_transition: i32,
    #[prost(string, tag = "3")]
    pub workspace_name: String,
    #[prost(string, tag = "4")]
    pub workspace_owner: String,
    #[prost(string, tag = "5")]
    pub workspace_id: String,
    #[prost(string, tag = "6")]
    pub workspace_owner_id: String,
    #[prost(string, tag = "7")]
    pub workspace_owner_email: String,
    #[prost(string, tag = "8")]
    pub template_name: String,
    #[prost(string, tag = "9")]
    pub template_version: String,
    #[prost(string, tag = "10")]
    pub workspace_owner_oidc_access_token: String,
    #[prost(string, tag = "11")]
    pub workspace_owner_session_token: String,
    #[prost(string, tag = "12")]
    pub template_id: String,
    #[prost(string, tag = "13")]
    pub workspace_owner_name: String,
    #[prost(string, repeated, tag = "14")]
    pub workspace_owner_groups: Vec<String>,
    #[prost(string, tag = "15")]
    pub workspace_owner_ssh_public_key: String,
    #[prost(string, tag = "16")]
    pub workspace_owner_ssh_private_key: String,
    #[prost(string, tag = "17")]
    pub workspace_build_id: String,
    #[prost(string, tag = "18")]
    pub workspace_owner_login_type: String,
}

/// How long one step took.
#[derive(Clone, PartialEq, Message)]
pub struct Timing {
    #[prost(message, optional, tag = "1")]
    pub start: Option<Timestamp>,
    #[prost(message, optional, tag = "2")]
    pub end: Option<Timestamp>,
    #[prost(string, tag = "3")]
    pub action: String,
    #[prost(string, tag = "4")]
    pub source: String,
    #[prost(string, tag = "5")]
    pub resource: String,
    #[prost(string, tag = "6")]
    pub stage: String,
    #[prost(enumeration = "TimingState", tag = "7")]
    pub state: i32,
}

/// How grave a log line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum LogLevel {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// Who may open an app.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum AppSharingLevel {
    Owner = 0,
    Authenticated = 1,
    Public = 2,
}

/// Where an app opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum AppOpenIn {
    Window = 0,
    SlimWindow = 1,
    Tab = 2,
}

/// What a build does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum WorkspaceTransition {
    Start = 0,
    Stop = 1,
    Destroy = 2,
}

/// How a step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum TimingState {
    Started = 0,
    Completed = 1,
    Failed = 2,
}
