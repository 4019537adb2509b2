//! Facts about the deployment itself: its id, its health.

use tokio::sync::OnceCell;

use std::sync::Arc;

use super::Core;
use crate::{
    domain::ids::DeploymentId,
    store::{StoreError, deployment, pool},
};

/// Facts about the deployment.
#[derive(Clone)]
pub struct Meta {
    core: Core,
    id: Arc<OnceCell<DeploymentId>>,
}

impl Meta {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self {
            core,
            id: Arc::new(OnceCell::new()),
        }
    }

    /// The id that this deployment's database was given when it was made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deployment_id(&self) -> Result<DeploymentId, StoreError> {
        let found = self
            .id
            .get_or_try_init(|| async { deployment::id(&mut *self.core.conn().await?).await });
        found.await.copied()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        pool::ping(&mut *self.core.conn().await?).await
    }
}
