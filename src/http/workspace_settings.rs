//! A workspace's own settings, that it is used, and how long its build took.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{BodyBytes, Json, SeenWorkspace},
    reply::{NoContent, Reply},
    state::AppState,
    users::sentence,
    workspaces::shown,
};
use crate::{
    domain::{activity::UsedApp, ids::AgentId, workspaces::ExtendError},
    service::{
        builds::Builds,
        usage::{Through, Usage, UsageError},
        workspace_settings::{SettingError, WorkspaceSettings},
    },
    wire::{
        builds::WorkspaceBuildTimings,
        response::Response as Body,
        time::Time,
        workspaces::{
            PostWorkspaceUsageRequest, PutExtendWorkspaceRequest, ResolveAutostartResponse,
            UpdateWorkspaceAutomaticUpdatesRequest, UpdateWorkspaceAutostartRequest,
            UpdateWorkspaceDormancy, UpdateWorkspaceTTLRequest, Workspace,
        },
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(set_autostart))
        .routes(routes!(set_ttl))
        .routes(routes!(set_automatic_updates))
        .routes(routes!(set_dormant))
        .routes(routes!(favorite, unfavorite))
        .routes(routes!(extend))
        .routes(routes!(note_use))
        .routes(routes!(resolve_autostart))
        .routes(routes!(timings))
}

impl From<SettingError> for ApiError {
    fn from(reason: SettingError) -> Self {
        let text = sentence(&reason);
        match reason {
            SettingError::Denied | SettingError::TemplateHidden => Self::forbidden(),
            SettingError::Hidden => Self::not_found(),
            SettingError::NotOwner => Self::new(StatusCode::FORBIDDEN, text),
            SettingError::Schedule(why) => {
                Self::bad_request(text).field("schedule", why.to_string())
            }
            SettingError::AutostartFixed => {
                let detail = reason.to_string();
                Self::bad_request(text).field("schedule", detail)
            }
            SettingError::AutostopFixed => {
                let detail = reason.to_string();
                Self::bad_request(text).field("ttl_ms", detail)
            }
            SettingError::Ttl(why) => Self::bad_request(text).field("ttl_ms", why.to_string()),
            SettingError::AutomaticUpdates(_) => {
                Self::bad_request(text).field("automatic_updates", "must be always or never")
            }
            SettingError::Extend(why) => extend_error(why),
            SettingError::Store(source) => Self::internal(source),
        }
    }
}

impl From<UsageError> for ApiError {
    fn from(reason: UsageError) -> Self {
        let text = sentence(&reason);
        match reason {
            UsageError::Denied => Self::forbidden(),
            UsageError::NoAgent => Self::bad_request(text).field("agent_id", "must be given too"),
            UsageError::NoApp => Self::bad_request(text).field("app_name", "must be given too"),
            UsageError::UnknownApp(_) => {
                let known = UsedApp::ALL.iter().map(|app| app.as_str());
                let known = known.collect::<Vec<_>>().join(", ");
                Self::bad_request(text).field("app_name", format!("must be one of {known}"))
            }
            UsageError::UnknownAgent => Self::not_found(),
            UsageError::Store(source) => Self::internal(source),
        }
    }
}

impl From<PostWorkspaceUsageRequest> for Through {
    fn from(request: PostWorkspaceUsageRequest) -> Self {
        Self {
            agent: AgentId(request.agent_id),
            app: request.app_name,
        }
    }
}

fn extend_error(why: ExtendError) -> ApiError {
    let status = match why {
        ExtendError::NotStarted(_) | ExtendError::StillBuilding | ExtendError::NoDeadline => {
            StatusCode::CONFLICT
        }
        ExtendError::TooSoon | ExtendError::BeforeStart | ExtendError::TooLate(_) => {
            StatusCode::BAD_REQUEST
        }
    };
    ApiError::new(status, sentence(&why))
}

/// Sets when the workspace starts by itself.
#[utoipa::path(put, path = "/workspaces/{workspace}/autostart", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = UpdateWorkspaceAutostartRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn set_autostart(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<UpdateWorkspaceAutostartRequest>,
) -> Result<NoContent, ApiError> {
    let schedule = body.schedule.unwrap_or_default();
    settings
        .set_autostart(&actor, &workspace, &schedule)
        .await?;
    Ok(NoContent)
}

