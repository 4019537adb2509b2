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

/// Resources with all that belongs to them, by job, in the order they are shown. The number of
/// statements does not depend on the number of jobs.
///
/// # Errors
/// When the database fails.
pub async fn of_jobs(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<HashMap<JobId, Vec<Resource>>, StoreError> {
    let mut by_job: HashMap<JobId, Vec<Resource>> = HashMap::new();
    let bare = resources::list_bare(conn, jobs).await?;
    if bare.is_empty() {
        return Ok(by_job);
    }
    let mut metadata = grouped(resources::list_metadata(conn, jobs).await?);
    let mut agents = resources::list_agents(conn, jobs).await?;
    fill(conn, &mut agents).await?;
    let mut agents = grouped(agents.into_iter().map(|agent| (agent.resource_id, agent)));
    for mut resource in bare {
        resource.metadata = metadata.remove(&resource.id).unwrap_or_default();
        resource.agents = agents.remove(&resource.id).unwrap_or_default();
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
    let mut found: Vec<Agent> = resources::find_agent(conn, id).await?.into_iter().collect();
    fill(conn, &mut found).await?;
    for agent in &mut found {
        agent.sort_apps();
    }
    Ok(found.pop())
}

/// Adds apps, scripts and log sources.
async fn fill(conn: &mut PgConnection, agents: &mut [Agent]) -> Result<(), StoreError> {
    if agents.is_empty() {
        return Ok(());
    }
    let ids: Vec<AgentId> = agents.iter().map(|agent| agent.id).collect();
    let apps = resources::list_apps(conn, &ids).await?;
    let mut apps = grouped(apps.into_iter().map(|app| (app.agent_id, app)));
    let scripts = resources::list_scripts(conn, &ids).await?;
    let mut scripts = grouped(scripts.into_iter().map(|script| (script.agent_id, script)));
    let sources = resources::list_log_sources(conn, &ids).await?;
    let mut sources = grouped(sources.into_iter().map(|source| (source.agent_id, source)));
    for agent in agents {
        agent.apps = apps.remove(&agent.id).unwrap_or_default();
        agent.scripts = scripts.remove(&agent.id).unwrap_or_default();
        agent.log_sources = sources.remove(&agent.id).unwrap_or_default();
    }
    Ok(())
}

fn grouped<K: Eq + std::hash::Hash, V>(
    pairs: impl IntoIterator<Item = (K, V)>,
) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
