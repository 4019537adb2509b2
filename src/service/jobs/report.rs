//! What a worker reports while it has a job: signs of life, log lines, what parsing found, a
//! state worth keeping, and failure. Only the worker that holds a job may report, and nothing
//! is taken for a job that has ended (spec BJ-63, BJ-64, BJ-66).

use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Jobs, audited,
    claim::{completed, raise},
    results::InvalidResults,
};
use crate::{
    domain::{
        clock::Timestamp,
        deadlines::DeadlinePassed,
        ids::{DaemonId, JobId, TemplateVersionId, WorkspaceId},
        jobs::JobErrorCode,
        provisioning::{Failed, LogLine, NamedValue, ParsedTemplate, TemplateVariable},
        queue::JobInput,
    },
    pubsub::Event,
    service::{commit, on},
    store::{StoreError, import_results, job_results, job_work},
};

/// How often a report is tried again when a concurrent change won.
pub(super) const MOST_TRIES: u32 = 5;

/// Why a report is not taken.
#[derive(Debug, Error)]
pub enum ReportError {
    /// There is no such job.
    #[error("no such job")]
    NotFound,
    /// Nobody has taken the job.
    #[error("job isn't running yet")]
    NotRunning,
    /// Another worker has it.
    #[error("you don't own this job")]
    NotYours,
    /// It has ended.
    #[error("job already completed")]
    Ended,
    /// The report does not fit the kind of job.
    #[error("the job is of another kind")]
    WrongKind,
    /// Variables without a value; the text is one that clients look for (spec BJ-71).
    #[error("required template variables need values: {}", .0.join(", "))]
    MissingVariables(Vec<String>),
    /// The results break a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidResults),
    /// The workspace would have to stop before it started.
    #[error(transparent)]
    Deadline(#[from] DeadlinePassed),
    /// The database failed.
    #[error("the report could not be kept")]
    Store(#[from] StoreError),
}

impl ReportError {
    /// Whether a concurrent change won and the same report may be taken the next time: what a
    /// worker brings must not be lost to that.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Store(StoreError::Serialization))
    }

    /// Whether the worker has lost the job and should drop it.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::NotRunning | Self::NotYours | Self::Ended
        )
    }
}

impl Jobs {
    /// Notes a sign of life; tells whether the job was canceled.
    ///
    /// # Errors
    /// When the worker does not hold the job.
    pub async fn heartbeat(&self, worker: DaemonId, job: JobId) -> Result<bool, ReportError> {
        let mut conn = self.core.conn().await?;
        touched(&mut conn, worker, job, self.core.now()).await
    }

    /// Appends log lines, which count as a sign of life; tells whether the job was canceled.
    ///
    /// # Errors
    /// When the worker does not hold the job.
    pub async fn append_logs(
        &self,
        worker: DaemonId,
        job: JobId,
        mut lines: Vec<LogLine>,
    ) -> Result<bool, ReportError> {
        for line in &mut lines {
            // Postgres has no text with a NUL in it; a program's output may have.
            line.output.retain(|character| character != '\0');
            line.stage.retain(|character| character != '\0');
        }
        let mut tx = self.core.begin().await?;
        let is_canceled = touched(on(&mut tx), worker, job, self.core.now()).await?;
        job_work::insert_logs(on(&mut tx), job, &lines).await?;
        commit(tx).await?;
        self.core.events.publish(Event::JobLogs(job));
        Ok(is_canceled)
    }

