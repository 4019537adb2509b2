//! Shapes of provisioner jobs, their logs and timings, and of provisioner daemons.

use serde::Serialize;
use uuid::Uuid;

use super::time::Time;
use crate::domain::{
    jobs::{JobErrorCode, JobKind, JobStatus},
    provisioning::{LogLevel, LogSource, TimingStage},
    queue::{self, Job, JobLog},
    tags::Tags,
};

/// A job (codersdk.ProvisionerJob).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerJob {
    /// Its id.
    pub id: Uuid,
    /// When it was queued.
    pub created_at: Time,
    /// When a worker took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// When it was canceled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<Time>,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// What clients can do about the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<JobErrorCode>,
    /// Where it stands.
    pub status: JobStatus,
    /// Who works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Uuid>,
    /// The template archive.
    pub file_id: Uuid,
    /// What its worker must offer.
    pub tags: Tags,
    /// Its place in the queue, from 1; 0 when it does not wait.
    pub queue_position: i64,
    /// How many jobs wait.
    pub queue_size: i64,
    /// Where it belongs.
    pub organization_id: Uuid,
    /// What it works on.
    pub input: ProvisionerJobInput,
    /// What kind of work it is.
    #[serde(rename = "type")]
    pub kind: JobKind,
    /// Daemons that could take it; only on the organization's own routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_workers: Vec<Uuid>,
}

/// What a job works on (codersdk.ProvisionerJobInput).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerJobInput {
    /// The template version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_version_id: Option<Uuid>,
    /// The build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_build_id: Option<Uuid>,
}

impl From<&Job> for ProvisionerJob {
    fn from(job: &Job) -> Self {
        let error = job.state.error();
        let hold = job.state.hold();
        Self {
            id: job.id.0,
            created_at: job.created_at.into(),
            started_at: hold.map(|hold| hold.started_at.into()),
            completed_at: job.state.completed_at().map(Time),
            canceled_at: job.state.canceled_at().map(Time),
            error: error.map(|error| error.message.clone()).unwrap_or_default(),
            error_code: error.and_then(|error| error.code),
            status: job.status(),
            worker_id: hold.map(|hold| hold.worker.0),
            file_id: job.file_id.0,
            tags: job.tags.clone(),
            queue_position: job.queue_position,
            queue_size: job.queue_size,
            organization_id: job.organization_id.0,
            input: ProvisionerJobInput {
                template_version_id: job.template_version_id.map(|id| id.0),
                workspace_build_id: job.build_id.map(|id| id.0),
            },
            kind: job.kind,
            available_workers: Vec::new(),
        }
    }
}

/// How many daemons could take a job (codersdk.MatchedProvisioners).
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct MatchedProvisioners {
    /// All that fit.
    pub count: i64,
    /// Those alive when the job was queued.
    pub available: i64,
    /// When any of them was last seen.
    pub most_recently_seen: Option<Time>,
}

impl From<queue::MatchedProvisioners> for MatchedProvisioners {
    fn from(matched: queue::MatchedProvisioners) -> Self {
        Self {
            count: matched.count,
            available: matched.available,
            most_recently_seen: matched.most_recently_seen.map(Time),
        }
    }
}

/// A line of a job's log (codersdk.ProvisionerJobLog).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerJobLog {
    /// Rises over the whole deployment.
    pub id: i64,
    /// When it was written.
    pub created_at: Time,
    /// Who wrote it.
    pub log_source: LogSource,
    /// How grave it is.
    pub log_level: LogLevel,
    /// The stage it belongs to.
    pub stage: String,
    /// The text.
    pub output: String,
}

impl From<JobLog> for ProvisionerJobLog {
    fn from(line: JobLog) -> Self {
        Self {
            id: line.id,
            created_at: line.created_at.into(),
            log_source: line.source,
            log_level: line.level,
            stage: line.stage,
            output: line.output,
        }
    }
}

/// How long one step of a build took (codersdk.ProvisionerTiming).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerTiming {
    /// The build's job.
    pub job_id: Uuid,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Time,
    /// The step of the build.
    pub stage: TimingStage,
    /// Who did it.
    pub source: String,
    /// What was done.
    pub action: String,
    /// The resource's address.
    pub resource: String,
}

impl From<queue::JobTiming> for ProvisionerTiming {
    fn from(timing: queue::JobTiming) -> Self {
        Self {
            job_id: timing.job_id.0,
            started_at: timing.timing.started_at.into(),
            ended_at: timing.timing.ended_at.into(),
            stage: timing.timing.stage,
            source: timing.timing.source,
            action: timing.timing.action,
            resource: timing.timing.resource,
        }
    }
}
