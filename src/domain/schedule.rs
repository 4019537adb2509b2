//! Weekly schedules: when a workspace starts by itself, and a user's quiet hours.
//!
//! The form is that of cron, narrowed to what repeats by the week:
//!
//! ```text
//! schedule = [ "CRON_TZ=" zone " " ] minute hour "*" "*" weekday
//! field    = item { "," item }                 empty items are skipped
//! item     = ( "*" | "?" | value [ "-" value ] ) [ "/" step ]
//! value    = number | weekday name             three letters, any case
//! ```
//!
//! Fields are separated by white space. `n/step` runs from `n` to the field's end.
//! Days count from 0 = Sunday to 6. The zone is an IANA name, UTC when absent.
//!
//! Which wall-clock times match is the `cron` crate's work; it has six fields and counts the
//! week from 1 = Sunday, so [`wall_times`] translates, in this one place. Clock changes are
//! ours: a local time that a change skips does not occur, one that it repeats occurs twice.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

use super::{clock::Timestamp, weekdays::Weekdays};

/// Shortest time after which a workspace may stop by itself.
pub const MINIMUM_TTL: TimeDelta = TimeDelta::minutes(1);
/// Longest time after which a workspace may stop by itself.
pub const MAXIMUM_TTL: TimeDelta = TimeDelta::days(30);

const ZONE_PREFIX: &str = "CRON_TZ=";
/// How far ahead an occurrence is looked for.
const HORIZON_DAYS: i64 = 5 * 366;
/// More than any clock is set by at once, short of crossing the date line.
const LARGEST_CHANGE: TimeDelta = TimeDelta::hours(4);
const WEEKDAY_NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const MINUTE: Field = Field {
    name: "minute",
    maximum: 59,
    named: false,
};
const HOUR: Field = Field {
    name: "hour",
    maximum: 23,
    named: false,
};
const WEEKDAY: Field = Field {
    name: "day of the week",
    maximum: 6,
    named: true,
};

/// A parsed schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    zone: Tz,
    /// Bit sets of the values that match.
    minutes: u64,
    hours: u64,
    /// Bit 0 is Sunday.
    weekdays: u64,
}

/// Why a schedule is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Too few or too many fields.
    #[error("a schedule has five fields after an optional CRON_TZ=<zone>, this one has {0}")]
    FieldCount(usize),
    /// A schedule by month or day of the month.
    #[error("the fields for day of the month and month must be *")]
    NotWeekly,
    /// The zone is not known.
    #[error("{0:?} is not the name of a time zone")]
    UnknownZone(String),
    /// A field has a part that cannot be read.
    #[error("{item:?} cannot be read as {field}")]
    Malformed {
        /// Which field.
        field: &'static str,
        /// The part of it.
        item: String,
    },
    /// A number is beyond the end of its field.
    #[error("{value} is above {maximum}, the greatest {field}")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// The number.
        value: u64,
        /// The greatest one.
        maximum: u64,
    },
    /// A range ends before it begins.
    #[error("the range {0:?} ends before it begins")]
    Reversed(String),
    /// A step of nothing.
    #[error("the step in {0:?} must be at least 1")]
    NoStep(String),
    /// Quiet hours have one time a day, every day.
    #[error("the schedule names more than one time, or does not hold on every day")]
    NotDaily,
}

