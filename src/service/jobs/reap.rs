//! Ending jobs whose worker went silent (spec BJ-76 to BJ-78). Waiting jobs are never ended:
//! they wait for a daemon for ever.

use chrono::TimeDelta;

use super::{Jobs, claim::raise};
use crate::{
    domain::{
        clock::Timestamp,
        daemons::BUILT_IN_KEY,
        ids::JobId,
        provisioning::{LogLevel, LogLine, LogSource},
        queue::JobInput,
    },
    pubsub::Event,
    service::{commit, on},
    store::{StoreError, job_work},
};

/// Most jobs ended in one pass, so that a fault of ours cannot end everything at once.
const MOST_AT_ONCE: i64 = 10;
/// Daemons of a server say every second that they live. When one is silent for this long, the
/// server was killed, and its jobs need not wait for as long as those of a machine far away.
const BUILT_IN_SILENCE: TimeDelta = TimeDelta::seconds(15);
const RULE: &str = "====================";

impl Jobs {
    /// Ends running jobs that gave no sign of life for too long; tells how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reap(&self) -> Result<u64, StoreError> {
        let now = self.core.now();
        let silence = TimeDelta::from_std(self.core.settings.hang_after).unwrap_or(TimeDelta::MAX);
        let built_in_since = now - BUILT_IN_SILENCE.min(silence);
        let silent = job_work::list_silent(
            &mut *self.core.conn().await?,
            now - silence,
            built_in_since,
            BUILT_IN_KEY,
            MOST_AT_ONCE,
        )
        .await?;
        let mut ended = 0;
        for job in silent {
            ended += u64::from(self.end_silent(job, built_in_since, now).await?);
        }
        Ok(ended)
    }

    /// Ends one job if it is still silent; false when somebody else is at it.
    async fn end_silent(
        &self,
        job: JobId,
        silent_since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.core.begin().await?;
        let Some((last_sign, input)) =
            job_work::lock_silent(on(&mut tx), job, silent_since).await?
        else {
            return Ok(false);
        };
        let seconds = (now - last_sign).num_seconds();
        let text =
            format!("The build hung: its worker was silent for {seconds} s, so it is ended.");
        let stage = job_work::last_stage(on(&mut tx), job).await?;
        let stage = stage.unwrap_or_else(|| "Unknown".to_owned());
        let lines = ["", RULE, &text, RULE, ""].map(|output| LogLine {
            created_at: now,
            source: LogSource::ProvisionerDaemon,
            level: LogLevel::Error,
            stage: stage.clone(),
            output: output.to_owned(),
        });
        job_work::insert_logs(on(&mut tx), job, &lines).await?;
        job_work::end(on(&mut tx), job, &text, None, now).await?;
        if let Some(JobInput::Build { build, .. }) = &input {
            job_work::copy_previous_state(on(&mut tx), *build).await?;
        }
        let workspace = raise(on(&mut tx), input.as_ref()).await?;
        commit(tx).await?;
        tracing::warn!(job.id = %job, seconds, "a silent job was ended");
        // Its worker may live after all: it must drop the job.
        self.core.events.publish(Event::JobCanceled(job));
        self.ended(job, workspace);
        Ok(true)
    }
}
