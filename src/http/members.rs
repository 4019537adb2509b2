//! Memberships of organizations and the roles in them.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::{NoContent, Reply},
    state::AppState,
    users::{no_such_user, sentence},
};
use crate::{
    domain::{
        rights::{actor::Actor, custom::RoleTitles},
        users::{OrganizationRef, UserRef},
    },
    service::{
        members::{MemberError, Members},
        organizations::Organizations,
        users::Users,
    },
    wire::{
        organizations::{OrganizationMember, OrganizationMemberWithUserData},
        response::Response as Body,
        users::UpdateRoles,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add, remove))
        .routes(routes!(update_roles))
}

impl From<MemberError> for ApiError {
    fn from(reason: MemberError) -> Self {
        match reason {
            MemberError::NoUser => no_such_user(),
            MemberError::NotFound => Self::not_found(),
            MemberError::Exists
            | MemberError::Oneself
            | MemberError::UnknownRole(_)
            | MemberError::RoleDenied(_) => Self::bad_request(sentence(&reason)),
            MemberError::Denied => Self::forbidden(),
            MemberError::Store(source) => Self::internal(source),
        }
    }
}

/// The members that the caller may see, with what their users show.
#[utoipa::path(get, path = "/organizations/{organization}/members", tag = "Members",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<OrganizationMemberWithUserData>), (status = "4XX", body = Body)))]
async fn list(
    State(organizations): State<Organizations>,
    State(members): State<Members>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Vec<OrganizationMemberWithUserData>>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let found = members.list(&actor, organization.id).await;
    let (found, titles) = found.map_err(ApiError::internal)?;
    let shown = found
        .into_iter()
        .map(|found| OrganizationMemberWithUserData::new(found, &titles));
    Ok(Reply(shown.collect()))
}

/// Makes a user a member.
#[utoipa::path(post, path = "/organizations/{organization}/members/{user}", tag = "Members",
    params(("organization" = String, Path), ("user" = String, Path)),
    responses((status = 200, body = OrganizationMember), (status = "4XX", body = Body)))]
async fn add(
    State(state): State<AppState>,
    State(users): State<Users>,
    actor: Actor,
    Path((organization, user)): Path<(String, String)>,
) -> Result<Reply<OrganizationMember>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = state.organizations.resolve(&actor, &named).await?;
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let member = state.members.add(&actor, organization.id, &user).await?;
    let titles = RoleTitles::new();
    Ok(Reply(OrganizationMember::new(member, &titles)))
}

/// Ends a membership.
#[utoipa::path(delete, path = "/organizations/{organization}/members/{user}", tag = "Members",
    params(("organization" = String, Path), ("user" = String, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn remove(
    State(organizations): State<Organizations>,
    State(members): State<Members>,
    actor: Actor,
    Path((organization, user)): Path<(String, String)>,
) -> Result<NoContent, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let user = UserRef::from(user.as_str());
    members.remove(&actor, organization.id, &user).await?;
    Ok(NoContent)
}

/// Sets a member's roles in the organization.
#[utoipa::path(put, path = "/organizations/{organization}/members/{user}/roles", tag = "Members",
    params(("organization" = String, Path), ("user" = String, Path)), request_body = UpdateRoles,
    responses((status = 200, body = OrganizationMember), (status = "4XX", body = Body)))]
async fn update_roles(
    State(organizations): State<Organizations>,
    State(members): State<Members>,
    actor: Actor,
    Path((organization, user)): Path<(String, String)>,
    Json(body): Json<UpdateRoles>,
) -> Result<Reply<OrganizationMember>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let user = UserRef::from(user.as_str());
    let changed = members.set_roles(&actor, organization.id, &user, &body.roles);
    let (member, titles) = changed.await.map_err(|reason| match reason {
        MemberError::Oneself => {
            ApiError::from(reason).detail("Another user must change your roles.")
        }
        other => other.into(),
    })?;
    Ok(Reply(OrganizationMember::new(member, &titles)))
}
