//! A year of automatic starts and stops, minute by minute, compared with a second computation
//! that knows nothing of schedules: it looks at each minute of the year on a clock of the zone.

use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Tz;

use super::*;
use crate::domain::deadlines::{self, TemplateSchedule};

const YEAR: (&str, &str) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
/// From the order of a build to its end.
const BUILD_TIME: TimeDelta = TimeDelta::seconds(90);

/// What is set up, in the words of the server and in plain numbers.
struct Setup {
    schedule: &'static str,
    zone: Tz,
    minutes: &'static [u32],
    hours: &'static [u32],
    /// Monday is bit 0.
    schedule_days: u8,
    template_days: u8,
    ttl: Option<TimeDelta>,
    /// Whether the template wants a stop each Sunday; quiet hours begin at one in the zone.
    stops_on_sundays: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Built(Timestamp, Transition);

/// The server's rules on a workspace that is kept in memory.
struct Model {
    facts: Facts,
    ttl: Option<TimeDelta>,
    template: TemplateSchedule,
    quiet_hours: Schedule,
    ends_at: Option<Timestamp>,
    built: Vec<Built>,
}

impl Model {
    fn new(setup: &Setup, begin: Timestamp) -> Self {
        let days = Weekdays::from_bits(setup.template_days);
        let sunday = if setup.stops_on_sundays {
            0b100_0000
        } else {
            0
        };
        let quiet_hours = format!("CRON_TZ={} 0 1 * * *", setup.zone.name());
        let mut facts = with(stopped(), |f| {
            f.autostart = Some(Schedule::parse(setup.schedule).unwrap());
            f.template.autostart_days = days;
            f.build.created_at = begin - BUILD_TIME;
        });
        facts.build.job = JobStatus::Running;
        Self {
            facts,
            ttl: setup.ttl,
            template: TemplateSchedule {
                default_ttl: TimeDelta::zero(),
                activity_bump: TimeDelta::zero(),
                allow_user_autostop: true,
                allow_user_autostart: true,
                autostart_days: days,
                stop_days: Weekdays::from_bits(sunday),
                stop_weeks: 1,
            },
            quiet_hours: Schedule::parse_daily(&quiet_hours).unwrap(),
            ends_at: Some(begin),
            built: Vec::new(),
        }
    }

    fn tick(&mut self, tick: Timestamp) {
        if let Some(end) = self.ends_at.take_if(|end| *end <= tick) {
            self.end_build(end);
        }
        let Some((transition, _)) = self.facts.due(tick).and_then(Action::build) else {
            return;
        };
        self.built.push(Built(tick, transition));
        self.ends_at = Some(tick + BUILD_TIME);
        self.facts.build = LatestBuild {
            transition,
            created_at: tick,
            job: JobStatus::Running,
            ended_at: None,
            deadline: None,
        };
    }

