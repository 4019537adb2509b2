//! What users' workspaces may cost and do cost.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Path, SeenOrganization},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{rights::actor::Actor, users::UserRef},
    service::{
        quotas::{QuotaError, Quotas},
        users::Users,
    },
    wire::{quotas::WorkspaceQuota, response::Response as Body},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_in_organization))
        .routes(routes!(get))
}

impl From<QuotaError> for ApiError {
    fn from(reason: QuotaError) -> Self {
        match reason {
            QuotaError::Hidden => Self::not_found(),
            QuotaError::Store(source) => Self::internal(source),
        }
    }
}

/// A user's quota in an organization.
#[utoipa::path(get, path = "/organizations/{organization}/members/{user}/workspace-quota", tag = "Enterprise",
    params(("organization" = String, Path), ("user" = String, Path)),
    responses((status = 200, body = WorkspaceQuota), (status = "4XX", body = Body)))]
async fn get_in_organization(
    State(quotas): State<Quotas>,
    State(users): State<Users>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Path((_organization, user)): Path<(String, String)>,
) -> Result<Reply<WorkspaceQuota>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let found = quotas.find(&actor, Some(organization.id), user.id).await?;
    Ok(Reply(found.into()))
}

/// A user's quota in the default organization, as older clients ask for it.
#[utoipa::path(get, path = "/workspace-quota/{user}", tag = "Enterprise", params(("user" = String, Path)),
    responses((status = 200, body = WorkspaceQuota), (status = "4XX", body = Body)))]
async fn get(
    State(quotas): State<Quotas>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<WorkspaceQuota>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(quotas.find(&actor, None, user.id).await?.into()))
}
