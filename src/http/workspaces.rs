//! Workspaces: making and renaming.

use axum::extract::State;
use chrono::TimeDelta;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    builds::build_error,
    error::ApiError,
    extract::{Json, Keyed, Path, SeenWorkspace},
    reply::{self, CreatedOnce, NoContent},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        clock::{Clock, Timestamp},
        ids::{TemplateId, TemplateVersionId, UserId},
        rights::actor::Actor,
        users::{OrganizationRef, UserRef},
        workspaces::WorkspaceView,
    },
    service::{
        idempotency::{KeyError, Once},
        settings::Settings,
        workspace_views::FindWorkspaceError,
        workspaces::{CreateWorkspaceError, RenameError, Source, WorkspaceOrder, Workspaces},
    },
    wire::{
        resources::Context,
        response::Response as Body,
        workspaces::{Audience, CreateWorkspaceRequest, UpdateWorkspaceRequest, Workspace},
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(create_in_organization))
        .routes(routes!(rename))
}

/// What shapes show beyond the rows, at the present instant.
pub(super) fn context<'a>(settings: &'a Settings, clock: &Clock) -> Context<'a> {
    context_at(settings, clock.now())
}

/// What shapes show beyond the rows, at an instant.
pub(super) fn context_at(settings: &Settings, now: Timestamp) -> Context<'_> {
    Context {
        now,
        inactive_after: TimeDelta::from_std(settings.agent_inactive_after).unwrap_or_default(),
        troubleshooting_url: &settings.agent_fallback_troubleshooting_url,
        workspace: None,
    }
}

/// A workspace as this actor is shown it.
pub(super) fn shown(state: &AppState, actor: &Actor, view: WorkspaceView) -> Workspace {
    let audience = Audience {
        is_owner: view.workspace.owner_id == actor.id,
        allow_renames: state.settings.allow_workspace_renames,
    };
    Workspace::new(view, audience, &context(&state.settings, &state.clock))
}

impl From<FindWorkspaceError> for ApiError {
    fn from(reason: FindWorkspaceError) -> Self {
        match reason {
            FindWorkspaceError::NotFound => Self::not_found(),
            FindWorkspaceError::Deleted => Self::new(
                StatusCode::GONE,
                "The workspace was deleted; ask with include_deleted=true to see it.",
            ),
            FindWorkspaceError::TemplateHidden => Self::forbidden(),
            FindWorkspaceError::Render(source) => Self::internal(source),
            FindWorkspaceError::Store(source) => Self::internal(source),
        }
    }
}

impl From<CreateWorkspaceError> for ApiError {
    fn from(reason: CreateWorkspaceError) -> Self {
        let text = sentence(&reason);
        match reason {
            CreateWorkspaceError::NoVersion(_) => {
                Self::bad_request(text).field("template_version_id", "there is no such version")
            }
            CreateWorkspaceError::Archived => {
                Self::bad_request(text).field("template_version_id", "the version is archived")
            }
            CreateWorkspaceError::NoTemplate => {
                Self::bad_request(text).field("template_id", "there is no such template")
            }
            CreateWorkspaceError::TemplateDeleted => Self::new(StatusCode::NOT_FOUND, text),
            CreateWorkspaceError::Denied => Self::new(StatusCode::FORBIDDEN, text).detail(
                "To see a template is not to be allowed to make workspaces from it for this owner.",
            ),
            CreateWorkspaceError::TemplateDenied => Self::new(StatusCode::FORBIDDEN, text),
            CreateWorkspaceError::Deprecated(why) => {
                Self::bad_request("The template is deprecated and makes no new workspaces.")
                    .detail(why)
            }
            CreateWorkspaceError::Schedule(why) => {
                Self::bad_request(text).field("schedule", why.to_string())
            }
            CreateWorkspaceError::Ttl(why) => {
                Self::bad_request(text).field("ttl_ms", why.to_string())
            }
            CreateWorkspaceError::AutomaticUpdates(_) => {
                Self::bad_request(text).field("automatic_updates", "must be always or never")
            }
            CreateWorkspaceError::NameTaken(_) => name_taken(text),
            CreateWorkspaceError::Build(why) => build_error(why),
            CreateWorkspaceError::Key(why) => why.into(),
            CreateWorkspaceError::Store(source) => Self::internal(source),
        }
    }
}