    /// Keeps what parsing a version's archive found and gives the values that its plans need.
    ///
    /// # Errors
    /// [`ReportError::MissingVariables`] after keeping everything, when a required variable
    /// has no value.
    pub async fn parsed(
        &self,
        worker: DaemonId,
        job: JobId,
        parsed: &ParsedTemplate,
    ) -> Result<Vec<NamedValue>, ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let input = held(on(&mut tx), worker, job).await?;
        let JobInput::Import {
            version,
            user_variable_values,
        } = input
        else {
            return Err(ReportError::WrongKind);
        };
        let given = completed(on(&mut tx), version, user_variable_values).await?;
        let variables = valued(&parsed.variables, &given);
        keep_parsed(on(&mut tx), version, parsed, &variables, now).await?;
        touched(on(&mut tx), worker, job, now).await?;
        commit(tx).await?;
        let missing: Vec<String> = variables
            .iter()
            .filter(|(variable, value)| variable.required && value.is_empty())
            .map(|(variable, _)| variable.name.clone())
            .collect();
        if !missing.is_empty() {
            return Err(ReportError::MissingVariables(missing));
        }
        let values = variables.iter().map(|(variable, value)| NamedValue {
            name: variable.name.clone(),
            value: (*value).to_owned(),
        });
        Ok(values.filter(|value| !value.value.is_empty()).collect())
    }

    /// Keeps a build's state while it still runs, so that a crash loses nothing that exists.
    ///
    /// # Errors
    /// When the worker does not hold the job.
    pub async fn save_state(
        &self,
        worker: DaemonId,
        job: JobId,
        state: &[u8],
    ) -> Result<(), ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let JobInput::Build { build, .. } = held(on(&mut tx), worker, job).await? else {
            return Err(ReportError::WrongKind);
        };
        touched(on(&mut tx), worker, job, now).await?;
        job_results::update_state(on(&mut tx), build, state, now).await?;
        Ok(commit(tx).await?)
    }

    /// Ends a job as failed; a state that came along is kept.
    ///
    /// # Errors
    /// When the worker does not hold the job or it has ended.
    pub async fn fail(
        &self,
        worker: DaemonId,
        job: JobId,
        failed: &Failed,
    ) -> Result<(), ReportError> {
        let mut tries = 0;
        let workspace = loop {
            match self.try_fail(worker, job, failed).await {
                Err(reason) if reason.may_pass() && tries < MOST_TRIES => tries += 1,
                done => break done?,
            }
        };
        self.ended(job, workspace);
        Ok(())
    }

    async fn try_fail(
        &self,
        worker: DaemonId,
        job: JobId,
        failed: &Failed,
    ) -> Result<Option<WorkspaceId>, ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let input = held(on(&mut tx), worker, job).await?;
        let error = if failed.error.is_empty() {
            "the job failed without saying why"
        } else {
            &failed.error
        };
        job_work::end(on(&mut tx), job, error, JobErrorCode::of_text(error), now).await?;
        if let JobInput::Build { build, .. } = &input {
            // No bytes mean that the worker knows nothing, not that nothing is left.
            if let Some(state) = failed.state.as_ref().filter(|state| !state.is_empty()) {
                job_results::update_state(on(&mut tx), *build, state, now).await?;
            }
            audited::build_ended(on(&mut tx), *build, 500, now).await?;
        }
        job_results::insert_timings(on(&mut tx), job, &failed.timings).await?;
        let workspace = raise(on(&mut tx), Some(&input)).await?;
        commit(tx).await?;
        Ok(workspace)
    }

    /// Tells everybody concerned that a job has ended.
    pub(super) fn ended(&self, job: JobId, workspace: Option<WorkspaceId>) {
        self.core.events.publish(Event::JobLogs(job));
        self.tell(workspace);
    }

    pub(super) fn tell(&self, workspace: Option<WorkspaceId>) {
        if let Some(workspace) = workspace {
            self.core.events.publish(Event::Workspace(workspace));
        }
    }
}

/// What the job works on, if this worker holds it; locked until the transaction ends.
pub(super) async fn held(
    conn: &mut PgConnection,
    worker: DaemonId,
    job: JobId,
) -> Result<JobInput, ReportError> {
    let held = job_work::lock(conn, job)
        .await?
        .ok_or(ReportError::NotFound)?;
    let Some(holder) = held.worker_id.filter(|_| held.started_at.is_some()) else {
        return Err(ReportError::NotRunning);
    };
    if holder != worker {
        return Err(ReportError::NotYours);
    }
    if held.completed_at.is_some() {
        return Err(ReportError::Ended);
    }
    held.input.ok_or(ReportError::WrongKind)
}

/// Notes a sign of life; when the worker does not hold the job, finds out why.
async fn touched(
    conn: &mut PgConnection,
    worker: DaemonId,
    job: JobId,
    now: Timestamp,
) -> Result<bool, ReportError> {
    if let Some(is_canceled) = job_work::touch(conn, job, worker, now).await? {
        return Ok(is_canceled);
    }
    held(conn, worker, job).await?;
    Err(ReportError::NotYours)
}

/// Each variable with its value: the given one, else its default.
fn valued<'a>(
    variables: &'a [TemplateVariable],
    given: &'a [NamedValue],
) -> Vec<(&'a TemplateVariable, &'a str)> {
    let value = |variable: &'a TemplateVariable| {
        given
            .iter()
            .find(|value| value.name == variable.name && !value.value.is_empty())
            .map_or(variable.default_value.as_str(), |value| {
                value.value.as_str()
            })
    };
    variables
        .iter()
        .map(|variable| (variable, value(variable)))
        .collect()
}

async fn keep_parsed(
    conn: &mut PgConnection,
    version: TemplateVersionId,
    parsed: &ParsedTemplate,
    variables: &[(&TemplateVariable, &str)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let readme = parsed.readme.replace('\0', "");
    import_results::update_readme(conn, version, &readme, now).await?;
    import_results::insert_workspace_tags(conn, version, &parsed.workspace_tags).await?;
    import_results::insert_variables(conn, version, variables).await
}
