//! Roles of organizations: those that can be given, and making more of them.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::{NoContent, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        rights::{actor::Actor, roles::OrganizationRole},
        users::OrganizationRef,
    },
    service::{
        custom_roles::{CustomRoleError, CustomRoles, WishedRole},
        organizations::Organizations,
    },
    wire::{
        response::Response as Body,
        roles::{AssignableRole, CustomRoleRequest, Role},
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create, update))
        .routes(routes!(delete))
}

impl From<CustomRoleError> for ApiError {
    fn from(reason: CustomRoleError) -> Self {
        let message = sentence(&reason);
        match reason {
            CustomRoleError::NotFound => Self::not_found(),
            // Clients look for the word.
            CustomRoleError::Reserved => {
                Self::bad_request("Reserved role name.").field("name", reason.to_string())
            }
            CustomRoleError::Taken => {
                Self::conflict(message).field("name", "must be unique, and is taken")
            }
            CustomRoleError::BadPermission(_) => {
                Self::bad_request(message).field("organization_permissions", reason.to_string())
            }
            CustomRoleError::Excess(_) => Self::forbidden().detail(message),
            CustomRoleError::Store(source) => Self::internal(source),
        }
    }
}

impl From<CustomRoleRequest> for WishedRole {
    fn from(request: CustomRoleRequest) -> Self {
        let permissions = request.organization_permissions.into_iter();
        Self {
            name: request.name,
            display_name: request.display_name,
            permissions: permissions.map(Into::into).collect(),
        }
    }
}

/// The roles that can be given in an organization: the built-in ones and those made there.
#[utoipa::path(get, path = "/organizations/{organization}/members/roles", tag = "Members",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<AssignableRole>), (status = "4XX", body = Body)))]
async fn list(
    State(organizations): State<Organizations>,
    State(roles): State<CustomRoles>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Vec<AssignableRole>>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let id = organizations.resolve(&actor, &named).await?.id;
    let made = roles.list(&actor, id).await?.into_iter();
    let made = made.map(|role| AssignableRole::of_custom(role, actor.may_assign_custom_in(id)));
    let built_in = OrganizationRole::ALL
        .iter()
        .filter(|role| **role != OrganizationRole::Member)
        .map(|role| AssignableRole::of_organization(id, *role, actor.may_assign_in(id, *role)));
    Ok(Reply(built_in.chain(made).collect()))
}

/// Makes a role for an organization.
#[utoipa::path(post, path = "/organizations/{organization}/members/roles", tag = "Members",
    params(("organization" = String, Path)), request_body = CustomRoleRequest,
    responses((status = 200, body = Role), (status = "4XX", body = Body)))]
async fn create(
    State(organizations): State<Organizations>,
    State(roles): State<CustomRoles>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<CustomRoleRequest>,
) -> Result<Reply<Role>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let made = roles.create(&actor, organization.id, body.into()).await?;
    Ok(Reply(made.into()))
}

/// Sets the title of a role and what it permits.
#[utoipa::path(put, path = "/organizations/{organization}/members/roles", tag = "Members",
    params(("organization" = String, Path)), request_body = CustomRoleRequest,
    responses((status = 200, body = Role), (status = "4XX", body = Body)))]
async fn update(
    State(organizations): State<Organizations>,
    State(roles): State<CustomRoles>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<CustomRoleRequest>,
) -> Result<Reply<Role>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let changed = roles.update(&actor, organization.id, body.into()).await?;
    Ok(Reply(changed.into()))
}

/// Deletes a role and takes it from whoever has it.
#[utoipa::path(delete, path = "/organizations/{organization}/members/roles/{roleName}", tag = "Members",
    params(("organization" = String, Path), ("roleName" = String, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn delete(
    State(organizations): State<Organizations>,
    State(roles): State<CustomRoles>,
    actor: Actor,
    Path((organization, name)): Path<(String, String)>,
) -> Result<NoContent, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    roles.delete(&actor, organization.id, &name).await?;
    Ok(NoContent)
}
