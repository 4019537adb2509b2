//! Tests of schedules: a table of texts, a table of instants, and a minute-by-minute model.

use chrono::{DateTime, TimeDelta, Weekday};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

#[test]
fn good_schedules_are_read() {
    for text in [
        "0 7 * * 1-5",
        "CRON_TZ=UTC 0 7 * * *",
        "CRON_TZ=US/Central 0 7 * * 1-5",
        "CRON_TZ=Asia/Kathmandu 45 23 * * sun",
        "CRON_TZ= 0 7 * * *",
        "CRON_TZ=UTC  0\t7 * * *",
        "*/5 7 * * 1",
        " 0 7 * * 1",
        "0 7 * * MON,FRI",
        "0-30 9 * * 1-5",
        "0 9,17 * * mon-fri",
        "*/30 * * * *",
        "5/20 ? * * ?",
        "0,,30 7 * * 1",
        "0-59/15 0-23/2 * * 0-6",
    ] {
        assert!(
            Schedule::parse(text).is_ok(),
            "{text}: {:?}",
            Schedule::parse(text)
        );
    }
}

#[test]
fn bad_schedules_are_refused() {
    for text in [
        "",
        "CRON_TZ=UTC",
        "CRON_TZ=Nowhere/City 0 7 * * 1",
        "CRON_TZ=us/central 0 7 * * 1",
        "CRON_TZ=Local 0 7 * * 1",
        " CRON_TZ=UTC 0 7 * * 1",
        "cron_tz=UTC 0 7 * * 1",
        "TZ=UTC 0 7 * * 1",
        "0 7 1 * *",
        "0 7 * 2 *",
        "0 7 ? * *",
        "0 7 */1 * *",
        "0 7 * 1-12 *",
        "60 7 * * 1",
        "0 24 * * 1",
        "0 7 * * 7",
        "0 7 * * 8",
        "0 7 * *",
        "0 0 7 * * 1",
        "@daily",
        "@every 1h",
        "daily",
        "0 7 * * funday",
        "mon 7 * * 1",
        "0 7 * * fri-mon",
        "30-10 7 * * 1",
        "*/0 7 * * 1",
        "*/x 7 * * 1",
        "1-2-3 7 * * 1",
        "-1 7 * * 1",
        "+1 7 * * 1",
        "99999999999999999999999 7 * * 1",
    ] {
        assert!(Schedule::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_next_occurrence_is_the_known_one() {
    for (text, after, expected) in [
        ("0 7 * * *", "2026-03-02T06:59:59Z", "2026-03-02T07:00:00Z"),
        ("0 7 * * *", "2026-03-02T07:00:00Z", "2026-03-03T07:00:00Z"),
        // Sunday is 0: 2026-03-08 is a Sunday.
        ("0 0 * * 0", "2026-03-02T00:00:00Z", "2026-03-08T00:00:00Z"),
        ("0 0 * * 6", "2026-03-02T00:00:00Z", "2026-03-07T00:00:00Z"),
        (
            "CRON_TZ=US/Central 0 7 * * 1-5",
            "2026-03-06T13:00:00Z",
            "2026-03-09T12:00:00Z",
        ),
        (
            "CRON_TZ=Asia/Kathmandu 45 23 * * sun",
            "2026-03-02T00:00:00Z",
            "2026-03-08T18:00:00Z",
        ),
        // 2026-03-08 02:30 does not exist in New York.
        (
            "CRON_TZ=America/New_York 30 2 * * *",
            "2026-03-07T12:00:00Z",
            "2026-03-09T06:30:00Z",
        ),
        // 2026-11-01 01:30 exists twice there.
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2026-11-01T05:00:00Z",
            "2026-11-01T05:30:00Z",
        ),
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
        ),
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2026-11-01T06:30:00Z",
            "2026-11-02T06:30:00Z",
        ),
        // Half an hour is repeated on Lord Howe.
        (
            "CRON_TZ=Australia/Lord_Howe 45 1 * * *",
            "2026-04-04T14:45:00Z",
            "2026-04-04T15:15:00Z",
        ),
        (
            "5/20 3 * * *",
            "2026-01-01T03:05:00Z",
            "2026-01-01T03:25:00Z",
        ),
        (
            "*/30 * * * *",
            "2026-12-31T23:30:00Z",
            "2027-01-01T00:00:00Z",
        ),
    ] {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(
            schedule.next_after(at(after)),
            Some(at(expected)),
            "{text} after {after}"
        );
    }
    assert_eq!(
        Schedule::parse(", 7 * * 1")
            .unwrap()
            .next_after(at("2026-01-01T00:00:00Z")),
        None
    );
}

