//! Jobs whose server was killed: what their engine had written is kept before they are ended.

use super::{Jobs, ReportError, claim::raise};
use crate::{
    domain::{ids::JobId, queue::JobInput},
    pubsub::Event,
    service::{commit, on},
    store::{job_results, job_work},
};

const KILLED: &str = "the server was killed while the job ran";

impl Jobs {
    /// Ends a job that nobody works on any more and keeps the engine's state, which was found
    /// on disk. Where the job was ended before, its state is completed, unless a later build
    /// has begun from what was known then. Twice is the same as once.
    ///
    /// # Errors
    /// When there is no such job or the database fails.
    pub async fn abandoned(&self, job: JobId, state: &[u8]) -> Result<(), ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let held = job_work::lock(on(&mut tx), job)
            .await?
            .ok_or(ReportError::NotFound)?;
        if held.completed_at.is_none() {
            job_work::end(on(&mut tx), job, KILLED, None, now).await?;
        }
        if let Some(JobInput::Build { build, .. }) = &held.input
            && !state.is_empty()
        {
            job_results::complete_state(on(&mut tx), *build, state, now).await?;
        }
        let workspace = raise(on(&mut tx), held.input.as_ref()).await?;
        commit(tx).await?;
        // Should its worker live after all, it must drop the job.
        self.core.events.publish(Event::JobCanceled(job));
        self.ended(job, workspace);
        Ok(())
    }
}
