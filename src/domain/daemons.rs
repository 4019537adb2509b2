//! Provisioner daemons: who they are to the queue, and how they look to people.

use chrono::TimeDelta;

use super::{
    clock::Timestamp,
    ids::{DaemonId, JobId, OrganizationId, ProvisionerKeyId},
    jobs::{JobStatus, ProvisionerKind},
    tags::Tags,
    text_enum::text_enum,
};

/// The key id of the daemons that run inside the server.
pub const BUILT_IN_KEY: ProvisionerKeyId = ProvisionerKeyId(uuid::Uuid::from_u128(1));
/// The key id of daemons that came with a user's session.
pub const USER_KEY: ProvisionerKeyId = ProvisionerKeyId(uuid::Uuid::from_u128(2));
/// The key id of daemons that came with the shared secret.
pub const SHARED_SECRET_KEY: ProvisionerKeyId = ProvisionerKeyId(uuid::Uuid::from_u128(3));

/// A daemon says every so often that it lives.
pub const SEEN_EVERY: TimeDelta = TimeDelta::seconds(60);
/// A daemon that was not seen for this long counts as offline.
pub const STALE_AFTER: TimeDelta = TimeDelta::seconds(90);
/// A daemon that was not seen for this long is forgotten.
pub const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(7);

/// A daemon as the queue knows it: what it may be given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worker {
    /// Its id.
    pub id: DaemonId,
    /// Whose jobs it takes.
    pub organization_id: OrganizationId,
    /// The engines it offers.
    pub provisioners: Vec<ProvisionerKind>,
    /// The tags it offers.
    pub tags: Tags,
}

/// What a daemon says when it comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDaemon {
    /// Whose jobs it takes.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The engines it offers.
    pub provisioners: Vec<ProvisionerKind>,
    /// The tags it offers, normalized.
    pub tags: Tags,
    /// Its version.
    pub version: String,
    /// Its API version.
    pub api_version: String,
    /// By which credential it came.
    pub key_id: ProvisionerKeyId,
}

text_enum! {
    /// Whether a daemon works.
    pub enum DaemonStatus {
        /// It was not seen for a while.
        Offline = "offline",
        /// It waits for work.
        Idle = "idle",
        /// It has a job.
        Busy = "busy",
    }
}

/// A daemon as people see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Daemon {
    /// Its id.
    pub id: DaemonId,
    /// Whose jobs it takes.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The engines it offers.
    pub provisioners: Vec<ProvisionerKind>,
    /// The tags it offers.
    pub tags: Tags,
    /// Its version.
    pub version: String,
    /// Its API version.
    pub api_version: String,
    /// By which credential it came.
    pub key_id: ProvisionerKeyId,
    /// The name of that key, where it is one that was made; empty when it is gone.
    pub key_name: String,
    /// When it first came.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Option<Timestamp>,
    /// The job it has.
    pub current_job: Option<(JobId, JobStatus)>,
    /// The job it had last.
    pub previous_job: Option<(JobId, JobStatus)>,
}

impl Daemon {
    /// The name of the credential by which it came.
    #[must_use]
    pub fn key_name(&self) -> &str {
        match self.key_id {
            BUILT_IN_KEY => "built-in",
            USER_KEY => "user-auth",
            SHARED_SECRET_KEY => "psk",
            _ => &self.key_name,
        }
    }

    /// Whether it works at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> DaemonStatus {
        match self.last_seen_at {
            Some(seen) if now - seen <= STALE_AFTER => match self.current_job {
                Some(_) => DaemonStatus::Busy,
                None => DaemonStatus::Idle,
            },
            _ => DaemonStatus::Offline,
        }
    }
}
