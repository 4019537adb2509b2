//! Builds of workspaces.

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Keyed, Path, QueryMap, SeenBuild, SeenWorkspace},
    job_logs::{self, LogRequest},
    reply::{self, CreatedOnce, Reply},
    state::AppState,
    users::sentence,
    workspaces::{context, owner},
};
use crate::{
    domain::{
        clock::Timestamp, ids::TemplateVersionId, pagination::Page, rights::actor::Actor,
        workspaces::WorkspaceView,
    },
    service::{
        build_orders::BuildError,
        builds::{BuildOrder, Builds, CancelBuildError, ListBuildsError, ResourcesError},
        idempotency::Once,
    },
    wire::{
        builds::{CreateWorkspaceBuildRequest, WorkspaceBuild, WorkspaceBuildTimings},
        jobs::ProvisionerJobLog,
        resources::WorkspaceResource,
        response::Response as Body,
        workspaces::WorkspaceBuildParameter,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, queue))
        .routes(routes!(get_by_number))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(parameters))
        .routes(routes!(resources))
        .routes(routes!(provisioner_state))
        .routes(routes!(timings))
        .routes(routes!(logs))
}

fn shown(state: &AppState, view: WorkspaceView) -> WorkspaceBuild {
    WorkspaceBuild::new(view, &context(&state.settings, &state.clock))
}

/// How a build that is not made is answered, here and where a workspace is made.
pub(super) fn build_error(reason: BuildError) -> ApiError {
    if let BuildError::Key(why) = reason {
        return why.into();
    }
    let text = sentence(&reason);
    let answer = |status| {
        let detail = reason.to_string();
        ApiError::new(status, text.clone()).detail(detail)
    };
    match &reason {
        BuildError::NotFound => ApiError::not_found(),
        BuildError::OrphanNeedsDelete | BuildError::OrphanWithState => ApiError::bad_request(text),
        BuildError::LogLevelDenied
        | BuildError::DebugModeOff
        | BuildError::NoVersion(_)
        | BuildError::ForeignVersion
        | BuildError::ImportFailed(_) => answer(StatusCode::BAD_REQUEST),
        BuildError::StateDenied | BuildError::Denied(_) | BuildError::ActiveVersionRequired => {
            answer(StatusCode::FORBIDDEN)
        }
        BuildError::ImportActive => answer(StatusCode::NOT_ACCEPTABLE),
        BuildError::Active | BuildError::NumberTaken => answer(StatusCode::CONFLICT),
        BuildError::Parameter(why) => {
            ApiError::bad_request(format!("The parameter {:?} has no usable value.", why.name))
                .detail(why.reason.to_string())
        }
        BuildError::Tag(why) => {
            ApiError::bad_request("A workspace tag cannot be worked out.").detail(why.to_string())
        }
        BuildError::Key(_) | BuildError::Store(_) => ApiError::internal(reason),
    }
}

impl From<ListBuildsError> for ApiError {
    fn from(reason: ListBuildsError) -> Self {
        match reason {
            ListBuildsError::NoSuchBuild(_) => Self::bad_request(sentence(&reason)),
            ListBuildsError::Store(source) => Self::internal(source),
        }
    }
}

/// The builds of a workspace, newest first.
#[utoipa::path(get, path = "/workspaces/{workspace}/builds", tag = "Builds",
    params(("workspace" = uuid::Uuid, Path), ("after_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i32>, Query), ("offset" = Option<i32>, Query),
        ("since" = Option<String>, Query)),
    responses((status = 200, body = Vec<WorkspaceBuild>), (status = "4XX", body = Body)))]
async fn list(
    State(state): State<AppState>,
    SeenWorkspace { workspace, .. }: SeenWorkspace,
    page: Page,
    query: QueryMap,
) -> Result<Reply<Vec<WorkspaceBuild>>, ApiError> {
    let since = since(&query)?;
    let found = state
        .builds
        .list(workspace.workspace.id, &page, since)
        .await?;
    let builds = found.into_iter().map(|view| shown(&state, view)).collect();
    Ok(Reply(builds))
}

fn since(query: &QueryMap) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.first("since").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Ok(Some(at.to_utc())),
        Err(error) => Err(ApiError::bad_request(
            "The query parameter \"since\" must be an RFC 3339 time.",
        )
        .detail(error.to_string())),
    }
}

/// Starts, stops, updates or deletes a workspace.
#[utoipa::path(post, path = "/workspaces/{workspace}/builds", tag = "Builds",
    params(("workspace" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = CreateWorkspaceBuildRequest,
    responses((status = 201, body = WorkspaceBuild), (status = "4XX", body = Body)))]
async fn queue(
    State(state): State<AppState>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Keyed { body, key }: Keyed<CreateWorkspaceBuildRequest>,
) -> Result<CreatedOnce<WorkspaceBuild>, ApiError> {
    let order = order(body)?;
    let show = |made: &WorkspaceView| shown(&state, made.clone());
    let answer = |made: &WorkspaceView| reply::to_keep(&show(made));
    let once = key.map(|request| Once {
        request,
        answer: &answer,
    });
    let builds = &state.builds;
    let made = builds.queue(&actor, &workspace, order, once.as_ref()).await;
    Ok(CreatedOnce::of(made.map_err(build_error)?, show))
}

