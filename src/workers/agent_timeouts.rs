//! Tells watchers of agents that did not connect in time (spec BJ-68).

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::watch::Watches};

/// The pass over agents that have never connected.
pub struct AgentTimeouts {
    watches: Watches,
}

impl AgentTimeouts {
    /// The pass.
    #[must_use]
    pub fn new(watches: Watches) -> Self {
        Self { watches }
    }
}

impl Worker for AgentTimeouts {
    const NAME: &'static str = "agent_timeouts";
    // One look at a small index; a watcher learns this much later than it could.
    const PERIOD: Duration = Duration::from_secs(5);

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.watches.tell_timeouts().await?;
        Ok(Pass { changed })
    }
}
