//! Deletes entries of the audit log that are older than the deployment keeps them.

use std::time::Duration;

use super::{Pass, PassError, Worker};
use crate::{domain::clock::Timestamp, service::audit::AuditLog};

/// The pass over the audit log.
pub struct OldAuditEntries {
    audit: AuditLog,
}

impl OldAuditEntries {
    /// The pass.
    #[must_use]
    pub fn new(audit: AuditLog) -> Self {
        Self { audit }
    }
}

impl Worker for OldAuditEntries {
    const NAME: &'static str = "audit_retention";
    const PERIOD: Duration = Duration::from_hours(1);

    async fn pass(&self, _now: Timestamp) -> Result<Pass, PassError> {
        let changed = self.audit.purge().await?;
        Ok(Pass { changed })
    }
}
