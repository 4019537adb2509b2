//! Shapes of provisioner daemons.

use serde::Serialize;
use uuid::Uuid;

use super::time::Time;
use crate::domain::{
    clock::Timestamp,
    daemons::{Daemon, DaemonStatus},
    ids::JobId,
    jobs::{JobStatus, ProvisionerKind},
    tags::Tags,
};

/// A daemon (codersdk.ProvisionerDaemon).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerDaemon {
    /// Its id.
    pub id: Uuid,
    /// Whose jobs it takes.
    pub organization_id: Uuid,
    /// By which credential it came.
    pub key_id: Uuid,
    /// When it first came.
    pub created_at: Time,
    /// When it was last seen.
    pub last_seen_at: Option<Time>,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its API version.
    pub api_version: String,
    /// The engines it offers.
    pub provisioners: Vec<ProvisionerKind>,
    /// The tags it offers.
    pub tags: Tags,
    /// The name of its credential.
    pub key_name: Option<String>,
    /// Whether it works.
    pub status: Option<DaemonStatus>,
    /// The job it has.
    pub current_job: Option<ProvisionerDaemonJob>,
    /// The job it had last.
    pub previous_job: Option<ProvisionerDaemonJob>,
}

/// A daemon's job (codersdk.ProvisionerDaemonJob).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProvisionerDaemonJob {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: JobStatus,
}

impl From<(JobId, JobStatus)> for ProvisionerDaemonJob {
    fn from((id, status): (JobId, JobStatus)) -> Self {
        Self { id: id.0, status }
    }
}

impl ProvisionerDaemon {
    /// The shape of a daemon, judged at `now`.
    #[must_use]
    pub fn new(daemon: Daemon, now: Timestamp) -> Self {
        let status = daemon.status(now);
        let key_name = daemon.key_name().to_owned();
        Self {
            id: daemon.id.0,
            organization_id: daemon.organization_id.0,
            key_id: daemon.key_id.0,
            created_at: daemon.created_at.into(),
            last_seen_at: daemon.last_seen_at.map(Time),
            name: daemon.name,
            version: daemon.version,
            api_version: daemon.api_version,
            provisioners: daemon.provisioners,
            tags: daemon.tags,
            key_name: Some(key_name),
            status: Some(status),
            current_job: daemon.current_job.map(Into::into),
            previous_job: daemon.previous_job.map(Into::into),
        }
    }
}