fn order(body: CreateWorkspaceBuildRequest) -> Result<BuildOrder, ApiError> {
    let Some(transition) = body.transition() else {
        return Err(ApiError::bad_request("The transition is not known."));
    };
    Ok(BuildOrder {
        transition,
        version: (!body.template_version_id.is_nil())
            .then_some(TemplateVersionId(body.template_version_id)),
        state: body.state,
        orphan: body.orphan,
        debug_log: !body.log_level.is_empty(),
        parameters: body
            .rich_parameter_values
            .into_iter()
            .map(Into::into)
            .collect(),
    })
}

/// One build by its workspace's owner and name and its number.
#[utoipa::path(get, path = "/users/{user}/workspace/{workspacename}/builds/{buildnumber}",
    tag = "Builds", params(("user" = String, Path), ("workspacename" = String, Path),
        ("buildnumber" = i32, Path)),
    responses((status = 200, body = WorkspaceBuild), (status = "4XX", body = Body)))]
async fn get_by_number(
    State(state): State<AppState>,
    actor: Actor,
    Path((user, name, number)): Path<(String, String, i32)>,
) -> Result<Reply<WorkspaceBuild>, ApiError> {
    let owner = owner(&state, &actor, &user).await?;
    let builds = &state.builds;
    let found = builds.get_by_number(&actor, owner, &name, number).await?;
    Ok(Reply(shown(&state, found)))
}

/// One build.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = WorkspaceBuild), (status = "4XX", body = Body)))]
async fn get(
    State(state): State<AppState>,
    SeenBuild { build, .. }: SeenBuild,
) -> Result<Reply<WorkspaceBuild>, ApiError> {
    let filled = state.builds.filled(build).await;
    Ok(Reply(shown(&state, filled.map_err(ApiError::internal)?)))
}

impl From<CancelBuildError> for ApiError {
    fn from(reason: CancelBuildError) -> Self {
        let text = sentence(&reason);
        match reason {
            CancelBuildError::OwnersOnly => Self::new(StatusCode::FORBIDDEN, text),
            CancelBuildError::Refused(_) => Self::bad_request(text),
            CancelBuildError::NotFound => Self::not_found(),
            CancelBuildError::Denied => Self::forbidden(),
            CancelBuildError::Store(source) => Self::internal(source),
        }
    }
}

/// Cancels a build.
#[utoipa::path(patch, path = "/workspacebuilds/{workspacebuild}/cancel", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn cancel(
    State(builds): State<Builds>,
    SeenBuild { actor, build }: SeenBuild,
) -> Result<Reply<Body>, ApiError> {
    builds.cancel(&actor, &build).await?;
    Ok(Reply(Body::message("Job has been marked as canceled...")))
}

/// The values of a build's parameters.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}/parameters", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<WorkspaceBuildParameter>), (status = "4XX", body = Body)))]
async fn parameters(
    State(builds): State<Builds>,
    SeenBuild { build, .. }: SeenBuild,
) -> Result<Reply<Vec<WorkspaceBuildParameter>>, ApiError> {
    let values = builds
        .parameters(&build)
        .await
        .map_err(ApiError::internal)?;
    Ok(Reply(values.into_iter().map(Into::into).collect()))
}

impl From<ResourcesError> for ApiError {
    fn from(reason: ResourcesError) -> Self {
        match reason {
            ResourcesError::Active => Self::bad_request(sentence(&reason)),
            ResourcesError::Store(source) => Self::internal(source),
        }
    }
}

/// What a build made.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}/resources", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<WorkspaceResource>), (status = "4XX", body = Body)))]
async fn resources(
    State(state): State<AppState>,
    SeenBuild { build, .. }: SeenBuild,
) -> Result<Reply<Vec<WorkspaceResource>>, ApiError> {
    let made = state.builds.resources(&build).await?;
    let context = context(&state.settings, &state.clock);
    let shown = made
        .into_iter()
        .map(|resource| WorkspaceResource::new(resource, &context));
    Ok(Reply(shown.collect()))
}

/// The provisioner's state after a build.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}/state", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/json"),
        (status = "4XX", body = Body)))]
async fn provisioner_state(
    State(builds): State<Builds>,
    SeenBuild { actor, build }: SeenBuild,
) -> Result<Response, ApiError> {
    let state = builds.state(&actor, &build).await?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], Bytes::from(state)).into_response())
}

/// How long the steps of a build took.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}/timings", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path)),
    responses((status = 200, body = WorkspaceBuildTimings), (status = "4XX", body = Body)))]
async fn timings(
    State(builds): State<Builds>,
    SeenBuild { build, .. }: SeenBuild,
) -> Result<Reply<WorkspaceBuildTimings>, ApiError> {
    let timings = builds.timings(&build).await;
    Ok(Reply(timings.map_err(ApiError::internal)?.into()))
}

/// The log of a build: a list, or a websocket that follows it.
#[utoipa::path(get, path = "/workspacebuilds/{workspacebuild}/logs", tag = "Builds",
    params(("workspacebuild" = uuid::Uuid, Path), ("before" = Option<i64>, Query),
        ("after" = Option<i64>, Query), ("follow" = Option<bool>, Query)),
    responses((status = 200, body = Vec<ProvisionerJobLog>), (status = 101),
        (status = "4XX", body = Body)))]
async fn logs(
    State(state): State<AppState>,
    SeenBuild { build, .. }: SeenBuild,
    request: LogRequest,
) -> Result<Response, ApiError> {
    job_logs::answer(&state, build.job.id, request).await
}
