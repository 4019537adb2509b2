//! The daemons inside the server: each claims a job, runs it with Terraform and reports, one
//! job at a time. The only part of `provisioner` that knows services; to the queue it is the
//! same as a daemon on another machine.

mod recovery;

mod reporter;

mod work;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::StreamExt as _;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use super::{
    builtin_provider::BuiltinProvider,
    engine::{Engine, EngineError, EngineSettings},
    process::{Limits, Variables},
    terraform::{OpenError, Runner, RunnerSettings},
};
use crate::{
    domain::{
        clock::Clock,
        daemons::{SEEN_EVERY, Worker},
        random,
    },
    lifecycle::Lifecycle,
    service::jobs::Jobs,
};

/// Longest name of a daemon.
const LONGEST_NAME: usize = 64;
/// How long a daemon waits after a failure of the database.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Directories tried when those before are used by another server on this machine.
const MOST_DIRECTORIES: u16 = 100;

/// How the daemons of a server work.
#[derive(Clone, Debug)]
pub struct DaemonSettings {
    /// How many jobs run at once.
    pub count: u16,
    /// The machine's name, the first part of each daemon's.
    pub host_name: String,
    /// Where to look for an engine.
    pub engine: EngineSettings,
    /// Where each daemon has a directory of its own.
    pub directory: PathBuf,
    /// The environment of the host.
    pub environment: Variables,
    /// The provider in this program, where it may be used.
    pub builtin_provider: Option<BuiltinProvider>,
    /// How long one Terraform command may take, and how long it may take to end.
    pub limits: Limits,
    /// Longest wait between two looks for work.
    pub poll_interval: Duration,
    /// Random addition to that wait.
    pub poll_jitter: Duration,
    /// How long a canceled job may take before it is failed.
    pub force_cancel_interval: Duration,
    /// The time.
    pub clock: Clock,
}

/// Why a job cannot even begin.
#[derive(Debug, thiserror::Error)]
enum NotReady {
    #[error("no Terraform engine: {0}")]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Directory(#[from] OpenError),
}

/// Starts the daemons; they live until the server drains.
pub fn start(jobs: &Jobs, settings: DaemonSettings, lifecycle: &Lifecycle) {
    if settings.count == 0 {
        return;
    }
    let (jobs, lifecycle) = (jobs.clone(), lifecycle.clone());
    let (settings, engine) = (Arc::new(settings), Arc::new(OnceCell::new()));
    lifecycle
        .clone()
        .spawn_brief("start of the daemons", async move {
            // Before any daemon takes a directory that a killed server left.
            recovery::end_abandoned(&jobs, settings.directory.clone()).await;
            for index in 0..settings.count {
                let daemon = Daemon {
                    jobs: jobs.clone(),
                    settings: Arc::clone(&settings),
                    engine: Arc::clone(&engine),
                    runner: OnceCell::new(),
                    lifecycle: lifecycle.clone(),
                    index,
                };
                lifecycle.spawn("provisioner daemon", daemon.live());
            }
        });
}

struct Daemon {
    jobs: Jobs,
    settings: Arc<DaemonSettings>,
    /// Looked for when the first job comes, so that a server that builds nothing needs none.
    engine: Arc<OnceCell<Engine>>,
    runner: OnceCell<Runner>,
    lifecycle: Lifecycle,
    index: u16,
}

impl Daemon {
    async fn live(self) {
        let draining = self.lifecycle.draining();
        let worker = tokio::select! {
            worker = self.register() => worker,
            () = draining => return,
        };
        info!(daemon.id = %worker.id, "a provisioner daemon is ready");
        tokio::select! {
            () = self.take_jobs(&worker) => {}
            () = self.show_life(&worker) => {}
        }
    }

    async fn register(&self) -> Worker {
        loop {
            let name = name(&self.settings.host_name, self.index);
            match self.jobs.register_built_in(name).await {
                Ok(worker) => return worker,
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "a provisioner daemon could not register"
                    );
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Claims and does one job after the other until the server drains.
    async fn take_jobs(&self, worker: &Worker) {
        while !self.lifecycle.is_draining() {
            // Listening begins before the look, so that no posting falls between the two.
            let mut postings = self.jobs.postings();
            match self.jobs.claim(worker).await {
                Ok(Some(job)) => {
                    Box::pin(self.work(worker, job)).await;
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "no job could be claimed"
                    );
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
            tokio::select! {
                _ = postings.next() => {}
                () = tokio::time::sleep(self.pause()) => {}
                () = self.lifecycle.draining() => {}
            }
        }
    }

    /// Never ends.
    async fn show_life(&self, worker: &Worker) {
        let every = SEEN_EVERY.to_std().unwrap_or(Duration::from_mins(1));
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.jobs.seen(&[worker.id]).await {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "a provisioner daemon could not show that it lives"
                );
            }
        }
    }

    fn pause(&self) -> Duration {
        let jitter = u64::try_from(self.settings.poll_jitter.as_millis()).unwrap_or_default();
        self.settings.poll_interval + Duration::from_millis(random::below(jitter))
    }

    async fn runner(&self) -> Result<&Runner, NotReady> {
        self.runner.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Runner, NotReady> {
        let engine = self
            .engine
            .get_or_try_init(|| Engine::find(&self.settings.engine))
            .await?;
        let mut number = self.index;
        loop {
            let opened = Runner::open(RunnerSettings {
                engine: engine.clone(),
                directory: self
                    .settings
                    .directory
                    .join(format!("provisioner-{number}")),
                environment: self.settings.environment.clone(),
                limits: self.settings.limits,
                builtin_provider: self.settings.builtin_provider.clone(),
                clock: self.settings.clock.clone(),
            });
            match opened {
                // Another server on this machine, or one that is about to end.
                Err(OpenError::InUse(_)) if number < MOST_DIRECTORIES => {
                    number += self.settings.count;
                }
                opened => return Ok(opened?),
            }
        }
    }
}

/// `<host>-<index>`, with the host cut so that the whole fits.
fn name(host: &str, index: u16) -> String {
    let suffix = format!("-{index}");
    let host: String = host.chars().take(LONGEST_NAME - suffix.len()).collect();
    format!("{host}{suffix}")
}
