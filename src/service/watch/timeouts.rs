//! Agents that did not connect in time: nobody reports that, it comes with the time.

use super::Watches;
use crate::{
    pubsub::Event,
    store::{StoreError, agent_timeouts},
};

impl Watches {
    /// Tells the watchers of workspaces whose agents' time to connect has passed since the last
    /// call; says of how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_timeouts(&self) -> Result<u64, StoreError> {
        let mut conn = self.core.conn().await?;
        let late = agent_timeouts::tell(&mut conn, self.core.now()).await?;
        for id in &late {
            self.core.events.publish(Event::Workspace(*id));
        }
        Ok(late.len() as u64)
    }
}
