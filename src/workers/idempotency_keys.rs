//! Forgets answers that were kept for repeated requests.

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::idempotency::IdempotencyKeys};

/// The pass over kept answers.
pub struct OldKeys {
    keys: IdempotencyKeys,
}

impl OldKeys {
    /// The pass.
    #[must_use]
    pub fn new(keys: IdempotencyKeys) -> Self {
        Self { keys }
    }
}

impl Worker for OldKeys {
    const NAME: &'static str = "idempotency_keys";
    const PERIOD: Duration = Duration::from_hours(1);

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.keys.purge().await?;
        Ok(Pass { changed })
    }
}
