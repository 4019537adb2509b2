//! Tests of deadlines, with the days worked out by hand.

use chrono::DateTime;

use super::*;

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn plain() -> TemplateSchedule {
    TemplateSchedule {
        default_ttl: TimeDelta::zero(),
        activity_bump: TimeDelta::hours(1),
        allow_user_autostop: true,
        allow_user_autostart: true,
        autostart_days: Weekdays::ALL,
        stop_days: Weekdays::NONE,
        stop_weeks: 0,
    }
}

fn complete(
    now: &str,
    ttl_hours: Option<i64>,
    autostart: Option<&str>,
    template: &TemplateSchedule,
) -> Deadlines {
    let autostart = autostart.map(|text| Schedule::parse(text).unwrap());
    let ttl = ttl_hours.map(TimeDelta::hours);
    at_completion(
        at(now),
        ttl,
        autostart.as_ref(),
        template,
        &Schedule::midnight_utc(),
    )
    .unwrap()
}

#[test]
fn a_ttl_counts_from_completion() {
    let now = "2026-03-02T10:00:00Z";
    assert_eq!(complete(now, None, None, &plain()), Deadlines::default());
    assert_eq!(
        complete(now, Some(8), None, &plain()).deadline,
        Some(at("2026-03-02T18:00:00Z"))
    );
}

#[test]
fn a_deadline_beyond_the_next_start_counts_from_that_start() {
    let now = "2026-03-02T21:45:00Z";
    let deadlines = complete(now, Some(12), Some("0 9 * * *"), &plain());
    assert_eq!(deadlines.deadline, Some(at("2026-03-03T21:00:00Z")));
    let never = TemplateSchedule {
        autostart_days: Weekdays::NONE,
        ..plain()
    };
    let deadlines = complete(now, Some(12), Some("0 9 * * *"), &never);
    assert_eq!(deadlines.deadline, Some(at("2026-03-03T09:45:00Z")));
    let deadlines = complete(
        "2026-03-02T21:00:00Z",
        Some(12),
        Some("0 9 * * *"),
        &plain(),
    );
    assert_eq!(deadlines.deadline, Some(at("2026-03-03T09:00:00Z")));
}

#[test]
fn a_template_can_prescribe_the_ttl() {
    let fixed = TemplateSchedule {
        allow_user_autostop: false,
        default_ttl: TimeDelta::hours(2),
        ..plain()
    };
    let now = "2026-03-02T10:00:00Z";
    assert_eq!(
        complete(now, Some(8), None, &fixed).deadline,
        Some(at("2026-03-02T12:00:00Z"))
    );
    let unset = TemplateSchedule {
        default_ttl: TimeDelta::zero(),
        ..fixed
    };
    assert_eq!(
        complete(now, Some(8), None, &unset).deadline,
        Some(at("2026-03-02T18:00:00Z"))
    );
}

#[test]
fn a_required_stop_falls_into_quiet_hours_of_the_day() {
    let friday = TemplateSchedule {
        stop_days: Weekdays::NONE.with(Weekday::Fri),
        ..plain()
    };
    // Monday 10:00: the coming Friday at midnight.
    let deadlines = complete("2026-03-02T10:00:00Z", None, None, &friday);
    assert_eq!(deadlines.max_deadline, Some(at("2026-03-06T00:00:00Z")));
    assert_eq!(deadlines.deadline, deadlines.max_deadline);
    // Friday 10:00: a week later.
    let deadlines = complete("2026-03-06T10:00:00Z", Some(8), None, &friday);
    assert_eq!(deadlines.max_deadline, Some(at("2026-03-13T00:00:00Z")));
    assert_eq!(deadlines.deadline, Some(at("2026-03-06T18:00:00Z")));
    // Thursday 23:00 is too near to Friday's midnight.
    let deadlines = complete("2026-03-05T23:00:00Z", None, None, &friday);
    assert_eq!(deadlines.max_deadline, Some(at("2026-03-13T00:00:00Z")));
}

