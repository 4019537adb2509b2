//! One job from claim to end: it runs beside its signs of life and its log, hears when it is
//! canceled or the server drains, and its end is told until it is kept.

use std::{convert::Infallible, time::Duration};

use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Daemon, reporter::Reporter};
use crate::{
    domain::{
        daemons::Worker,
        ids::JobId,
        provisioning::{AcquiredJob, Completed, Failed},
    },
    service::jobs::ReportError,
};

/// How often a worker says that it lives and asks whether its job was canceled.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// How often the end of a job is told while that fails.
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// After that many tries the job is left to the reaper; its state was kept before.
const MOST_TRIES: u32 = 60;

impl Daemon {
    /// Does a job to its end, whatever that is.
    #[tracing::instrument(name = "job", skip_all, fields(job.id = %job.id))]
    pub(super) async fn work(&self, worker: &Worker, job: AcquiredJob) {
        let id = job.id;
        info!("a job begins");
        let cancel = CancellationToken::new();
        let reporter = Reporter::new(self.jobs.clone(), worker.id, id);
        let run = async {
            let outcome = tokio::select! {
                outcome = self.run(job, &reporter, &cancel) => outcome,
                () = self.force(&cancel) => Err(failed("Cancel timed out")),
            };
            reporter.close();
            outcome
        };
        let outcome = tokio::select! {
            (outcome, ()) = async { tokio::join!(run, reporter.send_lines()) } => outcome,
            never = self.watch(worker, id, &cancel) => match never {},
            never = self.obey_drain(&cancel) => match never {},
        };
        self.tell_end(worker, id, &reporter, outcome).await;
    }

    async fn run(
        &self,
        job: AcquiredJob,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<Completed, Failed> {
        let runner = tokio::select! {
            runner = self.runner() => runner.map_err(|error| failed(error.to_string()))?,
            () = cancel.cancelled() => return Err(self.interrupted(failed("canceled before it began"))),
        };
        let outcome = runner.run(job, reporter, cancel).await;
        outcome.map_err(|reason| self.interrupted(reason))
    }

    /// Says so when the drain of the server is what ended a job.
    fn interrupted(&self, reason: Failed) -> Failed {
        if !self.lifecycle.is_draining() {
            return reason;
        }
        let error = format!("the server ended while the job ran: {}", reason.error);
        Failed { error, ..reason }
    }

    /// Gives signs of life and hears about cancellation. Never ends.
    async fn watch(&self, worker: &Worker, job: JobId, cancel: &CancellationToken) -> Infallible {
        let mut cancellations = self.jobs.cancellations(job);
        loop {
            match self.jobs.heartbeat(worker.id, job).await {
                Ok(false) => {}
                Ok(true) => cancel.cancel(),
                Err(error) if error.is_lost() => {
                    if !cancel.is_cancelled() {
                        warn!(%error, "the job was taken away; it is interrupted");
                    }
                    cancel.cancel();
                }
                Err(error) => warn!(%error, "a sign of life was not heard"),
            }
            tokio::select! {
                () = tokio::time::sleep(SIGN_OF_LIFE) => {}
                _ = cancellations.next() => {}
            }
        }
    }

    /// Interrupts the job when the server drains. Never ends.
    async fn obey_drain(&self, cancel: &CancellationToken) -> Infallible {
        self.lifecycle.draining().await;
        cancel.cancel();
        std::future::pending().await
    }

    /// Ends when a canceled job did not end by itself in time.
    async fn force(&self, cancel: &CancellationToken) {
        cancel.cancelled().await;
        tokio::time::sleep(self.settings.force_cancel_interval).await;
    }

    async fn tell_end(
        &self,
        worker: &Worker,
        job: JobId,
        reporter: &Reporter,
        outcome: Result<Completed, Failed>,
    ) {
        let mut outcome = outcome;
        for _ in 0..MOST_TRIES {
            let told = match reporter.flush().await {
                Err(error) => Err(error),
                Ok(()) => match &outcome {
                    Ok(done) => self.jobs.complete(worker.id, job, done).await,
                    Err(reason) => self.jobs.fail(worker.id, job, reason).await,
                },
            };
            match told {
                Ok(()) => {
                    info!(ended_well = outcome.is_ok(), "a job ended");
                    return;
                }
                Err(error) if error.is_lost() => {
                    warn!(%error, "a job ended that was taken away before");
                    return;
                }
                Err(ReportError::Store(error)) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the end of a job could not be told yet"
                    );
                    tokio::time::sleep(TELL_AGAIN).await;
                }
                // The results themselves are refused: that is how the job ends.
                Err(error) => outcome = Err(refused(outcome, &error)),
            }
        }
        warn!("the end of a job could not be told; it is left to be ended as silent");
    }
}

/// The failure that remains of results that were refused: what exists must not be forgotten.
fn refused(outcome: Result<Completed, Failed>, error: &ReportError) -> Failed {
    let text = format!("internal provisionerserver error: {error}");
    match outcome {
        Ok(Completed::Build { state, timings, .. }) => Failed {
            error: text,
            state: Some(state),
            timings,
        },
        Ok(_) => failed(text),
        Err(reason) => Failed {
            error: text,
            ..reason
        },
    }
}

fn failed(error: impl Into<String>) -> Failed {
    Failed {
        error: error.into(),
        ..Failed::default()
    }
}
