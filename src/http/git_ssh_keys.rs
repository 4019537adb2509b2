//! Users' keys for git over SSH.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{AgentToken, Path},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{rights::actor::Actor, users::UserRef},
    service::{
        git_ssh_keys::{GitSshKeyError, GitSshKeys},
        users::Users,
    },
    wire::{
        response::Response as Body,
        ssh_keys::{AgentGitSshKey, GitSshKey},
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get, regenerate))
        .routes(routes!(of_agent))
}

impl From<GitSshKeyError> for ApiError {
    fn from(reason: GitSshKeyError) -> Self {
        match reason {
            GitSshKeyError::NotFound => Self::not_found(),
            GitSshKeyError::Denied => Self::forbidden(),
            GitSshKeyError::UnknownAgent => Self::unauthenticated("No agent has this token."),
            GitSshKeyError::Generate => Self::internal(reason),
            GitSshKeyError::Store(source) => Self::internal(source),
        }
    }
}

/// A user's public key.
#[utoipa::path(get, path = "/users/{user}/gitsshkey", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = GitSshKey), (status = "4XX", body = Body)))]
async fn get(
    State(keys): State<GitSshKeys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<GitSshKey>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(keys.find(&actor, &user).await?.into()))
}

/// Replaces a user's key by a new one.
#[utoipa::path(put, path = "/users/{user}/gitsshkey", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = GitSshKey), (status = "4XX", body = Body)))]
async fn regenerate(
    State(keys): State<GitSshKeys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<GitSshKey>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(keys.regenerate(&actor, &user).await?.into()))
}

/// The whole key of an agent's owner, with which git in a workspace signs in.
#[utoipa::path(get, path = "/workspaceagents/me/gitsshkey", tag = "Agents",
    responses((status = 200, body = AgentGitSshKey), (status = "4XX", body = Body)))]
async fn of_agent(
    State(keys): State<GitSshKeys>,
    AgentToken(token): AgentToken,
) -> Result<Reply<AgentGitSshKey>, ApiError> {
    Ok(Reply(keys.of_agent(&token).await?.into()))
}
