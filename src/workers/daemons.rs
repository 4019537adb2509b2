//! Forgets provisioner daemons that were not seen for long.

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::jobs::Jobs};

/// The pass over daemons.
pub struct StaleDaemons {
    jobs: Jobs,
}

impl StaleDaemons {
    /// The pass.
    #[must_use]
    pub fn new(jobs: Jobs) -> Self {
        Self { jobs }
    }
}

impl Worker for StaleDaemons {
    const NAME: &'static str = "stale_daemons";
    const PERIOD: Duration = Duration::from_hours(1);

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.jobs.forget_daemons().await?;
        Ok(Pass { changed })
    }
}
