//! What a runner needs from whoever gave it a job.

use crate::domain::provisioning::{LogLine, NamedValue, ParsedTemplate};

/// The answer to a request for credits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Whether the build may go on.
    pub accepted: bool,
    /// What the owner's workspaces cost per day, this build included.
    pub consumed: i32,
    /// What they may cost; -1 for no limit.
    pub budget: i32,
}

/// Receives what a job brings before its end. Each text of an error fails the job as it is.
pub trait JobReporter: Send + Sync {
    /// Takes a log line. Must not block; lines may be sent on in batches.
    fn log(&self, line: LogLine);

    /// Takes what an import parsed and gives the variable values to plan with.
    fn parsed(
        &self,
        template: ParsedTemplate,
    ) -> impl Future<Output = Result<Vec<NamedValue>, String>> + Send;

    /// Asks for the credits of a build that costs something.
    fn commit_quota(&self, daily_cost: i32) -> impl Future<Output = Result<Quota, String>> + Send;

    /// Keeps Terraform's state right after an apply, before anything else can go wrong.
    fn state(&self, state: &[u8]) -> impl Future<Output = Result<(), String>> + Send;
}