impl Schedule {
    /// Reads a weekly schedule.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let (zone, fields) = split_zone(text)?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minute, hour, day_of_month, month, weekday] = fields[..] else {
            return Err(ScheduleError::FieldCount(fields.len()));
        };
        if day_of_month != "*" || month != "*" {
            return Err(ScheduleError::NotWeekly);
        }
        Ok(Self {
            zone: parse_zone(zone)?,
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            weekdays: WEEKDAY.parse(weekday)?,
        })
    }

    /// Reads quiet hours: a schedule with one time that holds every day.
    pub fn parse_daily(text: &str) -> Result<Self, ScheduleError> {
        let schedule = Self::parse(text)?;
        let every_day = schedule.weekdays == WEEKDAY.all();
        if every_day && schedule.single_time().is_some() {
            Ok(schedule)
        } else {
            Err(ScheduleError::NotDaily)
        }
    }

    /// Midnight in UTC, every day.
    #[must_use]
    pub fn midnight_utc() -> Self {
        Self {
            zone: Tz::UTC,
            minutes: 1,
            hours: 1,
            weekdays: WEEKDAY.all(),
        }
    }

    /// The zone in which the fields are meant.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The time of day, when there is exactly one.
    #[must_use]
    pub fn single_time(&self) -> Option<NaiveTime> {
        if self.minutes.count_ones() != 1 || self.hours.count_ones() != 1 {
            return None;
        }
        NaiveTime::from_hms_opt(
            self.hours.trailing_zeros(),
            self.minutes.trailing_zeros(),
            0,
        )
    }

    /// The first occurrence strictly after `instant`, a whole minute; `None` when the
    /// schedule names no time.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        if self.minutes == 0 || self.hours == 0 || self.weekdays == 0 {
            return None;
        }
        let wall_times = wall_times(self)?;
        let local = instant.with_timezone(&self.zone).naive_local();
        // Clocks are set by less than a day: no earlier wall time can lie after the instant.
        let from = local.checked_sub_signed(TimeDelta::days(1))?.and_utc();
        let mut found: Option<(NaiveDateTime, Timestamp)> = None;
        for wall in wall_times.after(&from) {
            let wall = wall.naive_utc();
            // A later wall time can be an earlier instant where clocks are set back.
            match found {
                Some((first, _)) if wall - first > LARGEST_CHANGE => break,
                None if wall - local > TimeDelta::days(HORIZON_DAYS) => break,
                _ => {}
            }
            let earliest = self.instants_of(wall).filter(|at| *at > instant).min();
            found = match (found, earliest) {
                (Some((first, best)), Some(at)) => Some((first, best.min(at))),
                (None, Some(at)) => Some((wall, at)),
                (kept, None) => kept,
            };
        }
        found.map(|(_, at)| at)
    }

    /// The first occurrence after `instant` on one of `days` (in the schedule's zone);
    /// `None` when there is none within a week.
    #[must_use]
    pub fn next_allowed(&self, days: Weekdays, instant: Timestamp) -> Option<Timestamp> {
        let limit = instant + TimeDelta::days(7);
        let mut at = self.next_after(instant)?;
        while at <= limit {
            if self.falls_on(days, at) {
                return Some(at);
            }
            at = self.next_after(at)?;
        }
        None
    }

    /// Whether the instant is on one of `days` in the schedule's zone.
    #[must_use]
    pub fn falls_on(&self, days: Weekdays, at: Timestamp) -> bool {
        days.contains(at.with_timezone(&self.zone).weekday())
    }

    /// The instant at which a date begins in the schedule's zone.
    #[must_use]
    pub fn start_of_day(&self, date: NaiveDate) -> Option<Timestamp> {
        // Where midnight is skipped, the day begins with the first minute that exists.
        (0..24 * 60)
            .filter_map(|minute| date.and_hms_opt(minute / 60, minute % 60, 0))
            .find_map(|local| self.zone.from_local_datetime(&local).earliest())
            .map(|local| local.to_utc())
    }

    /// The instants at which the zone's clocks show this time: none, one or two.
    fn instants_of(&self, wall: NaiveDateTime) -> impl Iterator<Item = Timestamp> + use<> {
        let resolved = self.zone.from_local_datetime(&wall);
        let (earliest, latest) = (resolved.earliest(), resolved.latest());
        earliest
            .into_iter()
            .chain(latest.filter(|_| earliest != latest))
            .map(|local| local.to_utc())
    }

    /// Whether an instant is one of the schedule's.
    #[must_use]
    pub fn matches(&self, at: Timestamp) -> bool {
        let local = at.with_timezone(&self.zone);
        bit(self.minutes, local.minute())
            && bit(self.hours, local.hour())
            && bit(self.weekdays, local.weekday().num_days_from_sunday())
    }
}

