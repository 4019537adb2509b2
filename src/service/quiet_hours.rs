//! Users' quiet hours: showing and changing them, and which ones count. Running builds keep the
//! deadlines that they were given (spec BJ-98).

use thiserror::Error;

use super::{Core, audit, commit, on, settings::Settings};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, shown},
        clock::Timestamp,
        quiet_hours::QuietHours,
        rights::{Action, Object, actor::Actor},
        schedule::{Schedule, ScheduleError},
        users::User,
    },
    store::{StoreError, users},
};

/// Why quiet hours are not shown or changed.
#[derive(Debug, Error)]
pub enum QuietHoursError {
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The caller may not change them.
    #[error("the quiet hours may not be changed by the caller")]
    Denied,
    /// The deployment chooses for all.
    #[error("users of this deployment cannot set custom quiet hours schedules")]
    Fixed,
    /// The schedule has not the form of quiet hours.
    #[error("the schedule cannot be used for quiet hours, which are daily")]
    Schedule(#[source] ScheduleError),
    /// The database failed.
    #[error("the quiet hours could not be read or kept")]
    Store(#[from] StoreError),
}

/// Quiet hours as they are shown.
#[derive(Clone, Debug)]
pub struct ShownQuietHours {
    /// Those that count.
    pub quiet_hours: QuietHours,
    /// Whether users may choose.
    pub may_choose: bool,
    /// When they begin next.
    pub next: Option<Timestamp>,
}

/// Users' quiet hours.
#[derive(Clone)]
pub struct UserQuietHours {
    core: Core,
}

impl UserQuietHours {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The quiet hours of a user that the caller may see.
    ///
    /// # Errors
    /// [`QuietHoursError::NotFound`] when the user is gone.
    pub async fn find(&self, user: &User) -> Result<ShownQuietHours, QuietHoursError> {
        let mut conn = self.core.conn().await?;
        let own = users::find_quiet_hours(&mut conn, user.id).await?;
        let own = own.ok_or(QuietHoursError::NotFound)?;
        Ok(self.shown(&own))
    }

    /// Gives a user quiet hours of its own.
    ///
    /// # Errors
    /// When the deployment chooses for all, or the schedule has not their form.
    pub async fn set(
        &self,
        actor: &Actor,
        user: &User,
        schedule: &str,
    ) -> Result<ShownQuietHours, QuietHoursError> {
        if !actor.may(Action::UpdatePersonal, &Object::user(user.id)) {
            return Err(QuietHoursError::Denied);
        }
        if !self.core.settings.allow_custom_quiet_hours {
            return Err(QuietHoursError::Fixed);
        }
        let wish = QuietHours::own(schedule).map_err(QuietHoursError::Schedule)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        users::lock(on(&mut tx), user.id)
            .await?
            .ok_or(QuietHoursError::NotFound)?;
        let before = users::find_quiet_hours(on(&mut tx), user.id).await?;
        users::update_quiet_hours(on(&mut tx), user.id, &wish.text, now).await?;
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::User,
            user.id.0,
            user.username.clone(),
            200,
        )
        .changing(
            &[shown("quiet_hours_schedule", before.unwrap_or_default())],
            &[shown("quiet_hours_schedule", wish.text.clone())],
        );
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(self.shown(&wish.text))
    }

    fn shown(&self, own: &str) -> ShownQuietHours {
        let quiet_hours = choose(&self.core.settings, own);
        ShownQuietHours {
            next: quiet_hours.schedule.next_after(self.core.now()),
            quiet_hours,
            may_choose: self.core.settings.allow_custom_quiet_hours,
        }
    }
}

/// The schedule that counts for a user with these quiet hours of its own (empty for none).
pub(crate) fn counting(settings: &Settings, own: &str) -> Schedule {
    choose(settings, own).schedule
}

fn choose(settings: &Settings, own: &str) -> QuietHours {
    Some(own)
        .filter(|_| settings.allow_custom_quiet_hours)
        .and_then(|own| QuietHours::own(own).ok())
        .unwrap_or_else(|| QuietHours::of_deployment(&settings.default_quiet_hours_schedule))
}
