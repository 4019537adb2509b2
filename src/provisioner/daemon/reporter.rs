//! Passes on what a job brings before its end. Log lines are gathered and sent in batches, in
//! order; a failing database delays them but does not stop the job.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::super::terraform::{JobReporter, Quota};
use crate::{
    domain::{
        ids::{DaemonId, JobId},
        provisioning::{LogLine, NamedValue, ParsedTemplate},
    },
    service::jobs::{Jobs, ReportError},
};

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(250);
/// As many lines are sent at once, without waiting longer.
const BATCH: usize = 100;
/// Most lines of one statement.
const MOST_AT_ONCE: usize = 1000;
/// As many lines are kept while they cannot be sent; further ones are dropped.
const MOST_KEPT: usize = 100_000;
/// How long to wait after lines could not be sent.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Reports on one job in the name of one daemon.
pub(super) struct Reporter {
    jobs: Jobs,
    worker: DaemonId,
    job: JobId,
    lines: Mutex<VecDeque<LogLine>>,
    batch_is_full: Notify,
    any: Notify,
    closed: CancellationToken,
}

impl Reporter {
    pub(super) fn new(jobs: Jobs, worker: DaemonId, job: JobId) -> Self {
        Self {
            jobs,
            worker,
            job,
            lines: Mutex::default(),
            batch_is_full: Notify::new(),
            any: Notify::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Lets [`Reporter::send_lines`] end: no line will come any more.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Sends lines as they come. It must run until it is closed and not be dropped before: a
    /// batch that was kept, but not known to be, would be sent twice.
    pub(super) async fn send_lines(&self) {
        while !self.closed.is_cancelled() {
            tokio::select! {
                () = self.any.notified() => {}
                () = self.closed.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = self.batch_is_full.notified() => {}
                () = self.closed.cancelled() => return,
            }
            if let Err(error) = self.flush().await {
                if !error.is_lost() {
                    warn!(job.id = %self.job, %error, "log lines could not be kept yet");
                    self.any.notify_one();
                }
                tokio::select! {
                    () = tokio::time::sleep(PAUSE_AFTER_FAILURE) => {}
                    () = self.closed.cancelled() => return,
                }
            }
        }
    }

    /// Sends all lines that wait.
    ///
    /// # Errors
    /// When they could not be kept; they wait on.
    pub(super) async fn flush(&self) -> Result<(), ReportError> {
        loop {
            // Lines leave the queue only once they are kept, so that a failure loses none.
            let batch: Vec<LogLine> =
                self.queue(|lines| lines.iter().take(MOST_AT_ONCE).cloned().collect());
            if batch.is_empty() {
                return Ok(());
            }
            let sent = batch.len();
            self.jobs.append_logs(self.worker, self.job, batch).await?;
            self.queue(|lines| lines.drain(..sent.min(lines.len())).count());
        }
    }

    fn queue<T>(&self, work: impl FnOnce(&mut VecDeque<LogLine>) -> T) -> T {
        work(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl JobReporter for Reporter {
    fn log(&self, line: LogLine) {
        let count = self.queue(|lines| {
            if lines.len() < MOST_KEPT {
                lines.push_back(line);
            }
            lines.len()
        });
        self.any.notify_one();
        if count >= BATCH {
            self.batch_is_full.notify_one();
        }
    }

    async fn parsed(&self, template: ParsedTemplate) -> Result<Vec<NamedValue>, String> {
        self.jobs
            .parsed(self.worker, self.job, &template)
            .await
            .map_err(|error| format!("update job: {error}"))
    }

    async fn commit_quota(&self, daily_cost: i32) -> Result<Quota, String> {
        let credits = self
            .jobs
            .commit_quota(self.worker, self.job, daily_cost)
            .await
            .map_err(|error| format!("commit quota: {error}"))?;
        Ok(Quota {
            accepted: credits.accepted,
            consumed: credits.consumed,
            budget: credits.budget,
        })
    }

    async fn state(&self, state: &[u8]) -> Result<(), String> {
        self.jobs
            .save_state(self.worker, self.job, state)
            .await
            .map_err(|error| format!("keep the state: {error}"))
    }
}
