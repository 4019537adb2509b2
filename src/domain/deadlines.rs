//! When a running workspace must stop: the deadlines set when a build ends, moved by
//! activity, and recomputed when a template's schedule changes. All pure arithmetic.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

use super::{clock::Timestamp, schedule::Schedule, weekdays::Weekdays};

/// A required stop is never put nearer than this.
const NOTICE: TimeDelta = TimeDelta::hours(2);
/// Slack for a build that ends right at the beginning of quiet hours.
const LEEWAY: TimeDelta = TimeDelta::minutes(15);
/// The Monday from which weeks are counted.
const FIRST_MONDAY: (i32, u32, u32) = (2023, 1, 2);

/// How far activity moves a deadline unless the template says otherwise.
pub const DEFAULT_ACTIVITY_BUMP: TimeDelta = TimeDelta::hours(1);

/// What a template says about stopping and starting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TemplateSchedule {
    /// Time to live that a new workspace gets, and all do where users may not choose; zero for none.
    pub default_ttl: TimeDelta,
    /// How far activity moves a deadline; zero for not at all.
    pub activity_bump: TimeDelta,
    /// Whether users choose their own time to live.
    pub allow_user_autostop: bool,
    /// Whether users choose their own start.
    pub allow_user_autostart: bool,
    /// Days on which workspaces may start by themselves.
    pub autostart_days: Weekdays,
    /// Days on which workspaces must stop; none for no such rule.
    pub stop_days: Weekdays,
    /// The rule counts every so many weeks; 0 reads as 1.
    pub stop_weeks: u16,
}

/// Users choose freely, on every day of the week.
impl Default for TemplateSchedule {
    fn default() -> Self {
        Self {
            default_ttl: TimeDelta::zero(),
            activity_bump: DEFAULT_ACTIVITY_BUMP,
            allow_user_autostop: true,
            allow_user_autostart: true,
            autostart_days: Weekdays::ALL,
            stop_days: Weekdays::NONE,
            stop_weeks: 1,
        }
    }
}

/// The two deadlines of a build.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Deadlines {
    /// When it stops, unless it is extended.
    pub deadline: Option<Timestamp>,
    /// The latest that an extension can reach.
    pub max_deadline: Option<Timestamp>,
}

/// A deadline came out before the build ended, which no setting should allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the computed deadline {0} has passed already")]
pub struct DeadlinePassed(pub Timestamp);

impl TemplateSchedule {
    /// The time to live that counts for a workspace with its own `ttl`; `None` for none.
    #[must_use]
    pub fn effective_ttl(&self, ttl: Option<TimeDelta>) -> Option<TimeDelta> {
        if !self.allow_user_autostop && self.default_ttl > TimeDelta::zero() {
            return Some(self.default_ttl);
        }
        ttl.filter(|ttl| *ttl > TimeDelta::zero())
    }

    /// The next start that the template allows.
    #[must_use]
    pub fn next_start(&self, autostart: &Schedule, after: Timestamp) -> Option<Timestamp> {
        autostart.next_allowed(self.autostart_days, after)
    }
}

/// The deadlines of a build that ends `now`.
///
/// # Errors
/// [`DeadlinePassed`] when one would lie before `now`.
pub fn at_completion(
    now: Timestamp,
    ttl: Option<TimeDelta>,
    autostart: Option<&Schedule>,
    template: &TemplateSchedule,
    quiet_hours: &Schedule,
) -> Result<Deadlines, DeadlinePassed> {
    let mut deadline = template.effective_ttl(ttl).map(|ttl| {
        let usual = now + ttl;
        // A deadline beyond the next start would stop the workspace in the middle of that day's work.
        autostart
            .and_then(|schedule| {
                schedule
                    .next_after(now)
                    .filter(|start| schedule.falls_on(template.autostart_days, *start))
            })
            .filter(|start| *start < usual)
            .map_or(usual, |start| start + ttl)
    });
    let max_deadline = required_stop(now, template, quiet_hours);
    if let Some(latest) = max_deadline {
        deadline = Some(deadline.map_or(latest, |earlier| earlier.min(latest)));
    }
    match [deadline, max_deadline]
        .into_iter()
        .flatten()
        .find(|at| *at < now)
    {
        Some(passed) => Err(DeadlinePassed(passed)),
        None => Ok(Deadlines {
            deadline,
            max_deadline,
        }),
    }
}

