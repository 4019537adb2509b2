//! Organizations.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{error::ApiError, extract::Path, reply::Reply, state::AppState};
use crate::{
    domain::{
        rights::actor::Actor,
        users::{OrganizationRef, UserRef},
    },
    service::{
        organizations::{FindOrganizationError, Organizations},
        users::Users,
    },
    wire::{organizations::Organization, response::Response as Body},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
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
