//! Organizations.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::{Created, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        rights::actor::Actor,
        users::{OrganizationRef, UserRef},
    },
    service::{
        organizations::{
            FindOrganizationError, Organizations,
            change::{ChangeOrganizationError, NewOrganization, OrganizationChange},
        },
        users::Users,
    },
    wire::{
        organizations::{CreateOrganizationRequest, Organization, UpdateOrganizationRequest},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(list_of_user))
        .routes(routes!(get_of_user))
}

impl From<FindOrganizationError> for ApiError {
    fn from(reason: FindOrganizationError) -> Self {
        match reason {
            FindOrganizationError::NotFound => Self::not_found(),
            FindOrganizationError::Store(source) => Self::internal(source),
        }
    }
}

impl From<ChangeOrganizationError> for ApiError {
    fn from(reason: ChangeOrganizationError) -> Self {
        let message = sentence(&reason);
        match reason {
            ChangeOrganizationError::Denied => Self::forbidden(),
            ChangeOrganizationError::NotFound => Self::not_found(),
            ChangeOrganizationError::Reserved => {
                Self::bad_request(message).field("name", "is reserved")
            }
            ChangeOrganizationError::Taken => {
                Self::conflict(message).field("name", "must be unique, and is taken")
            }
            ChangeOrganizationError::IsDefault => Self::bad_request(message),
            ChangeOrganizationError::NotEmpty(contents) => {
                Self::bad_request(message).detail(format!("Still in it are {contents}."))
            }
            ChangeOrganizationError::Store(source) => Self::internal(source),
        }
    }
}

impl From<CreateOrganizationRequest> for NewOrganization {
    fn from(request: CreateOrganizationRequest) -> Self {
        Self {
            name: request.name,
            display_name: request.display_name,
            description: request.description,
            icon: request.icon,
        }
    }
}

impl From<UpdateOrganizationRequest> for OrganizationChange {
    fn from(request: UpdateOrganizationRequest) -> Self {
        let unless_empty = |text: String| (!text.is_empty()).then_some(text);
        Self {
            name: unless_empty(request.name),
            display_name: unless_empty(request.display_name),
            description: request.description,
            icon: request.icon,
        }
    }
}

/// The organizations that the caller may see.
#[utoipa::path(get, path = "/organizations", tag = "Organizations",
    responses((status = 200, body = Vec<Organization>)))]
async fn list(
    State(organizations): State<Organizations>,
    actor: Actor,
) -> Result<Reply<Vec<Organization>>, ApiError> {
    let found = organizations.list(&actor, None).await;
    let found = found.map_err(ApiError::internal)?;
    Ok(Reply(found.into_iter().map(Organization::from).collect()))
}

/// Makes an organization.
#[utoipa::path(post, path = "/organizations", tag = "Organizations", request_body = CreateOrganizationRequest,
    responses((status = 201, body = Organization), (status = "4XX", body = Body)))]
async fn create(
    State(organizations): State<Organizations>,
    actor: Actor,
    Json(body): Json<CreateOrganizationRequest>,
) -> Result<Created<Organization>, ApiError> {
    let made = organizations.create(&actor, body.into()).await?;
    Ok(Created(made.into()))
}

/// Changes an organization.
#[utoipa::path(patch, path = "/organizations/{organization}", tag = "Organizations",
    params(("organization" = String, Path)), request_body = UpdateOrganizationRequest,
    responses((status = 200, body = Organization), (status = "4XX", body = Body)))]
async fn update(
    State(organizations): State<Organizations>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<UpdateOrganizationRequest>,
) -> Result<Reply<Organization>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let found = organizations.resolve(&actor, &named).await?;
    let changed = organizations.update(&actor, found.id, body.into()).await?;
    Ok(Reply(changed.into()))
}

/// Deletes an organization that is empty.
#[utoipa::path(delete, path = "/organizations/{organization}", tag = "Organizations",
    params(("organization" = String, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn delete(
    State(organizations): State<Organizations>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Body>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let found = organizations.resolve(&actor, &named).await?;
    organizations.delete(&actor, found.id).await?;
    Ok(Reply(Body::message("The organization is deleted.")))
}

/// One organization.
#[utoipa::path(get, path = "/organizations/{organization}", tag = "Organizations",
    params(("organization" = String, Path)),
    responses((status = 200, body = Organization), (status = "4XX", body = Body)))]
async fn get(
    State(organizations): State<Organizations>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Organization>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let found = organizations.resolve(&actor, &named).await?;
    Ok(Reply(found.into()))
}

/// The organizations of one user, as far as the caller may see them.
#[utoipa::path(get, path = "/users/{user}/organizations", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = Vec<Organization>), (status = "4XX", body = Body)))]
async fn list_of_user(
    State(organizations): State<Organizations>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<Vec<Organization>>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let found = organizations.list(&actor, Some(user.id)).await;
    let found = found.map_err(ApiError::internal)?;
    Ok(Reply(found.into_iter().map(Organization::from).collect()))
}

/// One of the organizations of a user, by name.
#[utoipa::path(get, path = "/users/{user}/organizations/{organizationname}", tag = "Users",
    params(("user" = String, Path), ("organizationname" = String, Path)),
    responses((status = 200, body = Organization), (status = "4XX", body = Body)))]
async fn get_of_user(
    State(organizations): State<Organizations>,
    State(users): State<Users>,
    actor: Actor,
    Path((user, name)): Path<(String, String)>,
) -> Result<Reply<Organization>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let found = organizations.find_of_user(&actor, user.id, &name).await?;
    Ok(Reply(found.into()))
}
