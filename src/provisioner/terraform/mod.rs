//! Carries out one job with Terraform: unpack, parse, init, plan, apply, and the reading of
//! what came out. One [`Runner`] works on one job at a time.
//! Source: spec/provisioning.md sections 1.3 and 5.4.

mod build;
mod import;
mod job_log;
mod plugin_cache;
mod reporter;
mod span;
mod steps;
mod work_directory;

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use self::{job_log::JobLog, steps::Steps, work_directory::WorkDirectory};
pub use self::{
    reporter::{JobReporter, Quota},
    work_directory::Abandoned,
};
use super::{
    archive,
    builtin_provider::BuiltinProvider,
    engine::Engine,
    process::{Limits, Variables},
};
use crate::domain::{
    clock::Clock,
    provisioning::{AcquiredJob, BuildMetadata, Completed, Failed, LogLevel, NamedValue, Work},
};

/// What a runner works with.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The engine.
    pub engine: Engine,
    /// The runner's own directory, for working directories and cached providers. No two
    /// runners may share it, also not in two processes.
    pub directory: PathBuf,
    /// The environment of the host.
    pub environment: Variables,
    /// How long one Terraform command may take, and how long it may take to end.
    pub limits: Limits,
    /// The provider in this program, where it may be used.
    pub builtin_provider: Option<BuiltinProvider>,
    /// Tells the time.
    pub clock: Clock,
}

/// Why a runner cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its directory is unusable.
    #[error("cannot use {}: {source}", directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process uses its directory.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
}

/// Runs jobs, one after the other.
#[derive(Debug)]
pub struct Runner {
    settings: RunnerSettings,
    /// Held while a job runs: Terraform's provider cache bears no two writers.
    busy: Mutex<()>,
    /// Held as long as the runner lives.
    _lock: File,
}

impl Runner {
    /// A runner in its directory.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be written or is in use.
    pub fn open(settings: RunnerSettings) -> Result<Self, OpenError> {
        let directory = &settings.directory;
        let lock = lock(directory).map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse(directory.clone()),
            TryLockError::Error(source) => OpenError::Io {
                directory: directory.clone(),
                source,
            },
        })?;
        Ok(Self {
            settings,
            busy: Mutex::new(()),
            _lock: lock,
        })
    }

    /// Carries out a job. A cancel interrupts Terraform and still brings an answer.
    ///
    /// # Errors
    /// [`Failed`] with the text for the user, and with the state where an apply had begun.
    pub async fn run<R: JobReporter>(
        &self,
        job: AcquiredJob,
        reporter: &R,
        cancel: &CancellationToken,
    ) -> Result<Completed, Failed> {
        let _busy = self.busy.lock().await;
        let log = JobLog {
            reporter,
            clock: &self.settings.clock,
            lowest: match &job.work {
                Work::Build {
                    debug_log: true, ..
                } => LogLevel::Debug,
                _ => LogLevel::Trace,
            },
        };
        log.stage("Setting up");
        let directory = match self.set_up(&job).await {
            Ok(directory) => directory,
            Err(error) => {
                return Err(Failed {
                    error,
                    ..Failed::default()
                });
            }
        };
        let result = self.carry_out(job, &directory, log, cancel).await;
        log.stage("Cleaning Up");
        directory.remove().await;
        result
    }

    async fn set_up(&self, job: &AcquiredJob) -> Result<WorkDirectory, String> {
        let parent = self.settings.directory.join("work");
        let now = self.settings.clock.now();
        let directory = WorkDirectory::create(&parent, job.id, now)
            .map_err(|error| format!("cannot make a working directory: {error}"))?;
        let (tar, target) = (job.archive.clone(), directory.path().to_owned());
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&tar, &target)).await;
        match unpacked {
            Ok(Ok(())) => Ok(directory),
            Ok(Err(error)) => {
                directory.remove().await;
                Err(error.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn carry_out<R: JobReporter>(
        &self,
        job: AcquiredJob,
        directory: &WorkDirectory,
        log: JobLog<'_, R>,
        cancel: &CancellationToken,
    ) -> Result<Completed, Failed> {
        let steps = |metadata: &BuildMetadata, debug_log| {
            Steps::new(&self.settings, directory, log, cancel, metadata, debug_log)
        };
        match job.work {
            Work::Import { metadata, .. } => import::run(&steps(&metadata, false)).await,
            Work::DryRun {
                rich_parameter_values,
                variable_values,
                metadata,
            } => {
                let inputs = Inputs {
                    parameters: rich_parameter_values,
                    variables: variable_values,
                    external_auth: Vec::new(),
                };
                import::dry_run(&steps(&metadata, false), &inputs).await
            }
            Work::Build {
                state,
                rich_parameter_values,
                variable_values,
                external_auth,
                debug_log,
                metadata,
            } => {
                let inputs = Inputs {
                    parameters: rich_parameter_values,
                    variables: variable_values,
                    external_auth,
                };
                let steps = steps(&metadata, debug_log);
                build::run(&steps, &inputs, metadata.transition, &state).await
            }
        }
    }
}

/// The values that a plan is made with.
#[derive(Default)]
struct Inputs {
    parameters: Vec<NamedValue>,
    variables: Vec<NamedValue>,
    external_auth: Vec<NamedValue>,
}

/// Finds the jobs that a killed server left in a runner's directory and ends their processes;
/// none where another process works there.
#[must_use]
pub fn abandoned(directory: &Path) -> Vec<Abandoned> {
    match lock(directory) {
        Ok(_lock) => work_directory::abandoned(&directory.join("work")),
        Err(_) => Vec::new(),
    }
}

/// Makes a runner's directory and locks it.
fn lock(directory: &Path) -> Result<File, TryLockError> {
    fs::create_dir_all(directory).map_err(TryLockError::Error)?;
    let file = File::create(directory.join("lock")).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}