#[test]
fn a_required_stop_may_count_every_other_week() {
    let template = TemplateSchedule {
        stop_days: Weekdays::NONE.with(Weekday::Wed),
        stop_weeks: 2,
        ..plain()
    };
    // Week 165 since 2023-01-02 begins on 2026-03-02 and does not count.
    let deadlines = complete("2026-03-02T10:00:00Z", None, None, &template);
    assert_eq!(deadlines.max_deadline, Some(at("2026-03-11T00:00:00Z")));
    let deadlines = complete("2026-03-09T10:00:00Z", None, None, &template);
    assert_eq!(deadlines.max_deadline, Some(at("2026-03-11T00:00:00Z")));
}

#[test]
fn a_changed_template_moves_running_builds() {
    let daily = TemplateSchedule {
        stop_days: Weekdays::ALL,
        ..plain()
    };
    let quiet = Schedule::midnight_utc();
    let (now, done) = (at("2026-03-04T10:00:00Z"), at("2026-03-02T10:00:00Z"));
    let old = Deadlines {
        deadline: Some(at("2026-03-05T10:00:00Z")),
        max_deadline: None,
    };
    let new = after_template_change(now, done, old, &daily, &quiet).unwrap();
    assert_eq!(new.max_deadline, Some(at("2026-03-04T12:00:00Z")));
    assert_eq!(new.deadline, new.max_deadline);
    let near = Deadlines {
        deadline: old.deadline,
        max_deadline: Some(at("2026-03-04T11:00:00Z")),
    };
    assert_eq!(after_template_change(now, done, near, &daily, &quiet), None);
    assert_eq!(
        after_template_change(now, done, old, &plain(), &quiet),
        None
    );
}

#[test]
fn activity_moves_the_deadline() {
    let deadline = at("2026-03-02T18:00:00Z");
    let current = Deadlines {
        deadline: Some(deadline),
        max_deadline: None,
    };
    let hour = TimeDelta::hours(1);
    let moved = |now: &str| bump(at(now), current, hour, None, None);
    assert_eq!(moved("2026-03-02T17:03:00Z"), None);
    assert_eq!(
        moved("2026-03-02T17:03:01Z"),
        Some(at("2026-03-02T18:03:01Z"))
    );
    assert_eq!(
        moved("2026-03-02T19:00:00Z"),
        Some(at("2026-03-02T20:00:00Z"))
    );
    assert_eq!(
        bump(
            at("2026-03-02T17:30:00Z"),
            current,
            TimeDelta::zero(),
            None,
            None
        ),
        None
    );
    assert_eq!(
        bump(
            at("2026-03-02T17:30:00Z"),
            Deadlines::default(),
            hour,
            None,
            None
        ),
        None
    );
}

#[test]
fn activity_respects_the_latest_deadline_and_the_next_start() {
    let deadline = at("2026-03-02T18:00:00Z");
    let now = at("2026-03-02T17:30:00Z");
    let hour = TimeDelta::hours(1);
    let capped = Deadlines {
        deadline: Some(deadline),
        max_deadline: Some(at("2026-03-02T18:10:00Z")),
    };
    assert_eq!(bump(now, capped, hour, None, None), capped.max_deadline);
    let current = Deadlines {
        deadline: Some(deadline),
        max_deadline: None,
    };
    let start = Some(at("2026-03-02T18:15:00Z"));
    let ttl = Some(TimeDelta::hours(8));
    assert_eq!(
        bump(now, current, hour, start, ttl),
        Some(at("2026-03-03T02:15:00Z"))
    );
    assert_eq!(bump(now, current, hour, start, None), None);
    let passed = Some(at("2026-03-02T17:00:00Z"));
    assert_eq!(
        bump(now, current, hour, passed, ttl),
        Some(at("2026-03-02T18:30:00Z"))
    );
}
