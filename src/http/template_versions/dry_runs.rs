//! Dry runs of versions.

use axum::{extract::State, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{
        ids::{JobId, TemplateVersionId},
        rights::actor::Actor,
    },
    http::{
        error::ApiError,
        extract::{Json, Path, SeenVersion},
        job_logs::{self, LogRequest},
        reply::{Created, Reply},
        resources::shown,
        state::AppState,
    },
    service::template_versions::{NewDryRun, TemplateVersions},
    wire::{
        jobs::{MatchedProvisioners, ProvisionerJob, ProvisionerJobLog},
        resources::WorkspaceResource,
        response::Response as Body,
        template_versions::CreateTemplateVersionDryRunRequest,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(get))
        .routes(routes!(resources))
        .routes(routes!(logs))
        .routes(routes!(provisioners))
        .routes(routes!(cancel))
}

/// Plans a workspace of this version, and makes none.
#[utoipa::path(post, path = "/templateversions/{templateversion}/dry-run", tag = "Templates",
    params(("templateversion" = Uuid, Path)), request_body = CreateTemplateVersionDryRunRequest,
    responses((status = 201, body = ProvisionerJob), (status = "4XX", body = Body)))]
async fn create(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenVersion(id): SeenVersion,
    Json(body): Json<CreateTemplateVersionDryRunRequest>,
) -> Result<Created<ProvisionerJob>, ApiError> {
    let values = body.rich_parameter_values.into_iter().map(Into::into);
    let order = NewDryRun {
        workspace_name: body.workspace_name,
        rich_parameter_values: values.collect(),
    };
    let job = versions.dry_run(&actor, id, order).await?;
    Ok(Created(ProvisionerJob::from(&job)))
}

/// A dry run.
#[utoipa::path(get, path = "/templateversions/{templateversion}/dry-run/{jobID}", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("jobID" = Uuid, Path)),
    responses((status = 200, body = ProvisionerJob), (status = "4XX", body = Body)))]
async fn get(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id, job)): Path<(TemplateVersionId, JobId)>,
) -> Result<Reply<ProvisionerJob>, ApiError> {
    let job = versions.find_dry_run(&actor, id, job).await?;
    Ok(Reply(ProvisionerJob::from(&job)))
}

/// What the imagined workspace would be made of.
#[utoipa::path(get, path = "/templateversions/{templateversion}/dry-run/{jobID}/resources", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("jobID" = Uuid, Path)),
    responses((status = 200, body = Vec<WorkspaceResource>), (status = "4XX", body = Body)))]
async fn resources(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, job)): Path<(TemplateVersionId, JobId)>,
) -> Result<Reply<Vec<WorkspaceResource>>, ApiError> {
    let versions = &state.template_versions;
    let found = versions.dry_run_resources(&actor, id, job).await?;
    Ok(Reply(shown(&state, found)))
}

/// The log of a dry run, as a list or, with `follow`, over a websocket.
#[utoipa::path(get, path = "/templateversions/{templateversion}/dry-run/{jobID}/logs", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("jobID" = Uuid, Path), ("after" = Option<i64>, Query),
           ("before" = Option<i64>, Query), ("follow" = Option<bool>, Query)),
    responses((status = 200, body = Vec<ProvisionerJobLog>), (status = 101), (status = "4XX", body = Body)))]
async fn logs(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, job)): Path<(TemplateVersionId, JobId)>,
    request: LogRequest,
) -> Result<Response, ApiError> {
    let versions = &state.template_versions;
    let job = versions.find_dry_run(&actor, id, job).await?;
    job_logs::answer(&state, job.id, request).await
}

/// The daemons that could take a dry run.
#[utoipa::path(get, path = "/templateversions/{templateversion}/dry-run/{jobID}/matched-provisioners", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("jobID" = Uuid, Path)),
    responses((status = 200, body = MatchedProvisioners), (status = "4XX", body = Body)))]
async fn provisioners(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id, job)): Path<(TemplateVersionId, JobId)>,
) -> Result<Reply<MatchedProvisioners>, ApiError> {
    let matched = versions.dry_run_provisioners(&actor, id, job).await?;
    Ok(Reply(matched.into()))
}

/// Cancels a dry run.
#[utoipa::path(patch, path = "/templateversions/{templateversion}/dry-run/{jobID}/cancel", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("jobID" = Uuid, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn cancel(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id, job)): Path<(TemplateVersionId, JobId)>,
) -> Result<Reply<Body>, ApiError> {
    versions.cancel_dry_run(&actor, id, job).await?;
    Ok(Reply(Body::message("The dry run is being canceled.")))
}
