//! Automatic starts: who may, which days, and what clock changes do.

use super::*;

const START: Option<Action> = Some(Action::Autostart);
const MORNING: &str = "2026-03-03T09:00:00Z";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_workspace_starts_when_its_schedule_says() {
    check(vec![
        ("a minute early", stopped(), "2026-03-03T08:59:00Z", None),
        ("in time", stopped(), MORNING, START),
        (
            "missed by some minutes",
            stopped(),
            "2026-03-03T09:17:00Z",
            START,
        ),
        ("missed by days", stopped(), "2026-03-07T23:00:00Z", START),
        (
            "no schedule",
            with(stopped(), |f| f.autostart = None),
            MORNING,
            None,
        ),
        ("running", running(), "2026-03-02T10:00:00Z", None),
        (
            "being stopped",
            with(stopped(), |f| f.build.job = JobStatus::Running),
            MORNING,
            None,
        ),
        (
            "after a failed stop",
            with(stopped(), |f| f.build.job = JobStatus::Failed),
            MORNING,
            None,
        ),
        (
            "after a canceled stop",
            with(stopped(), |f| f.build.job = JobStatus::Canceled),
            MORNING,
            START,
        ),
        (
            "after a failed start",
            with(running(), |f| f.build.job = JobStatus::Failed),
            MORNING,
            None,
        ),
        (
            "after a canceled start",
            with(running(), |f| {
                f.build.job = JobStatus::Canceled;
                f.build.deadline = None;
            }),
            MORNING,
            None,
        ),
        (
            "after a failed delete",
            with(stopped(), |f| {
                f.build.transition = Transition::Delete;
                f.build.job = JobStatus::Failed;
            }),
            MORNING,
            None,
        ),
        (
            "a suspended owner",
            with(stopped(), |f| f.owner = UserStatus::Suspended),
            MORNING,
            None,
        ),
        (
            "an owner who does not come any more",
            with(stopped(), |f| f.owner = UserStatus::Dormant),
            MORNING,
            None,
        ),
        (
            "asleep",
            with(stopped(), |f| {
                f.dormant_at = Some(at("2026-03-03T08:00:00Z"));
            }),
            MORNING,
            None,
        ),
        (
            "the template forbids it",
            with(stopped(), |f| f.template.allow_user_autostart = false),
            MORNING,
            None,
        ),
        (
            "not on a Tuesday",
            with(stopped(), |f| {
                f.template.autostart_days = Weekdays::from_bits(0b111_1101);
            }),
            MORNING,
            None,
        ),
        (
            "only on a Tuesday",
            with(stopped(), |f| {
                f.template.autostart_days = Weekdays::from_bits(0b000_0010);
            }),
            MORNING,
            START,
        ),
        (
            "on no day",
            with(stopped(), |f| f.template.autostart_days = Weekdays::NONE),
            "2026-03-20T09:00:00Z",
            None,
        ),
    ]);
}

#[test]
fn a_start_waits_for_the_next_occurrence_after_a_stop() {
    let stopped_after = || {
        with(stopped(), |f| {
            f.build.created_at = at("2026-03-03T09:30:00Z");
            f.next_start_at = Some(at("2026-03-04T09:00:00Z"));
        })
    };
    check(vec![
        (
            "stopped by hand after today's start",
            stopped_after(),
            "2026-03-03T09:31:00Z",
            None,
        ),
        (
            "on the next day",
            stopped_after(),
            "2026-03-04T09:00:00Z",
            START,
        ),
        (
            "a stop asked for in the minute of the start",
            with(stopped(), |f| f.build.created_at = at(MORNING)),
            MORNING,
            None,
        ),
        (
            "a schedule set only today, for a time that has gone by",
            with(stopped(), |f| {
                f.next_start_at = Some(at("2026-03-04T09:00:00Z"));
            }),
            "2026-03-03T10:00:00Z",
            None,
        ),
        (
            "a next start that nobody worked out, missed",
            with(stopped(), |f| f.next_start_at = None),
            "2026-03-03T10:00:00Z",
            START,
        ),
        (
            "a next start that nobody worked out, to come",
            with(stopped(), |f| f.next_start_at = None),
            "2026-03-03T08:00:00Z",
            None,
        ),
    ]);
}

