//! Time as a parameter: the only place that reads the system's clock.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, DurationRound, SubsecRound, TimeDelta, Utc};

/// An instant in UTC, with the microsecond precision that Postgres keeps.
pub type Timestamp = DateTime<Utc>;

/// Seconds from the epoch back to the year 1.
const YEAR_ONE: i64 = -62_135_596_800;

/// The year 1, which stands for "never" where there is always a time.
#[must_use]
pub fn never() -> Timestamp {
    DateTime::from_timestamp(YEAR_ONE, 0).unwrap_or_default()
}

/// Tells the time; the real one or one that a test moves.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(start))))
    }

    /// The present instant, rounded to microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the one place that reads the clock"
                )]
                let now = Utc::now();
                now.round_subsecs(6)
            }
            Source::Manual(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock forward; the system's clock does not obey.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Manual(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

impl Clock {
    /// Waits for a while. A manual clock moves on by itself instead.
    pub async fn wait(&self, by: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(by).await,
            Source::Manual(_) => self.advance(TimeDelta::from_std(by).unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::System",
            Source::Manual(_) => "Clock::Manual",
        })
    }
}

/// Cuts an instant down to the whole minute.
#[must_use]
pub fn whole_minute(at: Timestamp) -> Timestamp {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}
