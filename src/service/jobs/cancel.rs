//! Canceling a job (spec builds-and-jobs, section 5): at once while it waits, by asking its
//! worker once it runs.

use sqlx::PgConnection;
use thiserror::Error;

use super::Jobs;
use crate::{
    domain::{
        clock::Timestamp,
        ids::JobId,
        jobs::{CancelRefused, JobState},
    },
    pubsub::Event,
    store::{StoreError, jobs},
};

/// Why a job is not canceled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// It has ended, or was canceled before.
    #[error("the job cannot be canceled any more")]
    Refused(#[source] CancelRefused),
    /// There is no such job.
    #[error("no such job")]
    NotFound,
    /// The database failed.
    #[error("the job could not be canceled")]
    Store(#[from] StoreError),
}

impl Jobs {
    /// Cancels a job inside the caller's transaction; call [`Jobs::canceled`] after its commit.
    /// A job that waited has ended and is never handed out.
    ///
    /// # Errors
    /// When it has ended or was canceled before.
    pub async fn cancel(
        &self,
        conn: &mut PgConnection,
        id: JobId,
        now: Timestamp,
    ) -> Result<JobState, CancelError> {
        let state = jobs::lock_state(conn, id)
            .await?
            .ok_or(CancelError::NotFound)?;
        let state = state.cancel(now).map_err(CancelError::Refused)?;
        jobs::update_canceled(conn, id, state.completed_at(), now).await?;
        Ok(state)
    }

    /// Tells the job's worker and its followers that it was canceled.
    pub fn canceled(&self, id: JobId) {
        self.core.events.publish(Event::JobCanceled(id));
        self.core.events.publish(Event::JobLogs(id));
    }
}
