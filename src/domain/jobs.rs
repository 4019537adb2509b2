//! Provisioner jobs: their states, how one becomes another, and what a build's job says
//! about its workspace. Owns no queue; claiming is the store's.

use super::{clock::Timestamp, ids::DaemonId, provisioning::Transition, text_enum::text_enum};

/// Text in a provisioner's error that means a template variable lacks a value; the
/// provisioner daemons of the wild write it, so it must not change.
pub const VARIABLES_MARKER: &str = "required template variables";
/// Text in a provisioner's error that means a parameter lacks a value; likewise fixed.
pub const PARAMETER_MARKER: &str = "missing parameter";

text_enum! {
    /// Where a job stands, in one word.
    #[sqlx(type_name = "provisioner_job_status")]
    pub enum JobStatus {
        /// Waits for a provisioner.
        Pending = "pending",
        /// A provisioner works on it.
        Running = "running",
        /// Ended well.
        Succeeded = "succeeded",
        /// Was canceled, but its provisioner has not let go.
        Canceling = "canceling",
        /// Ended because it was canceled.
        Canceled = "canceled",
        /// Ended with an error.
        Failed = "failed",
    }
}

impl JobStatus {
    /// Whether nothing will happen to the job any more.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Canceled | Self::Failed)
    }
}

text_enum! {
    /// What a job is for.
    #[sqlx(type_name = "provisioner_job_type")]
    pub enum JobKind {
        /// Reads a new template version.
        TemplateVersionImport = "template_version_import",
        /// Starts, stops or deletes a workspace.
        WorkspaceBuild = "workspace_build",
        /// Plans a version for a look.
        TemplateVersionDryRun = "template_version_dry_run",
    }
}

text_enum! {
    /// The engine that a job needs.
    #[sqlx(type_name = "provisioner_type")]
    pub enum ProvisionerKind {
        /// Terraform or OpenTofu.
        Terraform = "terraform",
        /// Answers from a prepared archive, for tests.
        Echo = "echo",
    }
}

text_enum! {
    /// The kinds of failure that clients handle by themselves.
    #[sqlx(type_name = "text")]
    pub enum JobErrorCode {
        /// A parameter lacks a value.
        MissingTemplateParameter = "MISSING_TEMPLATE_PARAMETER",
        /// A template variable lacks a value.
        RequiredTemplateVariables = "REQUIRED_TEMPLATE_VARIABLES",
    }
}

impl JobErrorCode {
    /// The code that an error text stands for.
    #[must_use]
    pub fn of_text(error: &str) -> Option<Self> {
        if error.contains(PARAMETER_MARKER) {
            Some(Self::MissingTemplateParameter)
        } else if error.contains(VARIABLES_MARKER) {
            Some(Self::RequiredTemplateVariables)
        } else {
            None
        }
    }
}

text_enum! {
    /// How a workspace is, in one word.
    #[sqlx(type_name = "text")]
    pub enum WorkspaceStatus {
        /// A build waits.
        Pending = "pending",
        /// A start is under way.
        Starting = "starting",
        /// It was started.
        Running = "running",
        /// A stop is under way.
        Stopping = "stopping",
        /// It was stopped.
        Stopped = "stopped",
        /// The last build failed.
        Failed = "failed",
        /// The last build is being canceled.
        Canceling = "canceling",
        /// The last build was canceled.
        Canceled = "canceled",
        /// A delete is under way.
        Deleting = "deleting",
        /// It was deleted.
        Deleted = "deleted",
    }
}

impl WorkspaceStatus {
    /// The status that the latest build gives its workspace.
    #[must_use]
    pub fn of(job: JobStatus, transition: Transition) -> Self {
        match (job, transition) {
            (JobStatus::Pending, _) => Self::Pending,
            (JobStatus::Canceling, _) => Self::Canceling,
            (JobStatus::Canceled, _) => Self::Canceled,
            (JobStatus::Failed, _) => Self::Failed,
            (JobStatus::Running, Transition::Start) => Self::Starting,
            (JobStatus::Running, Transition::Stop) => Self::Stopping,
            (JobStatus::Running, Transition::Delete) => Self::Deleting,
            (JobStatus::Succeeded, Transition::Start) => Self::Running,
            (JobStatus::Succeeded, Transition::Stop) => Self::Stopped,
            (JobStatus::Succeeded, Transition::Delete) => Self::Deleted,
        }
    }

    /// What the latest build must be for this status: the reverse of [`Self::of`].
    #[must_use]
    pub fn needs(self) -> (JobStatus, Option<Transition>) {
        match self {
            Self::Pending => (JobStatus::Pending, None),
            Self::Canceling => (JobStatus::Canceling, None),
            Self::Canceled => (JobStatus::Canceled, None),
            Self::Failed => (JobStatus::Failed, None),
            Self::Starting => (JobStatus::Running, Some(Transition::Start)),
            Self::Stopping => (JobStatus::Running, Some(Transition::Stop)),
            Self::Deleting => (JobStatus::Running, Some(Transition::Delete)),
            Self::Running => (JobStatus::Succeeded, Some(Transition::Start)),
            Self::Stopped => (JobStatus::Succeeded, Some(Transition::Stop)),
            Self::Deleted => (JobStatus::Succeeded, Some(Transition::Delete)),
        }
    }
}

