//! An organization's jobs and daemons, for those who look after them (spec BJ-85, BJ-86).

use std::collections::HashMap;

use thiserror::Error;

use super::{FRESH_SECONDS, Jobs};
use crate::{
    domain::{
        daemons::Daemon,
        ids::{DaemonId, JobId, OrganizationId},
        jobs::JobStatus,
        queue::Job,
        rights::{Action, Object, ResourceKind, actor::Actor},
        tags::Tags,
    },
    store::{StoreError, daemons, jobs},
};

/// Why jobs or daemons are not shown.
#[derive(Debug, Error)]
pub enum ListJobsError {
    /// There is no such job, or the actor may not see the organization's jobs or daemons.
    #[error("no such job")]
    NotFound,
    /// The database failed.
    #[error("the jobs could not be read")]
    Store(#[from] StoreError),
}

/// A job with the daemons that could take it while it waits.
pub type JobWithWorkers = (Job, Vec<DaemonId>);

impl Jobs {
    /// Jobs of an organization in one of `statuses` (all when empty), newest first.
    ///
    /// # Errors
    /// [`ListJobsError::NotFound`] for who may not see them.
    pub async fn of_organization(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        statuses: &[JobStatus],
        limit: Option<i64>,
    ) -> Result<Vec<JobWithWorkers>, ListJobsError> {
        require(actor, ResourceKind::ProvisionerJobs, organization)?;
        let mut conn = self.core.conn().await?;
        let ids = jobs::list_of_organization(&mut conn, organization, statuses, limit).await?;
        let found = jobs::list(&mut conn, &ids, FRESH_SECONDS).await?;
        let mut workers: HashMap<JobId, Vec<DaemonId>> = HashMap::new();
        for (job, daemon) in daemons::list_available(&mut conn, &ids).await? {
            workers.entry(job).or_default().push(daemon);
        }
        let mut by_id: HashMap<JobId, Job> = found.into_iter().map(|job| (job.id, job)).collect();
        let in_order = ids.iter().filter_map(|id| by_id.remove(id));
        let with_workers = in_order.map(|job| {
            let workers = workers.remove(&job.id).unwrap_or_default();
            (job, workers)
        });
        Ok(with_workers.collect())
    }

    /// One job of an organization.
    ///
    /// # Errors
    /// [`ListJobsError::NotFound`] when there is none, or for who may not see it.
    pub async fn find_of_organization(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: JobId,
    ) -> Result<JobWithWorkers, ListJobsError> {
        require(actor, ResourceKind::ProvisionerJobs, organization)?;
        let mut conn = self.core.conn().await?;
        let job = self
            .view(&mut conn, id)
            .await?
            .filter(|job| job.organization_id == organization)
            .ok_or(ListJobsError::NotFound)?;
        let workers = daemons::list_available(&mut conn, &[id]).await?;
        Ok((job, workers.into_iter().map(|(_, daemon)| daemon).collect()))
    }

    /// Daemons of an organization, oldest first: all, or those that could take a job with
    /// these tags.
    ///
    /// # Errors
    /// [`ListJobsError::NotFound`] for who may not see them.
    pub async fn daemons(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        job_tags: Option<&Tags>,
    ) -> Result<Vec<Daemon>, ListJobsError> {
        require(actor, ResourceKind::ProvisionerDaemon, organization)?;
        let mut conn = self.core.conn().await?;
        Ok(daemons::list(&mut conn, organization, job_tags).await?)
    }
}

fn require(
    actor: &Actor,
    kind: ResourceKind,
    organization: OrganizationId,
) -> Result<(), ListJobsError> {
    if actor.may(
        Action::Read,
        &Object::of(kind).in_organization(organization),
    ) {
        Ok(())
    } else {
        Err(ListJobsError::NotFound)
    }
}
