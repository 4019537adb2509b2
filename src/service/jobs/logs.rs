//! Reading and following job logs. A follower never loses a line: it listens before it reads,
//! and looks whether the job has ended before it reads the last lines.

use std::time::Duration;

use futures::{Stream, StreamExt as _};

use super::Jobs;
use crate::{
    domain::{ids::JobId, queue::JobLog},
    pubsub::Event,
    store::{StoreError, jobs},
};

/// Lines read at once while following.
const BATCH: i64 = 1000;
/// A follower looks by itself this often, in case an event was lost.
const LOOK_EVERY: Duration = Duration::from_secs(15);

impl Jobs {
    /// Lines of a job's log with ids between `after` and `before`, both excluded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logs(
        &self,
        job: JobId,
        after: i64,
        before: Option<i64>,
    ) -> Result<Vec<JobLog>, StoreError> {
        jobs::list_logs(&mut *self.core.conn().await?, job, after, before, None).await
    }

    /// Lines of a job's log after the line `after`, then new ones as they come, until the job
    /// has ended.
    pub fn follow_logs(
        &self,
        job: JobId,
        after: i64,
    ) -> impl Stream<Item = Result<Vec<JobLog>, StoreError>> + Send + 'static + use<> {
        let core = self.core.clone();
        let mut events = core.events.subscribe();
        async_stream::try_stream! {
            let mut last = after;
            loop {
                let mut conn = core.conn().await?;
                // In this order: no line is added to a job that has ended.
                let ended_at = jobs::completed_at(&mut conn, job).await?;
                let has_ended = ended_at != Some(None);
                let lines = jobs::list_logs(&mut conn, job, last, None, Some(BATCH)).await?;
                drop(conn);
                let is_full = i64::try_from(lines.len()).is_ok_and(|count| count == BATCH);
                if let Some(line) = lines.last() {
                    last = line.id;
                    yield lines;
                }
                if is_full {
                    continue;
                }
                if has_ended {
                    return;
                }
                let news = async {
                    while let Some(event) = events.next().await {
                        if matches!(event, Event::Resync) || event == Event::JobLogs(job) {
                            return;
                        }
                    }
                };
                let _ = tokio::time::timeout(LOOK_EVERY, news).await;
            }
        }
    }
}
