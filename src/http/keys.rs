//! Sessions of the command line and API tokens.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, QueryMap},
    reply::{Created, NoContent, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        rights::actor::{Actor, Scope},
        tokens::KeyId,
        users::UserRef,
    },
    service::{
        keys::{KeyError, Keys, NewToken},
        users::Users,
    },
    wire::{
        keys::{ApiKey, ApiKeyWithOwner, CreateTokenRequest, GenerateApiKeyResponse, TokenConfig},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_session))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(token_config))
        .routes(routes!(get_token))
        .routes(routes!(get_key, delete_key))
}

impl From<KeyError> for ApiError {
    fn from(reason: KeyError) -> Self {
        match reason {
            KeyError::NotFound => Self::not_found(),
            KeyError::Denied => Self::forbidden(),
            KeyError::LifetimeNegative | KeyError::LifetimeTooLong { .. } => {
                Self::bad_request("The token's lifetime is out of bounds.")
                    .detail(sentence(&reason))
            }
            KeyError::Taken(_) => {
                Self::conflict(sentence(&reason)).field("name", "must be unique, and is taken")
            }
            KeyError::Store(source) => Self::internal(source),
        }
    }
}

/// Makes a session for the command line.
#[utoipa::path(post, path = "/users/{user}/keys", tag = "Users", params(("user" = String, Path)),
    responses((status = 201, body = GenerateApiKeyResponse), (status = "4XX", body = Body)))]
async fn create_session(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Created<GenerateApiKeyResponse>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let key = keys.create_session(&actor, &user).await?.token;
    Ok(Created(GenerateApiKeyResponse { key }))
}

/// Makes a token.
#[utoipa::path(post, path = "/users/{user}/keys/tokens", tag = "Users", params(("user" = String, Path)),
    request_body = CreateTokenRequest,
    responses((status = 201, body = GenerateApiKeyResponse), (status = "4XX", body = Body)))]
async fn create_token(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<CreateTokenRequest>,
) -> Result<Created<GenerateApiKeyResponse>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let order = NewToken {
        lifetime_ns: body.lifetime,
        scope: body.scope().unwrap_or(Scope::All),
        name: body.token_name,
    };
    let key = keys.create_token(&actor, &user, order).await?.token;
    Ok(Created(GenerateApiKeyResponse { key }))
}

/// The tokens of a user, or all that the caller may see.
#[utoipa::path(get, path = "/users/{user}/keys/tokens", tag = "Users",
    params(("user" = String, Path), ("include_all" = Option<bool>, Query)),
    responses((status = 200, body = Vec<ApiKeyWithOwner>), (status = "4XX", body = Body)))]
async fn list_tokens(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Reply<Vec<ApiKeyWithOwner>>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let all = query.boolean("include_all", "include_all")?;
    let of = (all != Some(true)).then_some(user.id);
    let found = keys.list_tokens(&actor, of).await;
    let found = found.map_err(ApiError::internal)?.into_iter();
    let tokens = found
        .map(|(key, username)| ApiKeyWithOwner {
            key: key.into(),
            username,
        })
        .collect();
    Ok(Reply(tokens))
}

/// The limits of tokens.
#[utoipa::path(get, path = "/users/{user}/keys/tokens/tokenconfig", tag = "General",
    params(("user" = String, Path)),
    responses((status = 200, body = TokenConfig), (status = "4XX", body = Body)))]
async fn token_config(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<TokenConfig>, ApiError> {
    users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let longest = i64::try_from(keys.longest().as_nanos()).unwrap_or(i64::MAX);
    Ok(Reply(TokenConfig {
        max_token_lifetime: longest,
    }))
}

/// A token by name.
#[utoipa::path(get, path = "/users/{user}/keys/tokens/{keyname}", tag = "Users",
    params(("user" = String, Path), ("keyname" = String, Path)),
    responses((status = 200, body = ApiKey), (status = "4XX", body = Body)))]
async fn get_token(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user, name)): Path<(String, String)>,
) -> Result<Reply<ApiKey>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let key = keys.find_token(&actor, user.id, &name).await?;
    Ok(Reply(key.into()))
}

/// A key by id.
#[utoipa::path(get, path = "/users/{user}/keys/{keyid}", tag = "Users",
    params(("user" = String, Path), ("keyid" = String, Path)),
    responses((status = 200, body = ApiKey), (status = "4XX", body = Body)))]
async fn get_key(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user, id)): Path<(String, String)>,
) -> Result<Reply<ApiKey>, ApiError> {
    users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(keys.find(&actor, &KeyId(id)).await?.into()))
}

/// Revokes a key.
#[utoipa::path(delete, path = "/users/{user}/keys/{keyid}", tag = "Users",
    params(("user" = String, Path), ("keyid" = String, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn delete_key(
    State(keys): State<Keys>,
    State(users): State<Users>,
    actor: Actor,
    Path((user, id)): Path<(String, String)>,
) -> Result<NoContent, ApiError> {
    users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    keys.delete(&actor, &KeyId(id)).await?;
    Ok(NoContent)
}