#[test]
fn allowed_days_are_days_of_the_schedules_zone() {
    let schedule = Schedule::parse("CRON_TZ=Asia/Tokyo 0 7 * * *").unwrap();
    let monday = Weekdays::NONE.with(Weekday::Mon);
    // 07:00 on Monday in Tokyo is 22:00 on Sunday in UTC.
    assert_eq!(
        schedule.next_allowed(monday, at("2026-03-03T00:00:00Z")),
        Some(at("2026-03-08T22:00:00Z"))
    );
    assert_eq!(
        schedule.next_allowed(Weekdays::NONE, at("2026-03-03T00:00:00Z")),
        None
    );
    let weekend = Schedule::parse("0 7 * * 0,6").unwrap();
    assert_eq!(
        weekend.next_allowed(monday, at("2026-03-03T00:00:00Z")),
        None
    );
}

#[test]
fn quiet_hours_have_one_time() {
    let schedule = Schedule::parse_daily("CRON_TZ=Europe/Berlin 30 22 * * *").unwrap();
    assert_eq!(schedule.single_time(), NaiveTime::from_hms_opt(22, 30, 0));
    assert_eq!(schedule.zone(), Tz::Europe__Berlin);
    assert_eq!(
        Schedule::parse_daily("CRON_TZ=UTC 0 0 * * *"),
        Ok(Schedule::midnight_utc())
    );
    for text in ["0 0,12 * * *", "*/30 1 * * *", "0 0 * * 1-5"] {
        assert_eq!(
            Schedule::parse_daily(text),
            Err(ScheduleError::NotDaily),
            "{text}"
        );
    }
}

#[test]
fn a_day_begins_when_its_first_minute_exists() {
    // Midnight is skipped in Havana on 2026-03-08.
    let schedule = Schedule::parse("CRON_TZ=America/Havana 0 0 * * *").unwrap();
    let date = NaiveDate::from_ymd_opt(2026, 3, 8).unwrap();
    assert_eq!(
        schedule.start_of_day(date),
        Some(at("2026-03-08T05:00:00Z"))
    );
}

#[test]
fn a_time_to_live_has_bounds() {
    const MONTH: i64 = 30 * 24 * 3_600_000;
    assert_eq!(check_ttl(0), Ok(None));
    assert_eq!(check_ttl(60_000), Ok(Some(TimeDelta::minutes(1))));
    assert_eq!(check_ttl(90_500), Ok(Some(TimeDelta::minutes(1))));
    assert_eq!(check_ttl(MONTH + 59_999), Ok(Some(TimeDelta::days(30))));
    assert_eq!(check_ttl(MONTH + 60_000), Err(TtlError::TooLong));
    for short in [1, 59_999, -1, -60_000, i64::MIN] {
        assert_eq!(check_ttl(short), Err(TtlError::TooShort), "{short}");
    }
    assert_eq!(check_ttl(i64::MAX), Err(TtlError::TooLong));
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let zone = prop::sample::select(vec![
        "UTC",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Havana",
        "Asia/Kathmandu",
        "Europe/Berlin",
        "Pacific/Apia",
    ]);
    let minute = prop_oneof![
        (0..60u32).prop_map(|n| n.to_string()),
        (1..30u32).prop_map(|n| format!("*/{n}")),
        (0..30u32, 30..60u32).prop_map(|(a, b)| format!("{a}-{b}/7")),
    ];
    let hour = prop_oneof![(0..4u32).prop_map(|n| n.to_string()), Just("*".to_owned())];
    let days = prop_oneof![
        Just("*".to_owned()),
        (0..7u32, 0..7u32).prop_map(|(a, b)| format!("{a},{b}"))
    ];
    (zone, minute, hour, days).prop_map(|(zone, minute, hour, days)| {
        Schedule::parse(&format!("CRON_TZ={zone} {minute} {hour} * * {days}")).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_next_occurrence_is_the_first_minute_that_matches(
        schedule in schedules(),
        // The days around a change of clocks in spring and autumn, and any other.
        day in prop_oneof![60..75i64, 90..98i64, 300..310i64, 0..365i64],
        minute in 0..1440i64,
    ) {
        let instant = at("2026-01-01T00:00:20Z") + TimeDelta::days(day) + TimeDelta::minutes(minute);
        let next = schedule.next_after(instant).unwrap();
        prop_assert!(next > instant);
        prop_assert!(schedule.matches(next));
        let mut model = at("2026-01-01T00:01:00Z") + TimeDelta::days(day) + TimeDelta::minutes(minute);
        while !schedule.matches(model) {
            model += TimeDelta::minutes(1);
        }
        prop_assert_eq!(next, model);
    }

    #[test]
    fn reading_never_panics(text in "(CRON_TZ=[A-Za-z/]{0,8} )?[0-9*/,? a-z-]{0,24}") {
        let _ = Schedule::parse(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Schedule::parse(&text);
    }
}
