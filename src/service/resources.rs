//! Puts together what jobs made. Decides no right: callers have decided whether the job's
//! workspace or template may be seen.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::{
    domain::{
        ids::{AgentId, JobId},
        resources::{self as view, Agent, Resource},
    },
    store::{StoreError, resources},
};

/// Resources with all that belongs to them, by job, in the order they are shown: one
/// statement for any number of jobs.
///
/// # Errors
/// When the database fails.
pub async fn of_jobs(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Vec<Resource>>, StoreError> {
    let mut by_job: HashMap<JobId, Vec<Resource>> = HashMap::new();
    for resource in resources::list(conn, jobs).await? {
        by_job.entry(resource.job_id).or_default().push(resource);
    }
    for resources in by_job.values_mut() {
        view::sort(resources);
    }
    Ok(by_job)
}

/// Resources of one job, by name (spec BJ-4).
///
/// # Errors
/// When the database fails.
pub async fn of_job(conn: &mut PgConnection, job: JobId) -> Result<Vec<Resource>, StoreError> {
    let mut found = of_jobs(conn, &[job]).await?;
    let mut found = found.remove(&job).unwrap_or_default();
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// One agent with all that belongs to it.
///
/// # Errors
/// When the database fails.
pub async fn agent(conn: &mut PgConnection, id: AgentId) -> Result<Option<Agent>, StoreError> {
    let mut found = resources::find_agent(conn, id).await?;
    if let Some(agent) = &mut found {
        agent.sort_apps();
    }
    Ok(found)
}
