//! What a workspace is: its stored facts, what its template says about it, and the rules on
//! its own settings. Who may do what is in `rights`; builds have their own file.

use chrono::TimeDelta;

use super::{
    builds::{AutomaticUpdates, Build},
    clock::Timestamp,
    glances::Fingerprint,
    ids::{OrganizationId, TemplateId, TemplateVersionId, UserId, WorkspaceId},
    provisioning::Transition,
    queue::Job,
    resources::Resource,
    rights::Object,
    weekdays::Weekdays,
};

/// Least time to live.
const TTL_LEAST: TimeDelta = TimeDelta::minutes(1);
/// Greatest time to live.
const TTL_GREATEST: TimeDelta = TimeDelta::days(30);
/// A deadline can be moved no nearer than this; one minute less than what users are told,
/// for the time a request is on its way.
const LEAST_NOTICE: TimeDelta = TimeDelta::minutes(29);

/// A workspace with its template's rules.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Whose it is.
    pub owner_id: UserId,
    /// The organization of its template.
    pub organization_id: OrganizationId,
    /// Its name, in the letter case its user chose.
    pub name: String,
    /// Whether a delete build has succeeded.
    pub deleted: bool,
    /// The schedule of automatic starts, as submitted.
    pub autostart_schedule: Option<String>,
    /// Its own time to live.
    pub ttl: Option<TimeDelta>,
    /// Whether it updates by itself.
    pub automatic_updates: AutomaticUpdates,
    /// Whether its owner likes to see it first.
    pub favorite: bool,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Since when it sleeps.
    pub dormant_at: Option<Timestamp>,
    /// When it will be deleted for sleeping.
    pub deleting_at: Option<Timestamp>,
    /// When it will start by itself.
    pub next_start_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its row was last written by its maker.
    pub updated_at: Timestamp,
    /// Raised by every change that a watcher may see, of its own row or of one shown with it.
    pub revision: i64,
    /// The template.
    pub template: WorkspaceTemplate,
}

/// What a workspace needs to know of its template.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a template"
)]
pub struct WorkspaceTemplate {
    /// Its id.
    pub id: TemplateId,
    /// The version that new workspaces get.
    pub active_version_id: TemplateVersionId,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether users may cancel builds.
    pub allow_user_cancel_workspace_jobs: bool,
    /// Whether users may choose when workspaces start.
    pub allow_user_autostart: bool,
    /// Whether users may choose when workspaces stop.
    pub allow_user_autostop: bool,
    /// Whether workspaces must use the active version.
    pub require_active_version: bool,
    /// Time to live of new workspaces; zero for none.
    pub default_ttl: TimeDelta,
    /// How long a dormant workspace is kept; zero for ever.
    pub time_til_dormant_autodelete: TimeDelta,
    /// Days on which workspaces may start by themselves.
    pub autostart_days: Weekdays,
    /// What rights on it are asked of.
    pub object: Object,
}

/// A workspace with one of its builds and all that is shown beside them.
#[derive(Clone, Debug)]
pub struct WorkspaceView {
    /// Which state of all rows this is.
    pub fingerprint: Fingerprint,
    /// The workspace.
    pub workspace: Workspace,
    /// The owner's username.
    pub owner_name: String,
    /// The owner's picture; empty for none.
    pub owner_avatar_url: String,
    /// The organization's name.
    pub organization_name: String,
    /// The template's name.
    pub template_name: String,
    /// The template's title; empty for none.
    pub template_display_name: String,
    /// The template's picture; empty for none.
    pub template_icon: String,
    /// The build.
    pub build: Build,
    /// The name of the build's version.
    pub version_name: String,
    /// The name of who asked for the build.
    pub initiator_name: String,
    /// The build's job.
    pub job: Job,
    /// What the job made.
    pub resources: Vec<Resource>,
}

impl WorkspaceView {
    /// The last instant at which its agents are judged as they are at `now`; `None` when only a
    /// report changes that.
    #[must_use]
    pub fn steady_until(&self, now: Timestamp, inactive_after: TimeDelta) -> Option<Timestamp> {
        let agents = self.resources.iter().flat_map(|made| &made.agents);
        agents
            .filter_map(|agent| agent.connection().steady_until(now, inactive_after))
            .min()
    }

