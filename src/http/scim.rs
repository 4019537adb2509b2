//! SCIM: an identity provider makes users, shuts them out and lets them in again. It comes with a
//! secret of the deployment in place of a session.

use axum::{
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Client, Json, Path},
    reply::{self, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::ids::UserId,
    service::{
        scim::{Scim, ScimAccessError, ScimError},
        users::CreateUserError,
    },
    wire::{
        response::Response as Body,
        scim::{ScimFault, ScimUser, ScimUsers, ServiceProviderConfig},
    },
};

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// Routes beside the API, with their whole paths.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(provider_config))
        .routes(routes!(list, provision))
        .routes(routes!(find, patch, replace))
}

/// Whoever shows the deployment's secret.
struct Provider;

impl FromRequestParts<AppState> for Provider {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refused> {
        let given = parts.headers.get(header::AUTHORIZATION);
        state.scim.admit(given.map_or(&[], HeaderValue::as_bytes))?;
        Ok(Self)
    }
}

/// A refusal in the shape of SCIM, or of the API where SCIM is off.
enum Refused {
    Off,
    Fault(StatusCode, Option<&'static str>, String),
    Other(ApiError),
}

impl From<ScimAccessError> for Refused {
    fn from(reason: ScimAccessError) -> Self {
        match reason {
            ScimAccessError::Off => Self::Off,
            ScimAccessError::Denied => {
                Self::Fault(StatusCode::UNAUTHORIZED, None, sentence(&reason))
            }
        }
    }
}

impl From<ScimError> for Refused {
    fn from(reason: ScimError) -> Self {
        match reason {
            ScimError::NotFound => Self::Fault(StatusCode::NOT_FOUND, None, sentence(&reason)),
            ScimError::Immutable => Self::Fault(
                StatusCode::BAD_REQUEST,
                Some("mutability"),
                sentence(&reason),
            ),
            ScimError::Create(CreateUserError::Taken) => Self::Fault(
                StatusCode::CONFLICT,
                Some("uniqueness"),
                sentence(&CreateUserError::Taken),
            ),
            ScimError::Create(other) => Self::Other(other.into()),
            ScimError::Store(source) => Self::Other(ApiError::internal(source)),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(reason: ApiError) -> Self {
        Self::Other(reason)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Off => ApiError::new(StatusCode::NOT_FOUND, "SCIM is not set up here.")
                .detail("An administrator sets CODER_SCIM_AUTH_HEADER to switch it on.")
                .into_response(),
            Self::Fault(status, kind, detail) => {
                scim(status, &ScimFault::new(status.as_u16(), kind, detail))
            }
            Self::Other(reason) => reason.into_response(),
        }
    }
}

fn scim(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = reply::json(status, value);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, SCIM_JSON);
    response
}

fn invalid(detail: &str) -> Refused {
    Refused::Fault(
        StatusCode::BAD_REQUEST,
        Some("invalidValue"),
        detail.to_owned(),
    )
}

/// What can be done over SCIM.
#[utoipa::path(get, path = "/scim/v2/ServiceProviderConfig", tag = "Enterprise",
    responses((status = 200, body = ServiceProviderConfig), (status = "4XX", body = Body)))]
async fn provider_config(State(service): State<Scim>) -> Result<Response, Refused> {
    if !service.is_on() {
        return Err(Refused::Off);
    }
    Ok(scim(StatusCode::OK, &ServiceProviderConfig::ours()))
}

/// No users: a provider that finds nobody makes them, which leaves those alone that are there.
#[utoipa::path(get, path = "/scim/v2/Users", tag = "Enterprise",
    responses((status = 200, body = ScimUsers), (status = "4XX", body = ScimFault)))]
async fn list(_provider: Provider) -> Response {
    scim(StatusCode::OK, &ScimUsers::none())
}

/// No user, for the same reason.
#[utoipa::path(get, path = "/scim/v2/Users/{id}", tag = "Enterprise", params(("id" = String, Path)),
    responses((status = 404, body = ScimFault), (status = "4XX", body = ScimFault)))]
async fn find(_provider: Provider, Path((_id,)): Path<(String,)>) -> Refused {
    ScimError::NotFound.into()
}

/// Makes a user, or finds the one that is there.
#[utoipa::path(post, path = "/scim/v2/Users", tag = "Enterprise", request_body = ScimUser,
    responses((status = 200, body = ScimUser), (status = "4XX", body = ScimFault)))]
async fn provision(
    State(service): State<Scim>,
    _provider: Provider,
    client: Client,
    Json(body): Json<ScimUser>,
) -> Result<Reply<ScimUser>, Refused> {
    let wish = body
        .wish()
        .ok_or_else(|| invalid("A user needs a primary e-mail address."))?;
    let user = service.provision(&client.into(), wish).await?;
    Ok(Reply(body.found(&user)))
}

/// Lets a user in or shuts it out.
#[utoipa::path(patch, path = "/scim/v2/Users/{id}", tag = "Enterprise", params(("id" = uuid::Uuid, Path)),
    request_body = ScimUser, responses((status = 200, body = ScimUser), (status = "4XX", body = ScimFault)))]
async fn patch(
    State(service): State<Scim>,
    _provider: Provider,
    client: Client,
    Path((id,)): Path<(UserId,)>,
    Json(body): Json<ScimUser>,
) -> Result<Response, Refused> {
    let active = body
        .active
        .ok_or_else(|| invalid("The active field is required."))?;
    let user = service.set_active(&client.into(), id, active, None).await?;
    Ok(scim(StatusCode::OK, &body.found(&user)))
}

/// The same, of a user that the provider describes as a whole; its name must be the one it has.
#[utoipa::path(put, path = "/scim/v2/Users/{id}", tag = "Enterprise", params(("id" = uuid::Uuid, Path)),
    request_body = ScimUser, responses((status = 200, body = ScimUser), (status = "4XX", body = ScimFault)))]
async fn replace(
    State(service): State<Scim>,
    _provider: Provider,
    client: Client,
    Path((id,)): Path<(UserId,)>,
    Json(body): Json<ScimUser>,
) -> Result<Response, Refused> {
    let active = body
        .active
        .ok_or_else(|| invalid("The active field is required."))?;
    let called = Some(body.user_name.as_str()).filter(|name| !name.is_empty());
    let user = service
        .set_active(&client.into(), id, active, called)
        .await?;
    Ok(scim(StatusCode::OK, &body.found(&user)))
}
