//! Facts about the deployment itself: its id, its health.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::OnceCell;

use super::{Core, settings::Settings};
use crate::{
    domain::{
        ids::DeploymentId,
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{
        StoreError,
        deployment::{self, WorkspaceCounts},
        pool,
    },
};

/// Why counts or settings are not told.
#[derive(Debug, Error)]
pub enum StatsError {
    /// The caller may not see them.
    #[error("the counts may not be seen by the caller")]
    Denied,
    /// The database failed.
    #[error("the counts could not be read")]
    Store(#[from] StoreError),
}

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

    /// Every setting of the server as it was given, without secrets.
    ///
    /// # Errors
    /// [`StatsError::Denied`] without the right to see the deployment's settings.
    pub fn settings(&self, actor: &Actor) -> Result<&Settings, StatsError> {
        if !actor.may(Action::Read, &Object::of(ResourceKind::DeploymentConfig)) {
            return Err(StatsError::Denied);
        }
        Ok(&self.core.settings)
    }

    /// How many workspaces are in which state.
    ///
    /// # Errors
    /// [`StatsError::Denied`] without the right to see the deployment's statistics.
    pub async fn count_workspaces(&self, actor: &Actor) -> Result<WorkspaceCounts, StatsError> {
        if !actor.may(Action::Read, &Object::of(ResourceKind::DeploymentStats)) {
            return Err(StatsError::Denied);
        }
        Ok(deployment::count_workspaces(&mut *self.core.conn().await?).await?)
    }
}
