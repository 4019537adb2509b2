//! Each rule at its borders, in tables of named cases.

mod starts;
mod year;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

/// Stopped on Monday evening by its user; starts each day at nine.
fn stopped() -> Facts {
    Facts {
        owner: UserStatus::Active,
        build: LatestBuild {
            transition: Transition::Stop,
            created_at: at("2026-03-02T18:00:00Z"),
            job: JobStatus::Succeeded,
            ended_at: Some(at("2026-03-02T18:01:00Z")),
            deadline: None,
        },
        autostart: Some(Schedule::parse("0 9 * * *").unwrap()),
        next_start_at: Some(at("2026-03-03T09:00:00Z")),
        last_used_at: at("2026-03-02T17:00:00Z"),
        dormant_at: None,
        deleting_at: None,
        automatic_updates: AutomaticUpdates::Never,
        template: TemplateRules {
            allow_user_autostart: true,
            autostart_days: Weekdays::ALL,
            require_active_version: false,
            failure_ttl: TimeDelta::zero(),
            time_til_dormant: TimeDelta::zero(),
            time_til_dormant_autodelete: TimeDelta::zero(),
        },
    }
}

/// Started on Monday morning, to stop in the evening; starts each day at nine.
fn running() -> Facts {
    let mut facts = stopped();
    facts.build = LatestBuild {
        transition: Transition::Start,
        created_at: at("2026-03-02T08:59:00Z"),
        job: JobStatus::Succeeded,
        ended_at: Some(at("2026-03-02T09:00:00Z")),
        deadline: Some(at("2026-03-02T17:00:00Z")),
    };
    facts
}

/// A start that failed on Monday at nine, in a template that clears up after an hour.
fn failed_start() -> Facts {
    let mut facts = running();
    facts.build.job = JobStatus::Failed;
    facts.build.deadline = None;
    facts.template.failure_ttl = hours(1);
    facts
}

/// Stopped, never started by itself, last used on Monday at 17:00; sleeps after a day.
fn idle() -> Facts {
    let mut facts = stopped();
    facts.autostart = None;
    facts.next_start_at = None;
    facts.template.time_til_dormant = hours(24);
    facts
}

/// Asleep since Tuesday; deleted on Wednesday at noon.
fn asleep() -> Facts {
    let mut facts = idle();
    facts.dormant_at = Some(at("2026-03-03T12:00:00Z"));
    facts.deleting_at = Some(at("2026-03-04T12:00:00Z"));
    facts.template.time_til_dormant_autodelete = hours(24);
    facts
}

fn with(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}

type Case = (&'static str, Facts, &'static str, Option<Action>);

#[track_caller]
fn check(cases: Vec<Case>) {
    for (name, facts, tick, expected) in cases {
        assert_eq!(facts.due(at(tick)), expected, "{name}");
    }
}

