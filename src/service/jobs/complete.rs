//! Ending a job well: what it brought is kept in one transaction with its end, so that a crash
//! leaves either all of it or a job that still runs (spec BJ-67 to BJ-69).

use sqlx::PgConnection;

use super::{
    Jobs, audited,
    claim::raise,
    report::{MOST_TRIES, ReportError, held},
    results,
};
use crate::{
    domain::{
        clock::Timestamp,
        deadlines,
        ids::{BuildId, DaemonId, JobId, TemplateVersionId, WorkspaceId},
        provisioning::{Completed, ProvisionedResources, Transition},
        queue::JobInput,
        schedule::Schedule,
    },
    service::{commit, on, quiet_hours},
    store::{import_results, job_facts, job_results, job_work},
};

impl Jobs {
    /// Ends a job as done and keeps what it brought.
    ///
    /// # Errors
    /// When the worker does not hold the job, it has ended, or its results break a rule; then
    /// nothing is kept and the job still runs.
    pub async fn complete(
        &self,
        worker: DaemonId,
        job: JobId,
        done: &Completed,
    ) -> Result<(), ReportError> {
        let mut tries = 0;
        let workspace = loop {
            match self.try_complete(worker, job, done).await {
                Err(reason) if reason.may_pass() && tries < MOST_TRIES => tries += 1,
                done => break done?,
            }
        };
        self.ended(job, workspace);
        Ok(())
    }

    async fn try_complete(
        &self,
        worker: DaemonId,
        job: JobId,
        done: &Completed,
    ) -> Result<Option<WorkspaceId>, ReportError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let input = held(on(&mut tx), worker, job).await?;
        let conn = on(&mut tx);
        let (error, timings) = match (&input, done) {
            (
                JobInput::Import { version, .. },
                Completed::Import {
                    start,
                    stop,
                    timings,
                },
            ) => {
                let error = self
                    .keep_import(conn, job, *version, (start, stop), now)
                    .await?;
                (error, timings.as_slice())
            }
            (JobInput::DryRun { .. }, Completed::DryRun { resources }) => {
                results::check(resources)?;
                results::keep(conn, job, &[(Transition::Start, resources)], now).await?;
                (String::new(), [].as_slice())
            }
            (
                JobInput::Build { build, .. },
                Completed::Build {
                    resources,
                    state,
                    timings,
                },
            ) => {
                self.keep_build(conn, job, *build, (resources, state), now)
                    .await?;
                (String::new(), timings.as_slice())
            }
            _ => return Err(ReportError::WrongKind),
        };
        job_results::insert_timings(on(&mut tx), job, timings).await?;
        job_work::end(on(&mut tx), job, &error, None, now).await?;
        let workspace = raise(on(&mut tx), Some(&input)).await?;
        commit(tx).await?;
        Ok(workspace)
    }

    /// Keeps an import; the text is an error that ends the job, but only after everything was
    /// kept (spec provisioning, section 5.6).
    async fn keep_import(
        &self,
        conn: &mut PgConnection,
        job: JobId,
        version: TemplateVersionId,
        (start, stop): (&ProvisionedResources, &ProvisionedResources),
        now: Timestamp,
    ) -> Result<String, ReportError> {
        results::check(start)?;
        results::check(stop)?;
        let found = [(Transition::Start, start), (Transition::Stop, stop)];
        results::keep(conn, job, &found, now).await?;
        import_results::insert_parameters(conn, version, &start.parameters).await?;
        let providers = &start.external_auth_providers;
        import_results::update_external_auth(conn, version, providers, now).await?;
        let configured = &self.core.settings.external_auth_providers;
        let unknown = providers
            .iter()
            .find(|provider| !configured.contains(&provider.id));
        Ok(unknown.map_or_else(String::new, |provider| {
            format!("external auth provider {:?} is not configured", provider.id)
        }))
    }

    async fn keep_build(
        &self,
        conn: &mut PgConnection,
        job: JobId,
        build: BuildId,
        (resources, state): (&ProvisionedResources, &[u8]),
        now: Timestamp,
    ) -> Result<(), ReportError> {
        results::check(resources)?;
        let transition = self.schedule(conn, build, now).await?;
        results::keep(conn, job, &[(transition, resources)], now).await?;
        job_results::update_state(conn, build, state, now).await?;
        Ok(audited::build_ended(conn, build, 200, now).await?)
    }

    /// Sets when the workspace must stop and when it starts again; marks it deleted after a
    /// delete. Tells what the build did.
    async fn schedule(
        &self,
        conn: &mut PgConnection,
        build: BuildId,
        now: Timestamp,
    ) -> Result<Transition, ReportError> {
        // Before the workspace: whoever changes a template locks in the same order.
        job_facts::lock_template(conn, build).await?;
        let facts = job_facts::lock_schedule_facts(conn, build)
            .await?
            .ok_or(ReportError::NotFound)?;
        let autostart = facts
            .autostart
            .as_deref()
            .and_then(|text| Schedule::parse(text).ok());
        let quiet_hours = quiet_hours::counting(&self.core.settings, &facts.quiet_hours);
        let set = deadlines::at_completion(
            now,
            facts.ttl,
            autostart.as_ref(),
            &facts.template,
            &quiet_hours,
        )?;
        job_results::update_deadlines(conn, build, set.deadline, set.max_deadline, now).await?;
        let is_deleted = facts.transition == Transition::Delete;
        let next_start = autostart
            .filter(|_| !is_deleted && !facts.is_dormant)
            .and_then(|schedule| facts.template.next_start(&schedule, now));
        job_results::update_workspace(conn, facts.workspace_id, next_start, is_deleted).await?;
        Ok(facts.transition)
    }
}