/// The provisioner that took a job, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Who took it.
    pub worker: DaemonId,
    /// When it was taken.
    pub started_at: Timestamp,
}

/// Why a job failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobError {
    /// The text shown to the user.
    pub message: String,
    /// What clients can do about it by themselves.
    pub code: Option<JobErrorCode>,
}

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// It was canceled and let go without an error.
    Canceled,
    /// With an error.
    Failed(JobError),
}

/// Where a job stands, with what is known there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobState {
    /// Waits for a provisioner.
    Pending,
    /// A provisioner works on it.
    Running(Hold),
    /// A provisioner has been asked to let go.
    Canceling {
        /// Who works on it.
        hold: Hold,
        /// When it was canceled.
        canceled_at: Timestamp,
    },
    /// Nothing will change any more.
    Ended {
        /// When it ended.
        at: Timestamp,
        /// How.
        outcome: Outcome,
        /// Who had worked on it, if anybody.
        hold: Option<Hold>,
        /// When it was canceled, if it was.
        canceled_at: Option<Timestamp>,
    },
}

/// A job's row, as far as its state is told by it.
#[derive(Clone, Default, Debug)]
pub struct JobColumns {
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When a provisioner took it.
    pub started_at: Option<Timestamp>,
    /// Who took it.
    pub worker_id: Option<DaemonId>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// What kind of failure it was.
    pub error_code: Option<String>,
}

/// A row whose columns contradict each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the job was canceled while nobody worked on it, and yet has not ended")]
pub struct ImpossibleJob;

/// Why a job cannot be canceled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CancelRefused {
    /// It has ended.
    #[error("the job has ended already")]
    Ended,
    /// It was canceled before.
    #[error("the job has been canceled already")]
    Canceled,
}

impl JobState {
    /// Reads the state off a row.
    ///
    /// # Errors
    /// [`ImpossibleJob`] when no state has such columns.
    pub fn from_columns(row: JobColumns) -> Result<Self, ImpossibleJob> {
        let hold = row.started_at.map(|started_at| Hold {
            worker: row.worker_id.unwrap_or_default(),
            started_at,
        });
        let error = row
            .error
            .filter(|text| !text.is_empty())
            .map(|message| JobError {
                message,
                code: row.error_code.as_deref().and_then(JobErrorCode::parse),
            });
        let outcome = match (error, row.canceled_at) {
            (Some(error), _) => Outcome::Failed(error),
            (None, Some(_)) => Outcome::Canceled,
            (None, None) => Outcome::Succeeded,
        };
        if row.completed_at.is_some() || matches!(outcome, Outcome::Failed(_)) {
            let at = row.completed_at.unwrap_or(row.updated_at);
            return Ok(Self::Ended {
                at,
                outcome,
                hold,
                canceled_at: row.canceled_at,
            });
        }
        match (hold, row.canceled_at) {
            (None, None) => Ok(Self::Pending),
            (Some(hold), None) => Ok(Self::Running(hold)),
            (Some(hold), Some(canceled_at)) => Ok(Self::Canceling { hold, canceled_at }),
            (None, Some(_)) => Err(ImpossibleJob),
        }
    }

    /// The state in one word.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        match self {
            Self::Pending => JobStatus::Pending,
            Self::Running(_) => JobStatus::Running,
            Self::Canceling { .. } => JobStatus::Canceling,
            Self::Ended {
                outcome: Outcome::Succeeded,
                ..
            } => JobStatus::Succeeded,
            Self::Ended {
                outcome: Outcome::Canceled,
                ..
            } => JobStatus::Canceled,
            Self::Ended {
                outcome: Outcome::Failed(_),
                ..
            } => JobStatus::Failed,
        }
    }

    /// The state after somebody asked to cancel: ended at once where nobody works on it.
    ///
    /// # Errors
    /// [`CancelRefused`] when it has ended or was canceled before.
    pub fn cancel(self, now: Timestamp) -> Result<Self, CancelRefused> {
        match self {
            Self::Pending => Ok(Self::Ended {
                at: now,
                outcome: Outcome::Canceled,
                hold: None,
                canceled_at: Some(now),
            }),
            Self::Running(hold) => Ok(Self::Canceling {
                hold,
                canceled_at: now,
            }),
            Self::Canceling { .. } => Err(CancelRefused::Canceled),
            Self::Ended { .. } => Err(CancelRefused::Ended),
        }
    }

    /// Who works or worked on it.
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        match self {
            Self::Pending => None,
            Self::Running(hold) | Self::Canceling { hold, .. } => Some(*hold),
            Self::Ended { hold, .. } => *hold,
        }
    }

    /// When it was canceled.
    #[must_use]
    pub fn canceled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Pending | Self::Running(_) => None,
            Self::Canceling { canceled_at, .. } => Some(*canceled_at),
            Self::Ended { canceled_at, .. } => *canceled_at,
        }
    }

    /// When it ended.
    #[must_use]
    pub fn completed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Ended { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// Why it failed.
    #[must_use]
    pub fn error(&self) -> Option<&JobError> {
        match self {
            Self::Ended {
                outcome: Outcome::Failed(error),
                ..
            } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
