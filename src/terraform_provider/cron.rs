//! Checks the schedules of scripts: second, minute, hour, day of month, month and, if wished,
//! day of week; or a word such as `@daily`. Computes no times.

use std::ops::RangeInclusive;

/// Words that stand for a schedule.
const WORDS: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];
const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One place in a schedule.
struct Field {
    what: &'static str,
    numbers: RangeInclusive<u32>,
    /// Names for the numbers, from the least on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    field("second", 0..=59, &[]),
    field("minute", 0..=59, &[]),
    field("hour", 0..=23, &[]),
    field("day of month", 1..=31, &[]),
    field("month", 1..=12, MONTHS),
    field("day of week", 0..=6, DAYS),
];

const fn field(
    what: &'static str,
    numbers: RangeInclusive<u32>,
    names: &'static [&'static str],
) -> Field {
    Field {
        what,
        numbers,
        names,
    }
}

/// Tells what is wrong with a schedule.
pub(super) fn check(text: &str) -> Result<(), String> {
    let refuse = |reason: String| Err(format!("{text:?} is no valid cron expression: {reason}"));
    let mut schedule = text.trim();
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let (zone, after) = schedule.split_once(' ').unwrap_or((schedule, ""));
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if zone != "Local" && zone.parse::<chrono_tz::Tz>().is_err() {
            return refuse(format!("there is no time zone {zone:?}"));
        }
        schedule = after.trim();
    }
    if let Some(span) = schedule.strip_prefix("@every ") {
        let counts = span
            .trim()
            .starts_with(|first: char| first.is_ascii_digit());
        let has_unit = span.ends_with(['s', 'm', 'h']);
        return if counts && has_unit {
            Ok(())
        } else {
            refuse(format!("{span:?} is no duration"))
        };
    }
    if schedule.starts_with('@') {
        return if WORDS.contains(&schedule) {
            Ok(())
        } else {
            refuse(format!("write one of {}", WORDS.join(", ")))
        };
    }
    let places: Vec<&str> = schedule.split_whitespace().collect();
    if !(5..=6).contains(&places.len()) {
        return refuse(format!("it has {} fields and needs 5 or 6", places.len()));
    }
    for (place, field) in places.iter().zip(&FIELDS) {
        if let Err(reason) = place.split(',').try_for_each(|part| range(part, field)) {
            return refuse(format!("the {}: {reason}", field.what));
        }
    }
    Ok(())
}

fn range(part: &str, field: &Field) -> Result<(), String> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    if let Some(step) = step
        && step.parse().ok().is_none_or(|step: u32| step == 0)
    {
        return Err(format!("{step:?} is no step"));
    }
    if ["*", "?"].contains(&range) {
        return Ok(());
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last) = (number(first, field)?, number(last, field)?);
    if first > last {
        return Err(format!("{range:?} goes backwards"));
    }
    Ok(())
}

fn number(text: &str, field: &Field) -> Result<u32, String> {
    let lower = text.to_lowercase();
    let named = field.names.iter().position(|name| *name == lower);
    let number = match named {
        Some(place) => u32::try_from(place)
            .ok()
            .map(|place| place + field.numbers.start()),
        None => text.parse().ok(),
    };
    match number {
        Some(number) if field.numbers.contains(&number) => Ok(number),
        Some(_) => Err(format!(
            "{text} is outside of {} to {}",
            field.numbers.start(),
            field.numbers.end()
        )),
        None => Err(format!("{text:?} is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_checked_field_by_field() {
        for good in [
            "0 30 9 * * 1-5",
            "*/10 * * * *",
            "0 0 0 1,15 jan-MAR ?",
            "@daily",
            "@every 1h30m",
            "CRON_TZ=Europe/Berlin 0 0 22 * * *",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "60 * * * * *",
            "* * * 0 * *",
            "* * * * * 7",
            "5-1 * * * * *",
            "*/0 * * * * *",
            "x * * * * *",
            "@never",
            "@every soon",
            "TZ=Mars/One * * * * *",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