impl From<KeyError> for ApiError {
    fn from(reason: KeyError) -> Self {
        let text = sentence(&reason);
        let status = match reason {
            KeyError::InProgress => StatusCode::CONFLICT,
            KeyError::Reused => StatusCode::UNPROCESSABLE_ENTITY,
            KeyError::Store(source) => return Self::internal(source),
        };
        Self::new(status, text)
    }
}

fn name_taken(text: String) -> ApiError {
    ApiError::conflict(text).field("name", "is in use already and must be unique")
}

/// Makes a workspace for a user.
#[utoipa::path(post, path = "/users/{user}/workspaces", tag = "Workspaces",
    params(("user" = String, Path),
        ("Idempotency-Key" = Option<String>, Header)), request_body = CreateWorkspaceRequest,
    responses((status = 201, body = Workspace), (status = "4XX", body = Body)))]
async fn create(
    State(state): State<AppState>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    body: Result<Keyed<CreateWorkspaceRequest>, ApiError>,
) -> Result<CreatedOnce<Workspace>, ApiError> {
    let user = state
        .users
        .resolve(&actor, &UserRef::from(user.as_str()))
        .await?;
    make(&state, &actor, user.id, body?).await
}

/// Makes a workspace for a member of an organization.
#[utoipa::path(post, path = "/organizations/{organization}/members/{user}/workspaces",
    tag = "Workspaces", params(("organization" = String, Path), ("user" = String, Path),
        ("Idempotency-Key" = Option<String>, Header)),
    request_body = CreateWorkspaceRequest,
    responses((status = 201, body = Workspace), (status = "4XX", body = Body)))]
async fn create_in_organization(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization, user)): Path<(String, String)>,
    body: Result<Keyed<CreateWorkspaceRequest>, ApiError>,
) -> Result<CreatedOnce<Workspace>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = state.organizations.resolve(&actor, &named).await?;
    let user = UserRef::from(user.as_str());
    let owner = state.members.find(&actor, organization.id, &user).await?;
    make(&state, &actor, owner, body?).await
}

async fn make(
    state: &AppState,
    actor: &Actor,
    owner: UserId,
    Keyed { body, key }: Keyed<CreateWorkspaceRequest>,
) -> Result<CreatedOnce<Workspace>, ApiError> {
    let show = |made: &WorkspaceView| shown(state, actor, made.clone());
    let answer = |made: &WorkspaceView| reply::to_keep(&show(made));
    let once = key.map(|request| Once {
        request,
        answer: &answer,
    });
    let workspaces = &state.workspaces;
    let made = workspaces
        .create(actor, owner, order(body), once.as_ref())
        .await?;
    Ok(CreatedOnce::of(made, show))
}

fn order(body: CreateWorkspaceRequest) -> WorkspaceOrder {
    WorkspaceOrder {
        source: if body.template_version_id.is_nil() {
            Source::Template(TemplateId(body.template_id))
        } else {
            Source::Version(TemplateVersionId(body.template_version_id))
        },
        name: body.name,
        autostart_schedule: body.autostart_schedule.unwrap_or_default(),
        ttl_milliseconds: body.ttl_ms,
        automatic_updates: body.automatic_updates,
        parameters: body
            .rich_parameter_values
            .into_iter()
            .map(Into::into)
            .collect(),
    }
}

/// The user that a path names; the caller is known without asking.
pub(super) async fn owner(
    state: &AppState,
    actor: &Actor,
    named: &str,
) -> Result<UserId, ApiError> {
    match UserRef::from(named) {
        UserRef::Me => Ok(actor.id),
        user => Ok(state.users.resolve(actor, &user).await?.id),
    }
}

impl From<RenameError> for ApiError {
    fn from(reason: RenameError) -> Self {
        let text = sentence(&reason);
        match reason {
            RenameError::Denied => Self::forbidden(),
            RenameError::SwitchedOff => Self::bad_request(text),
            RenameError::Deleted => Self::new(StatusCode::METHOD_NOT_ALLOWED, text),
            RenameError::NameTaken(_) => name_taken(text),
            RenameError::Store(source) => Self::internal(source),
        }
    }
}

/// Renames a workspace.
#[utoipa::path(patch, path = "/workspaces/{workspace}", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path)), request_body = UpdateWorkspaceRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn rename(
    State(workspaces): State<Workspaces>,
    SeenWorkspace { actor, workspace }: SeenWorkspace,
    Json(body): Json<UpdateWorkspaceRequest>,
) -> Result<NoContent, ApiError> {
    workspaces.rename(&actor, &workspace, &body.name).await?;
    Ok(NoContent)
}
