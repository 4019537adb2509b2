//! What a user's workspaces may cost and do cost. Builds are judged by the jobs service.

use thiserror::Error;

use super::Core;
use crate::{
    domain::{
        ids::{OrganizationId, UserId},
        quotas::Quota,
        rights::{Action, Object, actor::Actor},
    },
    store::{StoreError, organizations, quotas},
};

/// Why a quota is not shown.
#[derive(Debug, Error)]
pub enum QuotaError {
    /// The caller may not see the user.
    #[error("the user may not be seen by the caller")]
    Hidden,
    /// The database failed.
    #[error("the quota could not be read")]
    Store(#[from] StoreError),
}

/// Quotas of users.
#[derive(Clone)]
pub struct Quotas {
    core: Core,
}

impl Quotas {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The quota of a user in an organization, or else in the default one.
    ///
    /// # Errors
    /// [`QuotaError::Hidden`] without the right to see the user.
    pub async fn find(
        &self,
        actor: &Actor,
        organization: Option<OrganizationId>,
        user: UserId,
    ) -> Result<Quota, QuotaError> {
        if !actor.may(Action::Read, &Object::user(user)) {
            return Err(QuotaError::Hidden);
        }
        let mut conn = self.core.conn().await?;
        let organization = match organization {
            Some(id) => id,
            None => organizations::default_id(&mut conn).await?,
        };
        Ok(quotas::find(&mut conn, user, organization, None).await?)
    }
}
