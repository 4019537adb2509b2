//! Quiet hours: when a user's workspaces may be stopped because their template demands it. The
//! deployment has some, and a user may have others if the deployment lets it.

use super::schedule::{Schedule, ScheduleError};

const ZONE_PREFIX: &str = "CRON_TZ=";
const UTC: &str = "UTC";

/// A daily schedule with one time, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuietHours {
    /// Its text, which begins with a zone.
    pub text: String,
    /// Its meaning.
    pub schedule: Schedule,
    /// Whether the user chose it.
    pub is_own: bool,
}

impl QuietHours {
    /// Reads what a user chose.
    ///
    /// # Errors
    /// When it is no daily schedule with one time.
    pub fn own(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text, true)
    }

    /// Reads the deployment's; midnight in UTC where its text cannot be read.
    #[must_use]
    pub fn of_deployment(text: &str) -> Self {
        Self::parse(text, false).unwrap_or_else(|_malformed| Self {
            text: format!("{ZONE_PREFIX}{UTC} 0 0 * * *"),
            schedule: Schedule::midnight_utc(),
            is_own: false,
        })
    }

    fn parse(text: &str, is_own: bool) -> Result<Self, ScheduleError> {
        let schedule = Schedule::parse_daily(text)?;
        let text = if text.starts_with(ZONE_PREFIX) {
            text.to_owned()
        } else {
            format!("{ZONE_PREFIX}{UTC} {text}")
        };
        Ok(Self {
            text,
            schedule,
            is_own,
        })
    }

    /// The zone as the text names it.
    #[must_use]
    pub fn zone_name(&self) -> &'static str {
        self.schedule.zone().name()
    }

    /// The time of day, as `22:05`.
    #[must_use]
    pub fn time_of_day(&self) -> String {
        self.schedule
            .single_time()
            .map(|time| time.format("%H:%M").to_string())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_zone_is_utc() {
        let quiet = QuietHours::own("5 22 * * *").unwrap();
        assert_eq!(quiet.text, "CRON_TZ=UTC 5 22 * * *");
        assert_eq!(
            (quiet.zone_name(), quiet.time_of_day()),
            ("UTC", "22:05".to_owned())
        );
        let quiet = QuietHours::own("CRON_TZ=Europe/Berlin 30 1 * * *").unwrap();
        assert_eq!(quiet.text, "CRON_TZ=Europe/Berlin 30 1 * * *");
        assert_eq!(
            (quiet.zone_name(), quiet.time_of_day()),
            ("Europe/Berlin", "01:30".to_owned())
        );
    }

    #[test]
    fn the_deployment_always_has_some() {
        let quiet = QuietHours::of_deployment("0 1,2 * * *");
        assert_eq!(quiet.text, "CRON_TZ=UTC 0 0 * * *");
        assert!(QuietHours::own("0 9 * * 1").is_err());
    }
}
