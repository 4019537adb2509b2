//! Five weeks of automatic starts and stops on a real database, over the clock changes of
//! spring, compared with a computation that looks at each half hour on a clock of the zone.

use chrono::{TimeDelta, Timelike as _};
use chrono_tz::Tz;
use serde_json::json;

use super::{Scene, Timestamp, hours, minutes};

/// Zone, hour and minute of the daily start.
const STARTS: &[(&str, u32, u32)] = &[
    ("America/New_York", 9, 30),
    ("America/New_York", 2, 30),
    ("Europe/Berlin", 8, 0),
    ("Europe/Berlin", 2, 30),
    ("Australia/Lord_Howe", 1, 30),
    ("Australia/Lord_Howe", 8, 30),
    ("Pacific/Apia", 7, 0),
    ("Asia/Kolkata", 9, 0),
];
const BEGIN: &str = "2026-03-05T00:00:00Z";
const DAYS: i64 = 33;
const LIFE: i64 = 4;

#[tokio::test]
async fn weeks_over_clock_changes_bring_the_builds_that_a_calendar_says() {
    let scene = Scene::set().await;
    scene.go_to(BEGIN);
    let mut ids = Vec::new();
    for (number, (zone, hour, minute)) in STARTS.iter().enumerate() {
        let settings = json!({
            "autostart_schedule": format!("CRON_TZ={zone} {minute} {hour} * * *"),
            "ttl_ms": hours(LIFE).num_milliseconds(),
        });
        ids.push(
            scene
                .stopped(&scene.owner, &format!("box{number}"), settings)
                .await,
        );
    }
    let begin: Timestamp = BEGIN.parse().unwrap();
    let end = begin + TimeDelta::days(DAYS);
    while scene.app.clock.now() < end {
        scene.wait(minutes(30));
        scene.pass_and_work().await;
    }
    for (id, (zone, hour, minute)) in ids.iter().zip(STARTS) {
        let built: Vec<(String, Timestamp)> = sqlx::query_as(
            "SELECT transition::text, created_at FROM workspace_builds
             WHERE workspace_id = $1::uuid AND build_number > 2 ORDER BY build_number",
        )
        .bind(id)
        .fetch_all(&scene.app.db)
        .await
        .unwrap();
        let expected = expected(zone.parse().unwrap(), (*hour, *minute), begin, end);
        assert_eq!(built, expected, "{zone} {hour}:{minute}");
        assert!(built.len() > 60);
    }
}

/// Builds take no time on a clock that stands still, and each workspace stops long before its
/// next start.
fn expected(
    zone: Tz,
    (hour, minute): (u32, u32),
    begin: Timestamp,
    end: Timestamp,
) -> Vec<(String, Timestamp)> {
    let mut builds = Vec::new();
    let mut stops_at: Option<Timestamp> = None;
    let mut now = begin;
    while now < end {
        now += minutes(30);
        if stops_at.take_if(|stop| *stop <= now).is_some() {
            builds.push(("stop".to_owned(), now));
        }
        let local = now.with_timezone(&zone);
        // A repeated local time finds the workspace running.
        if stops_at.is_none() && (local.hour(), local.minute()) == (hour, minute) {
            builds.push(("start".to_owned(), now));
            stops_at = Some(now + hours(LIFE));
            // A repetition before the deadline carries it on.
            let again = (1..8).map(|step| now + minutes(30 * step)).find(|at| {
                let local = at.with_timezone(&zone);
                (local.hour(), local.minute()) == (hour, minute)
            });
            if let Some(again) = again {
                stops_at = Some(again + hours(LIFE));
            }
        }
    }
    builds
}
