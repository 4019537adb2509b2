//! Who makes the request: the credential is found here and judged by the sessions service.

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};

use super::Client;
use crate::{
    domain::rights::actor::Actor,
    http::{error::ApiError, middleware::LoggedActor},
    service::sessions::Sessions,
};

/// The header that carries a session token.
pub const SESSION_HEADER: &str = "coder-session-token";
/// The cookie and the query parameter that carry a session token.
pub const SESSION_COOKIE: &str = "coder_session_token";

/// The value of a cookie; an empty one counts as absent.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| {
            (key == name && !value.is_empty()).then_some(value.trim_matches('"'))
        })
}

/// The session token of a request: cookie, query parameter, header; the first found is the
/// only one tried (spec CO-3, CO-4).
#[must_use]
pub fn session_token(parts: &Parts) -> Option<String> {
    if let Some(token) = cookie(&parts.headers, SESSION_COOKIE) {
        return Some(token.to_owned());
    }
    let query = parts.uri.query().unwrap_or_default();
    if let Some((_, token)) = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == SESSION_COOKIE && !value.is_empty())
    {
        return Some(token.into_owned());
    }
    let token = parts.headers.get(SESSION_HEADER)?.to_str().ok()?;
    (!token.is_empty()).then(|| token.to_owned())
}

impl<S> FromRequestParts<S> for Actor
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Some(token) = session_token(parts) else {
            return Err(ApiError::unauthenticated(format!(
                "The cookie or query parameter {SESSION_COOKIE:?}, or a header, must carry a session token."
            )));
        };
        let Ok(client) = Client::from_request_parts(parts, state).await;
        let actor = Sessions::from_ref(state)
            .authenticate(&token, client.into())
            .await?;
        LoggedActor::note(&parts.extensions, actor.id);
        Ok(actor)
    }
}

/// An agent's token, unread.
pub struct AgentToken(pub String);

impl<S: Send + Sync> FromRequestParts<S> for AgentToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let token = session_token(parts);
        let missing = || ApiError::unauthenticated("An agent's token is missing.");
        token.map(Self).ok_or_else(missing)
    }
}

/// The actor, when there is one.
pub struct OptionalActor(pub Option<Actor>);

impl<S> FromRequestParts<S> for OptionalActor
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if session_token(parts).is_none() {
            return Ok(Self(None));
        }
        Ok(Self(Actor::from_request_parts(parts, state).await.ok()))
    }
}