    /// Whether the build uses another version than the template's active one.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.build.template_version_id != self.workspace.template.active_version_id
    }
}

/// Why a time to live is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TtlError {
    /// Under a minute.
    #[error("the time until shutdown must be at least one minute")]
    TooShort,
    /// Over 30 days.
    #[error("the time until shutdown must be at most 30 days")]
    TooLong,
}

/// Why a deadline cannot be moved (spec WS-120).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExtendError {
    /// It is not running.
    #[error("the workspace must be started; its latest build is a {0}")]
    NotStarted(&'static str),
    /// The build is still going on.
    #[error("the workspace is still being built")]
    StillBuilding,
    /// Its user switched automatic stops off.
    #[error("the workspace stops only when its user stops it")]
    NoDeadline,
    /// The new deadline is too near.
    #[error("the new deadline must be at least 30 minutes away")]
    TooSoon,
    /// The new deadline lies before the workspace began to run.
    #[error("the new deadline must not lie before the start of the workspace")]
    BeforeStart,
    /// The new deadline lies beyond the latest one.
    #[error("the new deadline must not lie after the template's latest one, {0}")]
    TooLate(Timestamp),
}

impl Workspace {
    /// What rights on it are asked of.
    #[must_use]
    pub fn object(&self) -> Object {
        Object::workspace(
            self.owner_id,
            self.organization_id,
            self.dormant_at.is_some(),
        )
        .with_id(self.id.0)
    }

    /// The time to live that is shown: the template's where users may not choose.
    #[must_use]
    pub fn shown_ttl(&self) -> Option<TimeDelta> {
        if self.template.allow_user_autostop {
            self.ttl
        } else {
            Some(self.template.default_ttl)
        }
    }
}

/// Whether the deadline of a build, whose job ended at `completed_at`, may be moved to `deadline`.
///
/// # Errors
/// The first rule that forbids it.
pub fn check_deadline(
    build: &Build,
    completed_at: Option<Timestamp>,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), ExtendError> {
    match build.transition {
        Transition::Start => {}
        Transition::Stop => return Err(ExtendError::NotStarted("stop")),
        Transition::Delete => return Err(ExtendError::NotStarted("delete")),
    }
    let Some(completed_at) = completed_at else {
        return Err(ExtendError::StillBuilding);
    };
    if build.deadline.is_none() {
        return Err(ExtendError::NoDeadline);
    }
    if deadline < now + LEAST_NOTICE {
        return Err(ExtendError::TooSoon);
    }
    if deadline < completed_at {
        return Err(ExtendError::BeforeStart);
    }
    match build.max_deadline {
        Some(latest) if deadline > latest => Err(ExtendError::TooLate(latest)),
        _ => Ok(()),
    }
}

/// Reads a time to live in milliseconds: cut to whole minutes; `None` for none (spec WS-150).
///
/// # Errors
/// When it is out of bounds.
pub fn parse_ttl(milliseconds: Option<i64>) -> Result<Option<TimeDelta>, TtlError> {
    let Some(milliseconds) = milliseconds.filter(|value| *value != 0) else {
        return Ok(None);
    };
    let ttl = TimeDelta::minutes(milliseconds / 60_000);
    if ttl < TTL_LEAST {
        Err(TtlError::TooShort)
    } else if ttl > TTL_GREATEST {
        Err(TtlError::TooLong)
    } else {
        Ok(Some(ttl))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_cut_to_minutes_and_bounded() {
        let minutes = |count| Ok(Some(TimeDelta::minutes(count)));
        assert_eq!(parse_ttl(None), Ok(None));
        assert_eq!(parse_ttl(Some(0)), Ok(None));
        assert_eq!(parse_ttl(Some(59_999)), Err(TtlError::TooShort));
        assert_eq!(parse_ttl(Some(-60_000)), Err(TtlError::TooShort));
        assert_eq!(parse_ttl(Some(90_500)), minutes(1));
        assert_eq!(parse_ttl(Some(2_592_059_999)), minutes(30 * 24 * 60));
        assert_eq!(parse_ttl(Some(2_592_060_000)), Err(TtlError::TooLong));
        assert_eq!(parse_ttl(Some(i64::MAX)), Err(TtlError::TooLong));
    }
}
