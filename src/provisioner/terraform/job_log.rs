//! Writes a job's log lines: gives them time, source and stage, and drops the ones that are
//! too fine.

use super::JobReporter;
use crate::domain::{
    clock::Clock,
    provisioning::{LogLevel, LogLine, LogSource},
};

/// The log of one job.
pub(super) struct JobLog<'a, R> {
    pub(super) reporter: &'a R,
    pub(super) clock: &'a Clock,
    /// Lines below this level are dropped.
    pub(super) lowest: LogLevel,
}

impl<R> Clone for JobLog<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for JobLog<'_, R> {}

impl<R: JobReporter> JobLog<'_, R> {
    /// Begins a stage.
    pub(super) fn stage(&self, stage: &str) {
        self.write(
            LogSource::ProvisionerDaemon,
            stage,
            LogLevel::Info,
            String::new(),
        );
    }

    /// Writes a line of the daemon within a stage.
    pub(super) fn daemon(&self, stage: &str, level: LogLevel, output: String) {
        self.write(LogSource::ProvisionerDaemon, stage, level, output);
    }

    /// Writes a line of the engine within a stage.
    pub(super) fn engine(&self, stage: &str, level: LogLevel, output: String) {
        if level >= self.lowest {
            self.write(LogSource::Provisioner, stage, level, output);
        }
    }

    fn write(&self, source: LogSource, stage: &str, level: LogLevel, output: String) {
        self.reporter.log(LogLine {
            created_at: self.clock.now(),
            source,
            level,
            stage: stage.to_owned(),
            output,
        });
    }
}
