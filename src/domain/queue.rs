//! Jobs as they are queued, shown and logged: their input, their place in the queue and the
//! daemons that could take them. What becomes of a job is in `jobs`; nothing here waits.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    clock::Timestamp,
    ids::{BuildId, FileId, JobId, OrganizationId, TemplateVersionId, UserId},
    jobs::{JobKind, JobState, JobStatus, ProvisionerKind},
    provisioning::{LogLevel, LogSource, NamedValue, Timing},
    tags::Tags,
};

/// What a job works on, with what its worker needs to know beyond the database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobInput {
    /// A template version's import.
    Import {
        /// The version.
        version: TemplateVersionId,
        /// Values the user gave for template variables.
        user_variable_values: Vec<NamedValue>,
    },
    /// A workspace build.
    Build {
        /// The build.
        build: BuildId,
        /// Whether Terraform's own debug log is wanted.
        debug_log: bool,
    },
    /// A dry run of a template version.
    DryRun {
        /// The version.
        version: TemplateVersionId,
        /// The name of the imagined workspace.
        workspace_name: String,
        /// Parameter values.
        rich_parameter_values: Vec<NamedValue>,
    },
}

/// The stored form of [`JobInput`]; the job's type tells which keys count.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    template_version_id: Option<TemplateVersionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_build_id: Option<BuildId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_variable_values: Option<Vec<NamedValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rich_parameter_values: Option<Vec<NamedValue>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    workspace_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    log_level: String,
}

impl JobInput {
    /// The type of a job with this input.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Import { .. } => JobKind::TemplateVersionImport,
            Self::Build { .. } => JobKind::WorkspaceBuild,
            Self::DryRun { .. } => JobKind::TemplateVersionDryRun,
        }
    }

    /// The template version or the build it works on.
    #[must_use]
    pub const fn subject(&self) -> (Option<TemplateVersionId>, Option<BuildId>) {
        match self {
            Self::Import { version, .. } | Self::DryRun { version, .. } => (Some(*version), None),
            Self::Build { build, .. } => (None, Some(*build)),
        }
    }

    /// The form that is stored.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let stored = match self.clone() {
            Self::Import {
                version,
                user_variable_values,
            } => StoredInput {
                template_version_id: Some(version),
                user_variable_values: Some(user_variable_values),
                ..StoredInput::default()
            },
            Self::Build { build, debug_log } => StoredInput {
                workspace_build_id: Some(build),
                log_level: if debug_log { "debug" } else { "" }.to_owned(),
                ..StoredInput::default()
            },
            Self::DryRun {
                version,
                workspace_name,
                rich_parameter_values,
            } => StoredInput {
                template_version_id: Some(version),
                workspace_name,
                rich_parameter_values: Some(rich_parameter_values),
                ..StoredInput::default()
            },
        };
        serde_json::to_value(stored).unwrap_or_default()
    }

    /// Reads the stored form; `None` when it does not fit the type.
    #[must_use]
    pub fn from_json(kind: JobKind, json: Value) -> Option<Self> {
        let stored: StoredInput = serde_json::from_value(json).ok()?;
        Some(match kind {
            JobKind::TemplateVersionImport => Self::Import {
                version: stored.template_version_id?,
                user_variable_values: stored.user_variable_values.unwrap_or_default(),
            },
            JobKind::WorkspaceBuild => Self::Build {
                build: stored.workspace_build_id?,
                debug_log: stored.log_level == "debug",
            },
            JobKind::TemplateVersionDryRun => Self::DryRun {
                version: stored.template_version_id?,
                workspace_name: stored.workspace_name,
                rich_parameter_values: stored.rich_parameter_values.unwrap_or_default(),
            },
        })
    }
}

/// A job to be queued.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Who asked for it.
    pub initiator_id: UserId,
    /// The engine it needs.
    pub provisioner: ProvisionerKind,
    /// The template archive.
    pub file_id: FileId,
    /// What it works on.
    pub input: JobInput,
    /// What its worker must offer.
    pub tags: Tags,
}

/// A job as its watchers see it.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Who asked for it.
    pub initiator_id: UserId,
    /// The engine it needs.
    pub provisioner: ProvisionerKind,
    /// What kind of work it is.
    pub kind: JobKind,
    /// The template archive.
    pub file_id: FileId,
    /// What its worker must offer.
    pub tags: Tags,
    /// Where it stands.
    pub state: JobState,
    /// When it was queued.
    pub created_at: Timestamp,
    /// The template version it imports or tries.
    pub template_version_id: Option<TemplateVersionId>,
    /// The build it carries out.
    pub build_id: Option<BuildId>,
    /// Its place among all waiting jobs, from 1; 0 when it does not wait.
    pub queue_position: i64,
    /// How many jobs wait.
    pub queue_size: i64,
    /// The daemons that could take it; none when it does not wait.
    pub matched: MatchedProvisioners,
}

impl Job {
    /// Where it stands, in one word.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        self.state.status()
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status().has_ended()
    }
}

/// How many daemons could take a job (spec WS-28).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MatchedProvisioners {
    /// All that fit.
    pub count: i64,
    /// Those that were alive when the job was queued.
    pub available: i64,
    /// When any of them was last seen.
    pub most_recently_seen: Option<Timestamp>,
}

/// How long one step of a job took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobTiming {
    /// The job.
    pub job_id: JobId,
    /// The step.
    pub timing: Timing,
}

/// One line of a job's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobLog {
    /// Rises over the whole deployment.
    pub id: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// Who wrote it.
    pub source: LogSource,
    /// How grave it is.
    pub level: LogLevel,
    /// The stage it belongs to.
    pub stage: String,
    /// The text.
    pub output: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_read_back_by_their_type() {
        let pair = NamedValue {
            name: "zone".to_owned(),
            value: "north".to_owned(),
        };
        for input in [
            JobInput::Import {
                version: TemplateVersionId::random(),
                user_variable_values: vec![pair.clone()],
            },
            JobInput::Build {
                build: BuildId::random(),
                debug_log: true,
            },
            JobInput::DryRun {
                version: TemplateVersionId::random(),
                workspace_name: "try".to_owned(),
                rich_parameter_values: vec![pair],
            },
        ] {
            assert_eq!(
                JobInput::from_json(input.kind(), input.to_json()),
                Some(input)
            );
        }
        assert_eq!(
            JobInput::from_json(JobKind::WorkspaceBuild, serde_json::json!({})),
            None
        );
    }
}
