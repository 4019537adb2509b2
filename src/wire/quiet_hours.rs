//! Shapes of users' quiet hours.

use serde::{Deserialize, Serialize};

use super::{
    time::Time,
    validate::{Faults, Validate},
};

/// A user's quiet hours (codersdk.UserQuietHoursScheduleResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UserQuietHoursScheduleResponse {
    /// The schedule in the form of cron.
    pub raw_schedule: String,
    /// Whether the user chose it.
    pub user_set: bool,
    /// Whether users may choose.
    pub user_can_set: bool,
    /// When they begin each day, as `22:05`.
    pub time: String,
    /// The zone in which they do.
    pub timezone: String,
    /// When they begin next.
    pub next: Time,
}

/// Chooses a user's quiet hours (codersdk.UpdateUserQuietHoursScheduleRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateUserQuietHoursScheduleRequest {
    /// A daily schedule with one time.
    pub schedule: String,
}

impl Validate for UpdateUserQuietHoursScheduleRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("schedule", &self.schedule);
    }
}
