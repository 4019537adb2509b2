//! Starts, stops, puts to sleep and deletes workspaces whose time has come.

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::lifecycle::WorkspaceLifecycle};

/// The pass over workspaces.
pub struct DueWorkspaces {
    workspaces: WorkspaceLifecycle,
    period: Duration,
}

impl DueWorkspaces {
    /// The pass, made this often.
    #[must_use]
    pub fn new(workspaces: WorkspaceLifecycle, period: Duration) -> Self {
        Self { workspaces, period }
    }
}

impl Worker for DueWorkspaces {
    const NAME: &'static str = "lifecycle";
    const PERIOD: Duration = Duration::from_mins(1);

    fn period(&self) -> Duration {
        self.period
    }

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.workspaces.run_due().await?;
        Ok(Pass { changed })
    }
}