/// When a workspace built `now` must stop at the latest: the owner's quiet hours on the
/// next required day, in the zone of those hours.
#[must_use]
pub fn required_stop(
    now: Timestamp,
    template: &TemplateSchedule,
    quiet_hours: &Schedule,
) -> Option<Timestamp> {
    if template.stop_days.is_empty() {
        return None;
    }
    let soonest = now + NOTICE;
    let mut date = soonest.with_timezone(&quiet_hours.zone()).date_naive();
    date = first_counting_week(date, template.stop_weeks.max(1))?;
    let begins = |date: NaiveDate| quiet_hours.start_of_day(date);
    if quiet_hours.next_after(begins(date)? - LEEWAY)? < soonest {
        date = date.succ_opt()?;
    }
    date = date
        .iter_days()
        .take(8)
        .find(|day| template.stop_days.contains(day.weekday()))?;
    let day = begins(date)?;
    let from = if day < now + TimeDelta::hours(1) {
        now + TimeDelta::hours(1)
    } else {
        day - LEEWAY
    };
    quiet_hours.next_after(from)
}

/// New deadlines of a running build after its template's schedule changed; `None` to leave them.
#[must_use]
pub fn after_template_change(
    now: Timestamp,
    completed_at: Timestamp,
    old: Deadlines,
    template: &TemplateSchedule,
    quiet_hours: &Schedule,
) -> Option<Deadlines> {
    if old.max_deadline.is_some_and(|latest| latest < now + NOTICE) {
        return None;
    }
    let max_deadline =
        required_stop(completed_at, template, quiet_hours).map(|latest| latest.max(now + NOTICE));
    let deadline = match (old.deadline, max_deadline) {
        (Some(deadline), Some(latest)) => Some(deadline.min(latest)),
        (deadline, latest) => deadline.or(latest),
    };
    let new = Deadlines {
        deadline,
        max_deadline,
    };
    (new != old).then_some(new)
}

/// The deadline after activity at `now`; `None` when it does not move.
/// `next_autostart` is the next start that the template allows, `ttl` what counts across it.
#[must_use]
pub fn bump(
    now: Timestamp,
    current: Deadlines,
    activity_bump: TimeDelta,
    next_autostart: Option<Timestamp>,
    ttl: Option<TimeDelta>,
) -> Option<Timestamp> {
    let deadline = current.deadline?;
    if activity_bump <= TimeDelta::zero() {
        return None;
    }
    let mut interval = activity_bump;
    if let Some(start) = next_autostart.filter(|start| *start > now && now + activity_bump > *start)
    {
        interval = (start - now) + ttl.filter(|ttl| *ttl > TimeDelta::zero())?;
    }
    let interval = TimeDelta::seconds(interval.num_seconds());
    // Activity is reported often: write only when at least a twentieth has been used up.
    if now <= deadline - interval * 19 / 20 {
        return None;
    }
    let mut moved = now + interval;
    if let Some(latest) = current.max_deadline {
        moved = moved.min(latest);
    }
    (moved > deadline).then_some(moved)
}

/// The date itself if its week counts, else the Monday of the next week that does.
fn first_counting_week(date: NaiveDate, every: u16) -> Option<NaiveDate> {
    let (year, month, day) = FIRST_MONDAY;
    let epoch = NaiveDate::from_ymd_opt(year, month, day)?;
    let week = (date - epoch).num_days().div_euclid(7);
    let beyond = week.rem_euclid(i64::from(every));
    if beyond == 0 {
        return Some(date);
    }
    let monday = date.week(Weekday::Mon).first_day();
    let weeks = u64::try_from(i64::from(every) - beyond).ok()?;
    monday.checked_add_days(Days::new(weeks * 7))
}

#[cfg(test)]
mod tests;
