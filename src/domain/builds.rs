//! Builds of workspaces: what is stored of them, why they happen, how long their steps took,
//! and what workspaces do about new versions. Jobs and resources have their own files.

use chrono::TimeDelta;

use super::{
    clock::Timestamp,
    ids::{
        AgentId, BuildId, FileId, JobId, OrganizationId, TemplateId, TemplateVersionId, UserId,
        WorkspaceId,
    },
    jobs::{JobStatus, ProvisionerKind},
    provisioning::Transition,
    queue::JobTiming,
    rights::Object,
    tags::Tags,
    text_enum::text_enum,
    weekdays::Weekdays,
};

text_enum! {
    /// Why a build was made.
    #[sqlx(type_name = "build_reason")]
    pub enum BuildReason {
        /// Somebody asked for it.
        Initiator = "initiator",
        /// The schedule said so.
        Autostart = "autostart",
        /// The deadline came.
        Autostop = "autostop",
        /// The workspace lay unused for too long.
        Dormancy = "dormancy",
        /// The workspace lay dormant for too long.
        Autodelete = "autodelete",
    }
}

text_enum! {
    /// Whether a workspace takes the active version at its next start.
    #[sqlx(type_name = "automatic_updates")]
    pub enum AutomaticUpdates {
        /// It does.
        Always = "always",
        /// It stays with its version.
        Never = "never",
    }
}

/// The stored facts of a build.
#[derive(Clone, Debug)]
pub struct Build {
    /// Its id.
    pub id: BuildId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The version it builds.
    pub template_version_id: TemplateVersionId,
    /// The job that carries it out.
    pub job_id: JobId,
    /// 1 for the workspace's first.
    pub number: i32,
    /// What it does.
    pub transition: Transition,
    /// Who asked for it.
    pub initiator_id: UserId,
    /// Why it was made.
    pub reason: BuildReason,
    /// When the workspace stops unless it is extended.
    pub deadline: Option<Timestamp>,
    /// The latest that an extension can reach.
    pub max_deadline: Option<Timestamp>,
    /// Cost in credits a day.
    pub daily_cost: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Where the provisioner's state of a new build comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StateSource {
    /// There is none: a first build, or one that forgets its resources.
    Nothing,
    /// It comes with the request.
    Given(Vec<u8>),
    /// It is that of an earlier build.
    Build(BuildId),
}

/// How long the steps of a build took.
#[derive(Clone, Debug, Default)]
pub struct BuildTimings {
    /// Steps of the provisioner, by their begin.
    pub provisioner: Vec<JobTiming>,
    /// The first run of each script, by script id.
    pub scripts: Vec<ScriptRun>,
    /// One wait for each agent.
    pub connections: Vec<ConnectionWait>,
}

/// A run of an agent's script.
#[derive(Clone, Debug)]
pub struct ScriptRun {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub exit_code: i32,
    /// `start`, `stop` or `cron`.
    pub stage: String,
    /// `ok`, or what went wrong.
    pub status: String,
    /// The script's title.
    pub display_name: String,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent_name: String,
}

/// How long an agent was waited for.
#[derive(Clone, Debug)]
pub struct ConnectionWait {
    /// The agent.
    pub agent_id: AgentId,
    /// Its name.
    pub agent_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it first connected.
    pub first_connected_at: Option<Timestamp>,
}

/// A template version as a build is planned from it.
#[derive(Clone, Debug)]
pub struct PlannedVersion {
    /// Its id.
    pub id: TemplateVersionId,
    /// Whether it was put away.
    pub archived: bool,
    /// How its import stands.
    pub import_status: JobStatus,
    /// Why its import failed; empty when it did not.
    pub import_error: String,
    /// The engine it needs.
    pub provisioner: ProvisionerKind,
    /// The template archive.
    pub file_id: FileId,
    /// Tags of its import.
    pub tags: Tags,
    /// What rights on it are asked of.
    pub object: Object,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// The template it belongs to.
    pub template: Option<PlannedTemplate>,
}

/// A template as a workspace is planned from it.
#[derive(Clone, Debug)]
pub struct PlannedTemplate {
    /// Its id.
    pub id: TemplateId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// The version that new workspaces get.
    pub active_version_id: TemplateVersionId,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Why it should not be used any more; empty when it may.
    pub deprecated: String,
    /// Whether workspaces must use the active version.
    pub require_active_version: bool,
    /// Time to live of new workspaces; zero for none.
    pub default_ttl: TimeDelta,
    /// Days on which workspaces may start by themselves.
    pub autostart_days: Weekdays,
    /// What rights on it are asked of.
    pub object: Object,
}