#[test]
fn a_workspace_stops_at_its_deadline() {
    const STOP: Option<Action> = Some(Action::Autostop);
    const EVENING: &str = "2026-03-02T17:00:00Z";
    let suspended = || with(running(), |f| f.owner = UserStatus::Suspended);
    check(vec![
        ("a minute early", running(), "2026-03-02T16:59:00Z", None),
        ("in time", running(), EVENING, STOP),
        ("days late", running(), "2026-03-08T03:00:00Z", STOP),
        (
            "without a deadline",
            with(running(), |f| f.build.deadline = None),
            "2026-04-02T17:00:00Z",
            None,
        ),
        (
            "a deadline between two ticks, before",
            with(running(), |f| {
                f.build.deadline = Some(at("2026-03-02T17:00:30Z"));
            }),
            EVENING,
            None,
        ),
        (
            "a deadline between two ticks, after",
            with(running(), |f| {
                f.build.deadline = Some(at("2026-03-02T17:00:30Z"));
            }),
            "2026-03-02T17:01:00Z",
            STOP,
        ),
        (
            "a stopped one that shows a deadline",
            with(stopped(), |f| f.build.deadline = Some(at(EVENING))),
            "2026-03-03T08:59:00Z",
            None,
        ),
        (
            "while the start still runs",
            with(running(), |f| f.build.job = JobStatus::Running),
            EVENING,
            None,
        ),
        (
            "after a failed start",
            with(running(), |f| f.build.job = JobStatus::Failed),
            EVENING,
            None,
        ),
        (
            "after a canceled start",
            with(running(), |f| f.build.job = JobStatus::Canceled),
            EVENING,
            STOP,
        ),
        (
            "asleep but running",
            with(running(), |f| {
                f.dormant_at = Some(at("2026-03-02T12:00:00Z"));
            }),
            EVENING,
            None,
        ),
        (
            "the owner does not come any more",
            with(running(), |f| f.owner = UserStatus::Dormant),
            "2026-03-02T12:00:00Z",
            None,
        ),
        (
            "the owner was suspended",
            suspended(),
            "2026-03-02T12:00:00Z",
            STOP,
        ),
        (
            "the owner was suspended, without a deadline",
            with(suspended(), |f| f.build.deadline = None),
            "2026-03-02T12:00:00Z",
            STOP,
        ),
        (
            "the owner was suspended during the start",
            with(suspended(), |f| f.build.job = JobStatus::Pending),
            "2026-03-02T12:00:00Z",
            None,
        ),
        (
            "the owner was suspended after a failed start",
            with(suspended(), |f| f.build.job = JobStatus::Failed),
            "2026-03-02T12:00:00Z",
            None,
        ),
        (
            "the owner was suspended after the stop",
            with(stopped(), |f| f.owner = UserStatus::Suspended),
            "2026-03-03T12:00:00Z",
            None,
        ),
    ]);
}

#[test]
fn what_a_failed_start_left_is_stopped() {
    const STOP: Option<Action> = Some(Action::FailedStop);
    const LATER: &str = "2026-03-02T10:01:00Z";
    check(vec![
        (
            "just an hour old",
            failed_start(),
            "2026-03-02T10:00:00Z",
            None,
        ),
        ("more than an hour old", failed_start(), LATER, STOP),
        (
            "without the rule",
            with(failed_start(), |f| {
                f.template.failure_ttl = TimeDelta::zero();
            }),
            LATER,
            None,
        ),
        (
            "a failed stop",
            with(failed_start(), |f| f.build.transition = Transition::Stop),
            LATER,
            None,
        ),
        (
            "a failed delete",
            with(failed_start(), |f| f.build.transition = Transition::Delete),
            LATER,
            None,
        ),
        (
            "a canceled start",
            with(failed_start(), |f| f.build.job = JobStatus::Canceled),
            LATER,
            None,
        ),
        (
            "a good start",
            with(failed_start(), |f| f.build.job = JobStatus::Succeeded),
            LATER,
            None,
        ),
        (
            "asleep",
            with(failed_start(), |f| f.dormant_at = Some(at(LATER))),
            LATER,
            STOP,
        ),
        (
            "a suspended owner",
            with(failed_start(), |f| f.owner = UserStatus::Suspended),
            LATER,
            STOP,
        ),
        (
            "a failure without an end",
            with(failed_start(), |f| f.build.ended_at = None),
            LATER,
            None,
        ),
    ]);
}

#[test]
fn what_lies_unused_sleeps() {
    const SLEEP: Option<Action> = Some(Action::Sleep { stop: false });
    const STOP_AND_SLEEP: Option<Action> = Some(Action::Sleep { stop: true });
    const LATER: &str = "2026-03-03T17:01:00Z";
    let running_idle = || {
        with(idle(), |f| {
            f.build.transition = Transition::Start;
            f.last_used_at = at("2026-03-02T17:00:00Z");
        })
    };
    check(vec![
        (
            "unused for just a day",
            idle(),
            "2026-03-03T17:00:00Z",
            None,
        ),
        ("unused for longer", idle(), LATER, SLEEP),
        (
            "without the rule",
            with(idle(), |f| f.template.time_til_dormant = TimeDelta::zero()),
            LATER,
            None,
        ),
        (
            "used meanwhile",
            with(idle(), |f| f.last_used_at = at(LATER)),
            LATER,
            None,
        ),
        (
            "asleep already",
            with(idle(), |f| f.dormant_at = Some(at(LATER))),
            LATER,
            None,
        ),
        ("running", running_idle(), LATER, STOP_AND_SLEEP),
        (
            "being started",
            with(running_idle(), |f| f.build.job = JobStatus::Running),
            LATER,
            None,
        ),
        (
            "being stopped",
            with(idle(), |f| f.build.job = JobStatus::Running),
            LATER,
            SLEEP,
        ),
        (
            "after a failed start",
            with(running_idle(), |f| f.build.job = JobStatus::Failed),
            LATER,
            STOP_AND_SLEEP,
        ),
        (
            "running, and its deadline has come too",
            with(running_idle(), |f| f.build.deadline = Some(at(LATER))),
            LATER,
            Some(Action::Autostop),
        ),
        (
            "due to start at the same tick",
            with(idle(), |f| {
                f.autostart = Some(Schedule::parse("1 17 * * *").unwrap());
                f.next_start_at = Some(at(LATER));
            }),
            LATER,
            Some(Action::Autostart),
        ),
        (
            "a suspended owner",
            with(idle(), |f| f.owner = UserStatus::Suspended),
            LATER,
            SLEEP,
        ),
    ]);
}