/// The schedule for the `cron` crate: a field for seconds in front, days from 1 = Sunday.
/// `None` when a field names no value.
fn wall_times(schedule: &Schedule) -> Option<cron::Schedule> {
    let list = |set: u64, shift: u32| {
        let values = (0..u64::BITS).filter(|value| bit(set, *value));
        let texts: Vec<String> = values.map(|value| (value + shift).to_string()).collect();
        texts.join(",")
    };
    let (minutes, hours) = (list(schedule.minutes, 0), list(schedule.hours, 0));
    let weekdays = list(schedule.weekdays, 1);
    format!("0 {minutes} {hours} * * {weekdays}").parse().ok()
}

/// Why a time to live is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TtlError {
    /// Under a minute.
    #[error("the time until autostop must be at least one minute")]
    TooShort,
    /// Over thirty days.
    #[error("the time until autostop must be at most 30 days")]
    TooLong,
}

/// Checks a requested time to live in milliseconds and cuts it to whole minutes; zero
/// asks for none.
pub fn check_ttl(milliseconds: i64) -> Result<Option<TimeDelta>, TtlError> {
    if milliseconds == 0 {
        return Ok(None);
    }
    let ttl = TimeDelta::minutes(milliseconds / 60_000);
    match ttl {
        _ if ttl < MINIMUM_TTL => Err(TtlError::TooShort),
        _ if ttl > MAXIMUM_TTL => Err(TtlError::TooLong),
        _ => Ok(Some(ttl)),
    }
}

/// What a field may hold.
struct Field {
    name: &'static str,
    maximum: u64,
    named: bool,
}

impl Field {
    fn all(&self) -> u64 {
        span(0, self.maximum, 1)
    }

    fn parse(&self, text: &str) -> Result<u64, ScheduleError> {
        let mut set = 0;
        for item in text.split(',').filter(|item| !item.is_empty()) {
            set |= self.parse_item(item)?;
        }
        Ok(set)
    }

    fn parse_item(&self, item: &str) -> Result<u64, ScheduleError> {
        let malformed = || ScheduleError::Malformed {
            field: self.name,
            item: item.to_owned(),
        };
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(parse_number(step).ok_or_else(malformed)?)),
            None => (item, None),
        };
        if step == Some(0) {
            return Err(ScheduleError::NoStep(item.to_owned()));
        }
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (0, self.maximum),
            Some((first, last)) => (
                self.parse_value(first).ok_or_else(malformed)?,
                self.parse_value(last).ok_or_else(malformed)?,
            ),
            None => {
                let value = self.parse_value(range).ok_or_else(malformed)?;
                (
                    value,
                    if step.is_some() {
                        self.maximum.max(value)
                    } else {
                        value
                    },
                )
            }
        };
        if last > self.maximum {
            return Err(ScheduleError::OutOfRange {
                field: self.name,
                value: last,
                maximum: self.maximum,
            });
        }
        if first > last {
            return Err(ScheduleError::Reversed(range.to_owned()));
        }
        Ok(span(first, last, step.unwrap_or(1)))
    }

    fn parse_value(&self, text: &str) -> Option<u64> {
        let by_name = || {
            let lower = text.to_ascii_lowercase();
            let index = WEEKDAY_NAMES.iter().position(|name| *name == lower)?;
            u64::try_from(index).ok()
        };
        parse_number(text).or_else(|| by_name().filter(|_| self.named))
    }
}

/// Digits only: the standard parser would also take a sign.
fn parse_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn span(first: u64, last: u64, step: u64) -> u64 {
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    (first..=last)
        .step_by(step)
        .fold(0, |set, value| set | 1 << value)
}

fn bit(set: u64, value: u32) -> bool {
    set & 1 << value != 0
}

fn split_zone(text: &str) -> Result<(&str, &str), ScheduleError> {
    let Some(rest) = text.strip_prefix(ZONE_PREFIX) else {
        return Ok(("", text));
    };
    rest.split_once(' ').ok_or(ScheduleError::FieldCount(0))
}

fn parse_zone(name: &str) -> Result<Tz, ScheduleError> {
    if name.is_empty() {
        return Ok(Tz::UTC);
    }
    name.parse()
        .map_err(|_unknown| ScheduleError::UnknownZone(name.to_owned()))
}

#[cfg(test)]
mod tests;