    fn end_build(&mut self, now: Timestamp) {
        let schedule = self.facts.autostart.as_ref();
        let set =
            deadlines::at_completion(now, self.ttl, schedule, &self.template, &self.quiet_hours)
                .unwrap();
        self.facts.next_start_at = schedule.and_then(|at| self.template.next_start(at, now));
        self.facts.build.job = JobStatus::Succeeded;
        self.facts.build.ended_at = Some(now);
        self.facts.build.deadline = set.deadline;
    }
}

/// The builds that the words of the specification ask for, from lists of instants alone.
fn expected(setup: &Setup, begin: Timestamp, end: Timestamp) -> Vec<Built> {
    let (mut scheduled, mut allowed, mut quiet) = (Vec::new(), Vec::new(), Vec::new());
    let mut minute = begin;
    // Beyond the year's end, since its last deadline looks ahead.
    while minute < end + TimeDelta::days(14) {
        let local = minute.with_timezone(&setup.zone);
        let day = 1 << local.weekday().num_days_from_monday();
        if setup.minutes.contains(&local.minute())
            && setup.hours.contains(&local.hour())
            && setup.schedule_days & day != 0
        {
            scheduled.push(minute);
            if setup.template_days & day != 0 {
                allowed.push(minute);
            }
        }
        let is_quiet = local.hour() == 1 && local.minute() == 0 && day == 0b100_0000;
        if is_quiet && setup.stops_on_sundays {
            quiet.push(minute);
        }
        minute += TimeDelta::minutes(1);
    }
    let first = |list: &[Timestamp], from: Timestamp| {
        list.get(list.partition_point(|at| *at < from)).copied()
    };
    let just_after = TimeDelta::nanoseconds(1);
    let mut built = Vec::new();
    let mut ready = begin;
    while let Some(start) = first(&allowed, ready + just_after).filter(|at| *at < end) {
        built.push(Built(start, Transition::Start));
        let running = start + BUILD_TIME;
        let by_ttl = setup.ttl.map(|ttl| {
            let next = first(&scheduled, running + just_after)
                .filter(|next| allowed.binary_search(next).is_ok() && *next < running + ttl);
            next.unwrap_or(running) + ttl
        });
        let by_template = first(&quiet, running + TimeDelta::hours(2));
        let Some(deadline) = by_ttl.into_iter().chain(by_template).min() else {
            break;
        };
        let whole = TimeDelta::minutes(1);
        let seconds = deadline.timestamp().rem_euclid(60);
        let stop = if seconds == 0 {
            deadline
        } else {
            deadline - TimeDelta::seconds(seconds) + whole
        };
        if stop >= end {
            break;
        }
        built.push(Built(stop, Transition::Stop));
        ready = stop + BUILD_TIME;
    }
    built
}

#[track_caller]
fn compare(setup: &Setup, at_least: usize) {
    let (begin, end) = (at(YEAR.0), at(YEAR.1));
    let mut model = Model::new(setup, begin);
    let mut tick = begin;
    while tick < end {
        model.tick(tick);
        tick += TimeDelta::minutes(1);
    }
    let expected = expected(setup, begin, end);
    let differs = model
        .built
        .iter()
        .zip(&expected)
        .position(|(one, other)| one != other);
    if let Some(place) = differs {
        let (one, other) = (model.built[place], expected[place]);
        panic!("build {place}: {one:?} came out, {other:?} should have");
    }
    assert_eq!(model.built.len(), expected.len());
    assert!(expected.len() >= at_least, "{} builds", expected.len());
}

const WORKDAYS: u8 = 0b001_1111;
const EVERY_DAY: u8 = 0b111_1111;

#[test]
fn in_new_york_on_workdays() {
    compare(
        &Setup {
            schedule: "CRON_TZ=America/New_York 30 9 * * 1-5",
            zone: Tz::America__New_York,
            minutes: &[30],
            hours: &[9],
            schedule_days: WORKDAYS,
            template_days: EVERY_DAY,
            ttl: Some(hours(8)),
            stops_on_sundays: false,
        },
        520,
    );
}

#[test]
fn in_berlin_in_the_hour_that_clock_changes_skip_and_repeat() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Europe/Berlin 30 2 * * *",
            zone: Tz::Europe__Berlin,
            minutes: &[30],
            hours: &[2],
            schedule_days: EVERY_DAY,
            template_days: EVERY_DAY,
            ttl: Some(TimeDelta::minutes(20)),
            stops_on_sundays: false,
        },
        // One day without, one with two.
        2 * 365,
    );
}

#[test]
fn on_lord_howe_island_whose_clocks_change_by_half_an_hour() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Australia/Lord_Howe 45 1,2 * * *",
            zone: Tz::Australia__Lord_Howe,
            minutes: &[45],
            hours: &[1, 2],
            schedule_days: EVERY_DAY,
            template_days: EVERY_DAY,
            ttl: Some(TimeDelta::minutes(5)),
            stops_on_sundays: false,
        },
        4 * 364,
    );
}

#[test]
fn in_apia_whose_monday_begins_on_sunday() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Pacific/Apia 0 8 * * *",
            zone: Tz::Pacific__Apia,
            minutes: &[0],
            hours: &[8],
            schedule_days: EVERY_DAY,
            template_days: 0b001_0101,
            ttl: Some(hours(10)),
            stops_on_sundays: false,
        },
        2 * 156,
    );
}

#[test]
fn in_kathmandu_several_times_a_day() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Asia/Kathmandu 0,20 */6 * * 1,3,5",
            zone: Tz::Asia__Kathmandu,
            minutes: &[0, 20],
            hours: &[0, 6, 12, 18],
            schedule_days: 0b001_0101,
            template_days: EVERY_DAY,
            ttl: Some(TimeDelta::minutes(50)),
            stops_on_sundays: false,
        },
        // The second time of each hour moves the deadline on, so it starts nothing.
        2 * 4 * 150,
    );
}

#[test]
fn in_kolkata_with_a_life_beyond_the_next_start() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Asia/Kolkata 0 9 * * *",
            zone: Tz::Asia__Kolkata,
            minutes: &[0],
            hours: &[9],
            schedule_days: EVERY_DAY,
            template_days: WORKDAYS,
            ttl: Some(hours(30)),
            stops_on_sundays: false,
        },
        150,
    );
}

#[test]
fn in_berlin_until_the_quiet_hours_of_sunday() {
    compare(
        &Setup {
            schedule: "CRON_TZ=Europe/Berlin 0 7 * * 1",
            zone: Tz::Europe__Berlin,
            minutes: &[0],
            hours: &[7],
            schedule_days: 0b1,
            template_days: EVERY_DAY,
            ttl: None,
            stops_on_sundays: true,
        },
        2 * 51,
    );
}

#[test]
fn in_new_york_with_a_life_and_required_stops() {
    compare(
        &Setup {
            schedule: "CRON_TZ=America/New_York 0 20 * * *",
            zone: Tz::America__New_York,
            minutes: &[0],
            hours: &[20],
            schedule_days: EVERY_DAY,
            template_days: EVERY_DAY,
            ttl: Some(hours(10)),
            stops_on_sundays: true,
        },
        2 * 364,
    );
}