#[test]
fn what_sleeps_for_long_is_deleted() {
    const DELETE: Option<Action> = Some(Action::Autodelete);
    const LATER: &str = "2026-03-04T12:01:00Z";
    let tried = |job| {
        with(asleep(), |f| {
            f.build.transition = Transition::Delete;
            f.build.job = job;
            f.build.ended_at = Some(at("2026-03-04T12:02:00Z"));
        })
    };
    check(vec![
        ("just then", asleep(), "2026-03-04T12:00:00Z", None),
        ("after it", asleep(), LATER, DELETE),
        (
            "without the rule",
            with(asleep(), |f| {
                f.template.time_til_dormant_autodelete = TimeDelta::zero();
            }),
            LATER,
            None,
        ),
        (
            "without a time",
            with(asleep(), |f| f.deleting_at = None),
            LATER,
            None,
        ),
        (
            "woken",
            with(asleep(), |f| {
                f.dormant_at = None;
                f.last_used_at = at(LATER);
            }),
            LATER,
            None,
        ),
        (
            "asleep but running",
            with(asleep(), |f| f.build.transition = Transition::Start),
            LATER,
            DELETE,
        ),
        (
            "a day after a failed delete",
            tried(JobStatus::Failed),
            "2026-03-05T12:02:00Z",
            None,
        ),
        (
            "more than a day after a failed delete",
            tried(JobStatus::Failed),
            "2026-03-05T12:03:00Z",
            DELETE,
        ),
        (
            "right after a canceled delete",
            tried(JobStatus::Canceled),
            "2026-03-04T12:03:00Z",
            DELETE,
        ),
        (
            "while a delete runs",
            with(tried(JobStatus::Running), |f| f.build.ended_at = None),
            "2026-03-06T12:03:00Z",
            None,
        ),
        (
            "after a failed stop",
            with(asleep(), |f| f.build.job = JobStatus::Failed),
            LATER,
            DELETE,
        ),
    ]);
}

#[test]
fn builds_have_the_reasons_that_clients_know() {
    let builds = [
        (
            Action::Autostop,
            Some((Transition::Stop, BuildReason::Autostop)),
        ),
        (
            Action::Autostart,
            Some((Transition::Start, BuildReason::Autostart)),
        ),
        (
            Action::FailedStop,
            Some((Transition::Stop, BuildReason::Autostop)),
        ),
        (
            Action::Sleep { stop: true },
            Some((Transition::Stop, BuildReason::Dormancy)),
        ),
        (Action::Sleep { stop: false }, None),
        (
            Action::Autodelete,
            Some((Transition::Delete, BuildReason::Autodelete)),
        ),
    ];
    for (action, build) in builds {
        assert_eq!(action.build(), build);
    }
}

#[test]
fn the_active_version_is_taken_where_somebody_wants_it() {
    assert!(!stopped().takes_active_version());
    assert!(
        with(stopped(), |f| f.automatic_updates =
            AutomaticUpdates::Always)
        .takes_active_version()
    );
    assert!(with(stopped(), |f| f.template.require_active_version = true).takes_active_version());
}
