//! Roles of the site: which there are, who has them, giving and taking.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::Reply,
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        rights::{actor::Actor, roles::SiteRole},
        users::UserRef,
    },
    service::users::{FindUserError, SetRolesError, Users},
    wire::{
        response::Response as Body,
        roles::AssignableRole,
        users::{UpdateRoles, User, UserRoles},
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_roles))
        .routes(routes!(get_roles, update_roles))
}

/// The roles of the site that can be given.
#[utoipa::path(get, path = "/users/roles", tag = "Members", responses((status = 200, body = Vec<AssignableRole>)))]
async fn list_roles(actor: Actor) -> Reply<Vec<AssignableRole>> {
    let given = SiteRole::ALL
        .iter()
        .filter(|role| **role != SiteRole::Member);
    let roles = given.map(|role| AssignableRole::of_site(*role, actor.may_assign(*role)));
    Reply(roles.collect())
}

/// A user's roles everywhere.
#[utoipa::path(get, path = "/users/{user}/roles", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = UserRoles), (status = "4XX", body = Body)))]
async fn get_roles(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<UserRoles>, ApiError> {
    let missing = |reason| match reason {
        FindUserError::NotFound => ApiError::not_found(),
        FindUserError::Store(source) => ApiError::internal(source),
    };
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await;
    let user = user.map_err(missing)?;
    let roles = users.roles(&actor, &user).await.map_err(missing)?;
    Ok(Reply(roles.into()))
}

impl From<crate::service::users::UserRoles> for UserRoles {
    fn from(roles: crate::service::users::UserRoles) -> Self {
        let organizations = roles.organizations.into_iter();
        Self {
            roles: roles.site,
            organization_roles: organizations
                .map(|member| (member.organization_id.0, member.roles))
                .collect(),
        }
    }
}

impl From<SetRolesError> for ApiError {
    fn from(reason: SetRolesError) -> Self {
        match reason {
            SetRolesError::Oneself
            | SetRolesError::UnknownRole(_)
            | SetRolesError::RoleDenied(_) => Self::bad_request(sentence(&reason)),
            SetRolesError::Denied => Self::forbidden(),
            SetRolesError::NotFound => Self::not_found(),
            SetRolesError::Store(source) => Self::internal(source),
        }
    }
}

/// Sets a user's roles of the site.
#[utoipa::path(put, path = "/users/{user}/roles", tag = "Users", params(("user" = String, Path)),
    request_body = UpdateRoles, responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn update_roles(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateRoles>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let changed = users.set_roles(&actor, &user, &body.roles).await?;
    Ok(Reply(changed.into()))
}
