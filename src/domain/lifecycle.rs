//! What happens to a workspace by itself: whether it is due to start, stop, sleep or be
//! deleted at an instant. Decides from facts alone; finds no workspace and queues nothing.

use chrono::TimeDelta;

use super::{
    builds::{AutomaticUpdates, BuildReason},
    clock::Timestamp,
    jobs::JobStatus,
    provisioning::Transition,
    schedule::Schedule,
    users::UserStatus,
    weekdays::Weekdays,
};

/// Time after a failed delete before the next one is tried.
const PAUSE_AFTER_FAILED_DELETE: TimeDelta = TimeDelta::hours(24);

/// What decides about a workspace.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether its owner may come in.
    pub owner: UserStatus,
    /// Its latest build.
    pub build: LatestBuild,
    /// When it starts by itself; `None` for never.
    pub autostart: Option<Schedule>,
    /// The start that was worked out last.
    pub next_start_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Since when it sleeps.
    pub dormant_at: Option<Timestamp>,
    /// When it is to be deleted for sleeping.
    pub deleting_at: Option<Timestamp>,
    /// Whether it takes new versions by itself.
    pub automatic_updates: AutomaticUpdates,
    /// What its template says.
    pub template: TemplateRules,
}

/// The latest build of a workspace.
#[derive(Clone, Copy, Debug)]
pub struct LatestBuild {
    /// What it does.
    pub transition: Transition,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How its job stands.
    pub job: JobStatus,
    /// When its job ended.
    pub ended_at: Option<Timestamp>,
    /// When the workspace stops.
    pub deadline: Option<Timestamp>,
}

/// What a template says about what its workspaces do by themselves. Zero switches a rule off.
#[derive(Clone, Copy, Debug)]
pub struct TemplateRules {
    /// Whether users choose when workspaces start.
    pub allow_user_autostart: bool,
    /// Days on which workspaces may start by themselves.
    pub autostart_days: Weekdays,
    /// Whether workspaces start with the active version only.
    pub require_active_version: bool,
    /// How long after a failed start what is left of it is stopped.
    pub failure_ttl: TimeDelta,
    /// How long a workspace may lie unused before it sleeps.
    pub time_til_dormant: TimeDelta,
    /// How long a workspace sleeps before it is deleted.
    pub time_til_dormant_autodelete: TimeDelta,
}

/// What a workspace is due for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// To stop: its deadline has come, or its owner was suspended.
    Autostop,
    /// To start: its schedule says so.
    Autostart,
    /// To stop what a failed start left behind.
    FailedStop,
    /// To sleep, having lain unused for too long.
    Sleep {
        /// Whether it must be stopped for that.
        stop: bool,
    },
    /// To be deleted, having slept for too long.
    Autodelete,
}

impl Action {
    /// The build that is needed, and its reason.
    #[must_use]
    pub fn build(self) -> Option<(Transition, BuildReason)> {
        match self {
            Self::Autostop | Self::FailedStop => Some((Transition::Stop, BuildReason::Autostop)),
            Self::Autostart => Some((Transition::Start, BuildReason::Autostart)),
            Self::Sleep { stop: true } => Some((Transition::Stop, BuildReason::Dormancy)),
            Self::Sleep { stop: false } => None,
            Self::Autodelete => Some((Transition::Delete, BuildReason::Autodelete)),
        }
    }

    /// Whether the workspace is marked dormant.
    #[must_use]
    pub fn puts_to_sleep(self) -> bool {
        matches!(self, Self::Sleep { .. })
    }
}

impl Facts {
    /// What the workspace is due for at `tick`: the first rule of spec BJ-121 that holds.
    #[must_use]
    pub fn due(&self, tick: Timestamp) -> Option<Action> {
        let action = if self.must_stop(tick) {
            Action::Autostop
        } else if self.must_start(tick) {
            Action::Autostart
        } else if self.must_stop_failed(tick) {
            Action::FailedStop
        } else if self.must_sleep(tick) {
            let stop = self.build.transition == Transition::Start;
            Action::Sleep { stop }
        } else if self.must_be_deleted(tick) {
            Action::Autodelete
        } else {
            return None;
        };
        // One build at a time: a later tick finds the workspace again.
        (action.build().is_none() || self.build.job.has_ended()).then_some(action)
    }

    /// Whether an automatic start takes the template's active version (spec BJ-125).
    #[must_use]
    pub fn takes_active_version(&self) -> bool {
        self.template.require_active_version || self.automatic_updates == AutomaticUpdates::Always
    }

    /// The next start after `tick`, when it is to be worked out: none is known though there
    /// should be one (spec BJ-123), or the one that is known has led to a build.
    #[must_use]
    pub fn new_start(&self, tick: Timestamp, action: Option<Action>) -> Option<NewStart> {
        let schedule = self.autostart.as_ref()?;
        let sleeps = self.dormant_at.is_some() || action.is_some_and(Action::puts_to_sleep);
        let is_needed = match self.next_start_at {
            None => true,
            Some(start) => start <= tick && action.is_some(),
        };
        (is_needed && !sleeps)
            .then(|| NewStart(schedule.next_allowed(self.template.autostart_days, tick)))
    }

    fn is_awake(&self) -> bool {
        self.dormant_at.is_none() && self.build.job != JobStatus::Failed
    }

    fn must_stop(&self, tick: Timestamp) -> bool {
        let is_over = self.build.deadline.is_some_and(|deadline| deadline <= tick);
        self.is_awake()
            && self.build.transition == Transition::Start
            && (self.owner == UserStatus::Suspended || is_over)
    }

    fn must_start(&self, tick: Timestamp) -> bool {
        let may_start = self.is_awake()
            && self.build.transition == Transition::Stop
            && self.owner == UserStatus::Active
            && self.template.allow_user_autostart
            && self.next_start_at.is_none_or(|start| start <= tick);
        let since_stop = |schedule: &Schedule| {
            schedule.next_allowed(self.template.autostart_days, self.build.created_at)
        };
        may_start
            && self
                .autostart
                .as_ref()
                .and_then(since_stop)
                .is_some_and(|start| start <= tick)
    }

    fn must_stop_failed(&self, tick: Timestamp) -> bool {
        self.build.transition == Transition::Start
            && self.build.job == JobStatus::Failed
            && is_older(self.build.ended_at, self.template.failure_ttl, tick)
    }

    fn must_sleep(&self, tick: Timestamp) -> bool {
        self.dormant_at.is_none()
            && is_older(
                Some(self.last_used_at),
                self.template.time_til_dormant,
                tick,
            )
    }

    fn must_be_deleted(&self, tick: Timestamp) -> bool {
        let failed_delete_at = self.build.ended_at.filter(|_| {
            self.build.transition == Transition::Delete && self.build.job == JobStatus::Failed
        });
        self.dormant_at.is_some()
            && self.deleting_at.is_some_and(|at| at < tick)
            && self.template.time_til_dormant_autodelete > TimeDelta::zero()
            && failed_delete_at.is_none_or(|at| tick - at > PAUSE_AFTER_FAILED_DELETE)
    }
}

/// A next start that was worked out: `None` when the schedule names no allowed time within a
/// week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewStart(pub Option<Timestamp>);

/// Whether more than `limit` has gone by since `at`; a limit of zero is none.
fn is_older(at: Option<Timestamp>, limit: TimeDelta, tick: Timestamp) -> bool {
    limit > TimeDelta::zero() && at.is_some_and(|at| tick - at > limit)
}

#[cfg(test)]
mod tests;
