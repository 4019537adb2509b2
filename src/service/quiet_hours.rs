//! Quiet hours: when a user's workspaces may be stopped because their template demands it.

use super::settings::Settings;
use crate::domain::schedule::Schedule;

/// The quiet hours that count for a user with these of its own (empty for none).
pub(crate) fn counting(settings: &Settings, own: &str) -> Schedule {
    let own = own_if_allowed(settings, own);
    own.unwrap_or_else(|| by_default(settings))
}

fn own_if_allowed(settings: &Settings, own: &str) -> Option<Schedule> {
    let own = Some(own).filter(|_| settings.allow_custom_quiet_hours)?;
    Schedule::parse_daily(own).ok()
}

fn by_default(settings: &Settings) -> Schedule {
    Schedule::parse_daily(&settings.default_quiet_hours_schedule)
        .unwrap_or_else(|_malformed| Schedule::midnight_utc())
}
