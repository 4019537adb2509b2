//! What passes between server and daemon: the messages of the package `provisionerd`.

use std::collections::HashMap;

use bytes::Bytes;
use prost::{Enumeration, Message, Oneof};

use super::provisioner;

/// Nothing.
#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// A job that is handed out; empty when there is none.
#[derive(Clone, PartialEq, Message)]
pub struct AcquiredJob {
    #[prost(string, tag = "1")]
    pub job_id: String,
    #[prost(int64, tag = "2")]
    pub created_at: i64,
    #[prost(string, tag = "3")]
    pub provisioner: String,
    #[prost(string, tag = "4")]
    pub user_name: String,
    #[prost(bytes = "bytes", tag = "5")]
    pub template_source_archive: Bytes,
    #[prost(oneof = "AcquiredJobType", tags = "6, 7, 8")]
    pub kind: Option<AcquiredJobType>,
    #[prost(map = "string, string", tag = "9")]
    pub trace_metadata: HashMap<String, String>,
}

/// The kinds of [`AcquiredJob`].
#[derive(Clone, PartialEq, Oneof)]
pub enum AcquiredJobType {
    #[prost(message, tag = "6")]
    WorkspaceBuild(AcquiredJobWorkspaceBuild),
    #[prost(message, tag = "7")]
    TemplateImport(AcquiredJobTemplateImport),
    #[prost(message, tag = "8")]
    TemplateDryRun(AcquiredJobTemplateDryRun),
}

/// Build a workspace.
#[derive(Clone, PartialEq, Message)]
pub struct AcquiredJobWorkspaceBuild {
    #[prost(string, tag = "1")]
    pub workspace_build_id: String,
    #[prost(string, tag = "2")]
    pub workspace_name: String,
    #[prost(message, repeated, tag = "4")]
    pub rich_parameter_values: Vec<provisioner::RichParameterValue>,
    #[prost(message, repeated, tag = "5")]
    pub variable_values: Vec<provisioner::VariableValue>,
    #[prost(message, repeated, tag = "6")]
    pub external_auth_providers: Vec<provisioner::ExternalAuthProvider>,
    #[prost(message, optional, tag = "7")]
    pub metadata: Option<provisioner::Metadata>,
    #[prost(bytes = "bytes", tag = "8")]
    pub state: Bytes,
    #[prost(string, tag = "9")]
    pub log_level: String,
}

/// Import a template version.
#[derive(Clone, PartialEq, Message)]
pub struct AcquiredJobTemplateImport {
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<provisioner::Metadata>,
    #[prost(message, repeated, tag = "2")]
    pub user_variable_values: Vec<provisioner::VariableValue>,
}

/// Plan a version for a look.
#[derive(Clone, PartialEq, Message)]
pub struct AcquiredJobTemplateDryRun {
    #[prost(message, repeated, tag = "2")]
    pub rich_parameter_values: Vec<provisioner::RichParameterValue>,
    #[prost(message, repeated, tag = "3")]
    pub variable_values: Vec<provisioner::VariableValue>,
    #[prost(message, optional, tag = "4")]
    pub metadata: Option<provisioner::Metadata>,
}

/// A job that ended badly.
#[derive(Clone, PartialEq, Message)]
pub struct FailedJob {
    #[prost(string, tag = "1")]
    pub job_id: String,
    #[prost(string, tag = "2")]
    pub error: String,
    #[prost(oneof = "FailedJobType", tags = "3, 4, 5")]
    pub kind: Option<FailedJobType>,
    #[prost(string, tag = "6")]
    pub error_code: String,
}

/// The kinds of [`FailedJob`].
#[derive(Clone, PartialEq, Oneof)]
pub enum FailedJobType {
    #[prost(message, tag = "3")]
    WorkspaceBuild(FailedJobWorkspaceBuild),
    #[prost(message, tag = "4")]
    TemplateImport(FailedJobTemplateImport),
    #[prost(message, tag = "5")]
    TemplateDryRun(FailedJobTemplateDryRun),
}

/// What a failed build leaves.
#[derive(Clone, PartialEq, Message)]
pub struct FailedJobWorkspaceBuild {
    #[prost(bytes = "bytes", tag = "1")]
    pub state: Bytes,
    #[prost(message, repeated, tag = "2")]
    pub timings: Vec<provisioner::Timing>,
}

/// A failed import leaves nothing.
#[derive(Clone, PartialEq, Message)]
pub struct FailedJobTemplateImport {}

/// A failed dry run leaves nothing.
#[derive(Clone, PartialEq, Message)]
pub struct FailedJobTemplateDryRun {}

