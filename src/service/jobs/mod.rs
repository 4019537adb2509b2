//! Provisioner jobs: queueing, showing, canceling and following them. The one door between
//! those who ask for work and those who do it. Rights on a job are those on what it works
//! for, so its callers decide them, except on the organization's own routes.

mod abandoned;

mod audited;

mod admission;

mod cancel;

mod claim;

mod complete;

mod daemons;

mod logs;

mod organization;

mod quota;

mod reap;

mod report;

mod results;

use std::collections::HashMap;

use chrono::TimeDelta;
use sqlx::PgConnection;

pub use admission::{Admission, AdmitError, Credential};
pub use cancel::CancelError;
pub use organization::{JobWithWorkers, ListJobsError};
pub use quota::Credits;
pub use report::ReportError;
pub use results::InvalidResults;

use super::Core;
use crate::{
    domain::{
        clock::Timestamp,
        ids::JobId,
        jobs::JobState,
        queue::{Job, JobTiming, MatchedProvisioners, NewJob},
    },
    pubsub::Event,
    store::{StoreError, jobs},
};

/// Seconds before a job's making in which a daemon must have been seen to count as available.
const FRESH_SECONDS: f64 = 90.0;
const FRESH_FOR: TimeDelta = TimeDelta::seconds(90);

/// The queue.
#[derive(Clone)]
pub struct Jobs {
    core: Core,
}

impl Jobs {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Puts a job into the queue, inside the caller's transaction; call [`Jobs::posted`] after
    /// its commit. The answer shows no place in the queue yet, as the incumbent's does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn queue(
        &self,
        conn: &mut PgConnection,
        order: NewJob,
        now: Timestamp,
    ) -> Result<Job, StoreError> {
        let id = self.enqueue(conn, &order, now).await?;
        let made = jobs::list(conn, &[id], FRESH_SECONDS).await?.pop();
        let matched = made.map(|job| job.matched).unwrap_or_default();
        Ok(pending(id, order, matched, now))
    }

    /// As [`Jobs::queue`], for callers that do not show the job.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enqueue(
        &self,
        conn: &mut PgConnection,
        order: &NewJob,
        now: Timestamp,
    ) -> Result<JobId, StoreError> {
        let id = JobId::random();
        jobs::insert(conn, id, order, now).await?;
        Ok(id)
    }

    /// Wakes the provisioners: a job was queued and committed.
    pub fn posted(&self) {
        self.core.events.publish(Event::JobPosted);
    }

    /// Jobs as they are shown, by id, in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn views(
        &self,
        conn: &mut PgConnection,
        ids: &[JobId],
    ) -> Result<HashMap<JobId, Job>, StoreError> {
        let found = jobs::list(conn, ids, FRESH_SECONDS).await?;
        Ok(found.into_iter().map(|job| (job.id, job)).collect())
    }

    /// One job as it is shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn view(
        &self,
        conn: &mut PgConnection,
        id: JobId,
    ) -> Result<Option<Job>, StoreError> {
        Ok(jobs::list(conn, &[id], FRESH_SECONDS).await?.pop())
    }

    /// The daemons that could take a job as it is, whether it waits or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn matched(
        &self,
        conn: &mut PgConnection,
        job: &Job,
        now: Timestamp,
    ) -> Result<MatchedProvisioners, StoreError> {
        jobs::matched(conn, job, now - FRESH_FOR).await
    }

    /// How long the steps of these jobs took.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn timings(
        &self,
        conn: &mut PgConnection,
        ids: &[JobId],
    ) -> Result<Vec<JobTiming>, StoreError> {
        jobs::list_timings(conn, ids).await
    }
}

fn pending(id: JobId, order: NewJob, matched: MatchedProvisioners, now: Timestamp) -> Job {
    let (template_version_id, build_id) = order.input.subject();
    Job {
        id,
        organization_id: order.organization_id,
        initiator_id: order.initiator_id,
        provisioner: order.provisioner,
        kind: order.input.kind(),
        file_id: order.file_id,
        tags: order.tags,
        state: JobState::Pending,
        created_at: now,
        template_version_id,
        build_id,
        queue_position: 0,
        queue_size: 0,
        matched,
    }
}
