//! The shape of a quota.

use serde::Serialize;

use crate::domain::quotas::Quota;

/// What a user's workspaces cost and may cost in a day (codersdk.WorkspaceQuota).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceQuota {
    /// What they cost, in credits.
    pub credits_consumed: i64,
    /// What they may cost, in credits; -1 for no limit.
    pub budget: i64,
}

impl From<Quota> for WorkspaceQuota {
    fn from(quota: Quota) -> Self {
        Self {
            credits_consumed: quota.consumed,
            budget: if quota.is_limited { quota.budget } else { -1 },
        }
    }
}
