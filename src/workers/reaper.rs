//! Ends jobs whose worker went silent.

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::jobs::Jobs};

/// The pass over running jobs.
pub struct Reaper {
    jobs: Jobs,
}

impl Reaper {
    /// The pass.
    #[must_use]
    pub fn new(jobs: Jobs) -> Self {
        Self { jobs }
    }
}

impl Worker for Reaper {
    const NAME: &'static str = "reaper";
    // One look at an index of what runs; often, so that the jobs of a server that was killed
    // end well within a minute after its next start.
    const PERIOD: Duration = Duration::from_secs(15);

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.jobs.reap().await?;
        Ok(Pass { changed })
    }
}