/// A job that ended well.
#[derive(Clone, PartialEq, Message)]
pub struct CompletedJob {
    #[prost(string, tag = "1")]
    pub job_id: String,
    #[prost(oneof = "CompletedJobType", tags = "2, 3, 4")]
    pub kind: Option<CompletedJobType>,
}

/// The kinds of [`CompletedJob`].
#[derive(Clone, PartialEq, Oneof)]
pub enum CompletedJobType {
    #[prost(message, tag = "2")]
    WorkspaceBuild(CompletedJobWorkspaceBuild),
    #[prost(message, tag = "3")]
    TemplateImport(CompletedJobTemplateImport),
    #[prost(message, tag = "4")]
    TemplateDryRun(CompletedJobTemplateDryRun),
}

/// What a build brought.
#[derive(Clone, PartialEq, Message)]
pub struct CompletedJobWorkspaceBuild {
    #[prost(bytes = "bytes", tag = "1")]
    pub state: Bytes,
    #[prost(message, repeated, tag = "2")]
    pub resources: Vec<provisioner::Resource>,
    #[prost(message, repeated, tag = "3")]
    pub timings: Vec<provisioner::Timing>,
    #[prost(message, repeated, tag = "4")]
    pub modules: Vec<provisioner::Module>,
}

/// What an import brought.
#[derive(Clone, PartialEq, Message)]
pub struct CompletedJobTemplateImport {
    #[prost(message, repeated, tag = "1")]
    pub start_resources: Vec<provisioner::Resource>,
    #[prost(message, repeated, tag = "2")]
    pub stop_resources: Vec<provisioner::Resource>,
    #[prost(message, repeated, tag = "3")]
    pub rich_parameters: Vec<provisioner::RichParameter>,
    #[prost(string, repeated, tag = "4")]
    pub external_auth_providers_names: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    pub external_auth_providers: Vec<provisioner::ExternalAuthProviderResource>,
    #[prost(message, repeated, tag = "6")]
    pub start_modules: Vec<provisioner::Module>,
    #[prost(message, repeated, tag = "7")]
    pub stop_modules: Vec<provisioner::Module>,
}

/// What a dry run brought.
#[derive(Clone, PartialEq, Message)]
pub struct CompletedJobTemplateDryRun {
    #[prost(message, repeated, tag = "1")]
    pub resources: Vec<provisioner::Resource>,
    #[prost(message, repeated, tag = "2")]
    pub modules: Vec<provisioner::Module>,
}

/// A line of a job's log.
#[derive(Clone, PartialEq, Message)]
pub struct Log {
    #[prost(enumeration = "LogSource", tag = "1")]
    pub source: i32,
    #[prost(enumeration = "provisioner::LogLevel", tag = "2")]
    pub level: i32,
    #[prost(int64, tag = "3")]
    pub created_at: i64,
    #[prost(string, tag = "4")]
    pub stage: String,
    #[prost(string, tag = "5")]
    pub output: String,
}

/// A sign of life, with whatever is new.
#[derive(Clone, PartialEq, Message)]
pub struct UpdateJobRequest {
    #[prost(string, tag = "1")]
    pub job_id: String,
    #[prost(message, repeated, tag = "2")]
    pub logs: Vec<Log>,
    #[prost(message, repeated, tag = "4")]
    pub template_variables: Vec<provisioner::TemplateVariable>,
    #[prost(message, repeated, tag = "5")]
    pub user_variable_values: Vec<provisioner::VariableValue>,
    #[prost(bytes = "bytes", tag = "6")]
    pub readme: Bytes,
    #[prost(map = "string, string", tag = "7")]
    pub workspace_tags: HashMap<String, String>,
}

/// Whether to stop, and the values that plans need.
#[derive(Clone, PartialEq, Message)]
pub struct UpdateJobResponse {
    #[prost(bool, tag = "1")]
    pub canceled: bool,
    #[prost(message, repeated, tag = "3")]
    pub variable_values: Vec<provisioner::VariableValue>,
}

/// What a build will cost.
#[derive(Clone, PartialEq, Message)]
pub struct CommitQuotaRequest {
    #[prost(string, tag = "1")]
    pub job_id: String,
    #[prost(int32, tag = "2")]
    pub daily_cost: i32,
}

/// Whether it may.
#[derive(Clone, PartialEq, Message)]
pub struct CommitQuotaResponse {
    #[prost(bool, tag = "1")]
    pub ok: bool,
    #[prost(int32, tag = "2")]
    pub credits_consumed: i32,
    #[prost(int32, tag = "3")]
    pub budget: i32,
}

/// The daemon no longer waits for a job.
#[derive(Clone, PartialEq, Message)]
pub struct CancelAcquire {}

/// Who wrote a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
pub enum LogSource {
    ProvisionerDaemon = 0,
    Provisioner = 1,
}
