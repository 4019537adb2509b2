//! Sets of weekdays, as templates keep them: a bit for each day, Monday first.

use chrono::Weekday;
use serde::{Deserialize, Serialize};

const NAMES: [(Weekday, &str); 7] = [
    (Weekday::Mon, "monday"),
    (Weekday::Tue, "tuesday"),
    (Weekday::Wed, "wednesday"),
    (Weekday::Thu, "thursday"),
    (Weekday::Fri, "friday"),
    (Weekday::Sat, "saturday"),
    (Weekday::Sun, "sunday"),
];

/// A set of weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(u8);

/// A text that names no weekday.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not a day of the week")]
pub struct NotAWeekday(pub String);

impl Weekdays {
    /// No day.
    pub const NONE: Self = Self(0);
    /// All seven days.
    pub const ALL: Self = Self(0b111_1111);

    /// The set of these bits, Monday being the lowest; higher bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The bits, Monday being the lowest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether no day is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the day is in the set.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & 1 << day.num_days_from_monday() != 0
    }

    /// The set with one more day.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.num_days_from_monday())
    }

    /// The set less the days of another.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The English names in lower case, from Monday on.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        NAMES
            .iter()
            .filter(|(day, _)| self.contains(*day))
            .map(|(_, name)| *name)
            .collect()
    }

    /// The set of days with these English names, in any case.
    pub fn from_names<T: AsRef<str>>(names: &[T]) -> Result<Self, NotAWeekday> {
        let mut days = Self::NONE;
        for name in names {
            let lower = name.as_ref().to_lowercase();
            let (day, _) = NAMES
                .iter()
                .find(|(_, known)| *known == lower)
                .ok_or_else(|| NotAWeekday(name.as_ref().to_owned()))?;
            days = days.with(*day);
        }
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_agree() {
        assert_eq!(
            Weekdays::from_names(&["Monday", "SUNDAY"]).unwrap().bits(),
            0b100_0001
        );
        assert_eq!(
            Weekdays::from_bits(0b100_0001).names(),
            ["monday", "sunday"]
        );
        assert_eq!(
            Weekdays::from_names(&Weekdays::ALL.names()),
            Ok(Weekdays::ALL)
        );
        assert!(Weekdays::from_names(&["caturday"]).is_err());
        assert!(Weekdays::from_names::<&str>(&[]).unwrap().is_empty());
        assert!(Weekdays::from_bits(0xff).contains(Weekday::Wed));
    }
}