/// Sets when the workspace stops by itself.
#[utoipa::path(put, path = "/workspaces/{workspace}/ttl", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = UpdateWorkspaceTTLRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn set_ttl(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<UpdateWorkspaceTTLRequest>,
) -> Result<NoContent, ApiError> {
    settings.set_ttl(&actor, &workspace, body.ttl_ms).await?;
    Ok(NoContent)
}

/// Sets whether the workspace takes new versions by itself.
#[utoipa::path(put, path = "/workspaces/{workspace}/autoupdates", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)),
    request_body = UpdateWorkspaceAutomaticUpdatesRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn set_automatic_updates(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<UpdateWorkspaceAutomaticUpdatesRequest>,
) -> Result<NoContent, ApiError> {
    settings
        .set_automatic_updates(&actor, &workspace, &body.automatic_updates)
        .await?;
    Ok(NoContent)
}

/// Puts the workspace to sleep or wakes it; 304 when it is in that state already.
#[utoipa::path(put, path = "/workspaces/{workspace}/dormant", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = UpdateWorkspaceDormancy,
    responses((status = 200, body = Workspace), (status = 304), (status = "4XX", body = Body)))]
async fn set_dormant(
    State(state): State<AppState>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<UpdateWorkspaceDormancy>,
) -> Result<Response, ApiError> {
    let settings = &state.workspace_settings;
    match settings
        .set_dormant(&actor, &workspace, body.dormant)
        .await?
    {
        Some(changed) => Ok(Reply(shown(&state, &actor, changed)).into_response()),
        None => Ok(StatusCode::NOT_MODIFIED.into_response()),
    }
}

/// Shows the workspace first in its owner's lists.
#[utoipa::path(put, path = "/workspaces/{workspace}/favorite", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn favorite(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
) -> Result<NoContent, ApiError> {
    settings.set_favorite(&actor, &workspace, true).await?;
    Ok(NoContent)
}

/// Shows the workspace in its usual place.
#[utoipa::path(delete, path = "/workspaces/{workspace}/favorite", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn unfavorite(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
) -> Result<NoContent, ApiError> {
    settings.set_favorite(&actor, &workspace, false).await?;
    Ok(NoContent)
}

/// Moves the deadline of a running workspace.
#[utoipa::path(put, path = "/workspaces/{workspace}/extend", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = PutExtendWorkspaceRequest,
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn extend(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<PutExtendWorkspaceRequest>,
) -> Result<Reply<Body>, ApiError> {
    let Time(deadline) = body.deadline;
    settings.extend(&actor, &workspace, deadline).await?;
    Ok(Reply(Body::message(format!(
        "The deadline is now {}.",
        body.deadline
    ))))
}

/// Notes that the workspace is used; the body is looked at only with an experiment (spec WS-116).
#[utoipa::path(post, path = "/workspaces/{workspace}/usage", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = Option<PostWorkspaceUsageRequest>,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn note_use(
    State(usage): State<Usage>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    body: BodyBytes,
) -> Result<NoContent, ApiError> {
    Usage::check(&actor, &workspace)?;
    let through = if usage.is_by_app() {
        body.decoded_or_default::<PostWorkspaceUsageRequest>()?
    } else {
        PostWorkspaceUsageRequest::default()
    };
    usage.note(&actor, &workspace, through.into()).await?;
    Ok(NoContent)
}

/// Whether an automatic start would lack a parameter's value.
#[utoipa::path(get, path = "/workspaces/{workspace}/resolve-autostart", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)),
    responses((status = 200, body = ResolveAutostartResponse), (status = "4XX", body = Body)))]
async fn resolve_autostart(
    State(settings): State<WorkspaceSettings>,
    SeenWorkspace { workspace, .. }: SeenWorkspace,
) -> Result<Reply<ResolveAutostartResponse>, ApiError> {
    let lacks = settings.lacks_value(&workspace).await;
    Ok(Reply(ResolveAutostartResponse {
        parameter_mismatch: lacks.map_err(ApiError::internal)?,
    }))
}

/// How long the steps of the latest build took.
#[utoipa::path(get, path = "/workspaces/{workspace}/timings", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)),
    responses((status = 200, body = WorkspaceBuildTimings), (status = "4XX", body = Body)))]
async fn timings(
    State(builds): State<Builds>,
    SeenWorkspace { workspace, .. }: SeenWorkspace,
) -> Result<Reply<WorkspaceBuildTimings>, ApiError> {
    let timings = builds.timings(&workspace).await;
    Ok(Reply(timings.map_err(ApiError::internal)?.into()))
}