/// A schedule, the instant of the stop before, days that the template allows, and the instant
/// at which the workspace starts.
const STARTS: &[(&str, &str, u8, &str)] = &[
    // Whole and broken offsets, and where the day is another one than in UTC.
    (
        "CRON_TZ=Asia/Kolkata 0 9 * * *",
        "2026-03-02T18:00:00Z",
        127,
        "2026-03-03T03:30:00Z",
    ),
    (
        "CRON_TZ=Asia/Kathmandu 0 9 * * *",
        "2026-03-02T18:00:00Z",
        127,
        "2026-03-03T03:15:00Z",
    ),
    (
        "CRON_TZ=Pacific/Apia 0 9 * * mon",
        "2026-03-04T18:00:00Z",
        127,
        "2026-03-08T20:00:00Z",
    ),
    (
        "CRON_TZ=Pacific/Apia 0 9 * * *",
        "2026-03-04T18:00:00Z",
        0b1,
        "2026-03-08T20:00:00Z",
    ),
    (
        "CRON_TZ=Pacific/Marquesas 30 20 * * fri",
        "2026-03-04T18:00:00Z",
        127,
        "2026-03-07T06:00:00Z",
    ),
    // Days of the week in the schedule and in the template.
    (
        "0 9 * * 1-5",
        "2026-03-06T18:00:00Z",
        127,
        "2026-03-09T09:00:00Z",
    ),
    (
        "0 9 * * 0,6",
        "2026-03-02T18:00:00Z",
        127,
        "2026-03-07T09:00:00Z",
    ),
    (
        "0 9 * * *",
        "2026-03-06T18:00:00Z",
        0b001_1111,
        "2026-03-09T09:00:00Z",
    ),
    (
        "*/30 * * * *",
        "2026-03-06T23:40:00Z",
        0b110_0000,
        "2026-03-07T00:00:00Z",
    ),
    // New York: clocks go forward on 8 March at two, back on 1 November at two.
    (
        "CRON_TZ=America/New_York 0 9 * * *",
        "2026-03-07T00:00:00Z",
        127,
        "2026-03-07T14:00:00Z",
    ),
    (
        "CRON_TZ=America/New_York 0 9 * * *",
        "2026-03-08T00:00:00Z",
        127,
        "2026-03-08T13:00:00Z",
    ),
    (
        "CRON_TZ=America/New_York 30 2 * * *",
        "2026-03-08T00:00:00Z",
        127,
        "2026-03-09T06:30:00Z",
    ),
    (
        "CRON_TZ=America/New_York 30 1 * * *",
        "2026-11-01T00:00:00Z",
        127,
        "2026-11-01T05:30:00Z",
    ),
    (
        "CRON_TZ=America/New_York 30 1 * * *",
        "2026-11-01T05:45:00Z",
        127,
        "2026-11-01T06:30:00Z",
    ),
    (
        "CRON_TZ=America/New_York 30 1 * * *",
        "2026-11-01T06:30:00Z",
        127,
        "2026-11-02T06:30:00Z",
    ),
    // Berlin: 29 March and 25 October.
    (
        "CRON_TZ=Europe/Berlin 30 2 * * *",
        "2026-03-28T12:00:00Z",
        127,
        "2026-03-30T00:30:00Z",
    ),
    (
        "CRON_TZ=Europe/Berlin 30 2 * * *",
        "2026-10-24T12:00:00Z",
        127,
        "2026-10-25T00:30:00Z",
    ),
    (
        "CRON_TZ=Europe/Berlin 30 2 * * *",
        "2026-10-25T00:40:00Z",
        127,
        "2026-10-25T01:30:00Z",
    ),
    // Lord Howe Island: by half an hour, on 5 April and 4 October.
    (
        "CRON_TZ=Australia/Lord_Howe 45 1 * * *",
        "2026-04-04T12:00:00Z",
        127,
        "2026-04-04T14:45:00Z",
    ),
    (
        "CRON_TZ=Australia/Lord_Howe 45 1 * * *",
        "2026-04-04T14:50:00Z",
        127,
        "2026-04-04T15:15:00Z",
    ),
    (
        "CRON_TZ=Australia/Lord_Howe 15 2 * * *",
        "2026-10-03T00:00:00Z",
        127,
        "2026-10-04T15:15:00Z",
    ),
];

#[test]
fn zones_days_and_clock_changes_are_obeyed() {
    for (text, stopped_at, days, start) in STARTS {
        let schedule = Schedule::parse(text).unwrap();
        let days = Weekdays::from_bits(*days);
        let start = at(start);
        let facts = with(stopped(), |f| {
            f.build.created_at = at(stopped_at);
            f.template.autostart_days = days;
            f.next_start_at = schedule.next_allowed(days, at(stopped_at));
            f.autostart = Some(schedule);
        });
        let case = format!("{text} after {stopped_at}");
        assert_eq!(facts.next_start_at, Some(start), "{case}");
        assert_eq!(facts.due(start - TimeDelta::minutes(1)), None, "{case}");
        assert_eq!(facts.due(start), START, "{case}");
    }
}

#[test]
fn a_next_start_is_worked_out_where_there_should_be_one() {
    let tick = at("2026-03-03T10:00:00Z");
    let unknown = || with(stopped(), |f| f.next_start_at = None);
    let tomorrow = Some(NewStart(Some(at("2026-03-04T09:00:00Z"))));
    assert_eq!(unknown().new_start(tick, None), tomorrow);
    assert_eq!(stopped().new_start(tick, None), None);
    assert_eq!(stopped().new_start(tick, START), tomorrow);
    let sleep = Some(Action::Sleep { stop: true });
    assert_eq!(unknown().new_start(tick, sleep), None);
    let asleep = with(unknown(), |f| f.dormant_at = Some(tick));
    assert_eq!(asleep.new_start(tick, None), None);
    let manual = with(unknown(), |f| f.autostart = None);
    assert_eq!(manual.new_start(tick, None), None);
    let never = with(unknown(), |f| f.template.autostart_days = Weekdays::NONE);
    assert_eq!(never.new_start(tick, None), Some(NewStart(None)));
}
