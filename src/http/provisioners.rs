//! An organization's provisioner jobs and daemons.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Path, QueryMap, SESSION_COOKIE},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{
        faults::Fault,
        ids::{JobId, OrganizationId},
        jobs::JobStatus,
        query_values::QueryValues,
        rights::actor::Actor,
        tags::Tags,
        users::OrganizationRef,
    },
    service::jobs::{JobWithWorkers, ListJobsError},
    wire::{daemons::ProvisionerDaemon, jobs::ProvisionerJob, response::Response as Body},
};

/// Most jobs shown when the caller names no limit.
const USUAL_LIMIT: i64 = 50;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(list_daemons))
}

impl From<ListJobsError> for ApiError {
    fn from(reason: ListJobsError) -> Self {
        match reason {
            ListJobsError::NotFound => Self::not_found(),
            ListJobsError::Store(source) => Self::internal(source),
        }
    }
}

/// The jobs of an organization, newest first.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerjobs", tag = "Organizations",
    params(("organization" = String, Path), ("limit" = Option<i64>, Query), ("status" = Option<String>, Query)),
    responses((status = 200, body = Vec<ProvisionerJob>), (status = "4XX", body = Body)))]
async fn list_jobs(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Reply<Vec<ProvisionerJob>>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let wish = JobsWish::read(query)
        .map_err(|faults| ApiError::invalid_query("The query is not valid.", faults))?;
    let found = state
        .jobs
        .of_organization(&actor, organization, &wish.statuses, wish.limit)
        .await?;
    Ok(Reply(found.into_iter().map(shown).collect()))
}

/// One job of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerjobs/{job}", tag = "Organizations",
    params(("organization" = String, Path), ("job" = uuid::Uuid, Path)),
    responses((status = 200, body = ProvisionerJob), (status = "4XX", body = Body)))]
async fn get_job(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization, job)): Path<(String, JobId)>,
) -> Result<Reply<ProvisionerJob>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let found = state
        .jobs
        .find_of_organization(&actor, organization, job)
        .await?;
    Ok(Reply(shown(found)))
}

/// The provisioner daemons of an organization, oldest first.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerdaemons", tag = "Provisioning",
    params(("organization" = String, Path), ("tags" = Option<String>, Query)),
    responses((status = 200, body = Vec<ProvisionerDaemon>), (status = "4XX", body = Body)))]
async fn list_daemons(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Reply<Vec<ProvisionerDaemon>>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let tags = job_tags(&query)?;
    let found = state
        .jobs
        .daemons(&actor, organization, tags.as_ref())
        .await?;
    let now = state.clock.now();
    let shown = found
        .into_iter()
        .map(|daemon| ProvisionerDaemon::new(daemon, now));
    Ok(Reply(shown.collect()))
}

async fn resolve(state: &AppState, actor: &Actor, named: &str) -> Result<OrganizationId, ApiError> {
    let named = OrganizationRef::from(named);
    Ok(state.organizations.resolve(actor, &named).await?.id)
}

fn shown((job, workers): JobWithWorkers) -> ProvisionerJob {
    ProvisionerJob {
        available_workers: workers.into_iter().map(|id| id.0).collect(),
        ..ProvisionerJob::from(&job)
    }
}

fn job_tags(query: &QueryMap) -> Result<Option<Tags>, ApiError> {
    let Some(text) = query.first("tags").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| {
        ApiError::bad_request("The tags must be a JSON object of texts.")
            .field("tags", error.to_string())
    })
}

/// What the list of jobs is asked for.
struct JobsWish {
    statuses: Vec<JobStatus>,
    limit: Option<i64>,
}

impl JobsWish {
    fn read(QueryMap(query): QueryMap) -> Result<Self, Vec<Fault>> {
        let mut values = QueryValues::default();
        for (key, given) in query {
            if key != SESSION_COOKIE {
                for value in given {
                    values.add(key.clone(), value);
                }
            }
        }
        let limit = values.count("limit").unwrap_or(USUAL_LIMIT);
        let statuses = values.parsed_list("status", "a job status", JobStatus::parse);
        values.finish()?;
        Ok(Self {
            statuses,
            limit: (limit > 0).then_some(limit),
        })
    }
}
