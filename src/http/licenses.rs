//! Licences.

use axum::extract::State;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::{Created, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::rights::actor::Actor,
    service::licenses::{LicenseError, Licenses},
    wire::{
        licenses::{AddLicenseRequest, License},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(refresh))
        .routes(routes!(delete))
}

impl From<LicenseError> for ApiError {
    fn from(reason: LicenseError) -> Self {
        match reason {
            LicenseError::Denied => Self::forbidden(),
            LicenseError::NotFound => {
                Self::new(StatusCode::NOT_FOUND, "There is no licence of this number.")
            }
            LicenseError::Malformed(_) => {
                Self::bad_request("This is no licence.").field("license", reason.to_string())
            }
            LicenseError::Exists => {
                Self::conflict(sentence(&reason)).field("license", "must be unique, and is there")
            }
            LicenseError::Store(source) => Self::internal(source),
        }
    }
}

/// The licences; null when there are none, and for who may not see them.
#[utoipa::path(get, path = "/licenses", tag = "Enterprise", responses((status = 200, body = Option<Vec<License>>)))]
async fn list(
    State(licenses): State<Licenses>,
    actor: Actor,
) -> Result<Reply<Option<Vec<License>>>, ApiError> {
    let found = licenses.list(&actor).await.map_err(ApiError::internal)?;
    let found: Vec<License> = found.into_iter().map(License::from).collect();
    Ok(Reply((!found.is_empty()).then_some(found)))
}

/// Keeps a licence, which changes nothing: all features are on.
#[utoipa::path(post, path = "/licenses", tag = "Organizations", request_body = AddLicenseRequest,
    responses((status = 201, body = License), (status = "4XX", body = Body)))]
async fn add(
    State(licenses): State<Licenses>,
    actor: Actor,
    Json(body): Json<AddLicenseRequest>,
) -> Result<Created<License>, ApiError> {
    let added = licenses.add(&actor, &body.license).await?;
    Ok(Created(added.into()))
}

/// Works out anew what the licences permit: everything, as before.
#[utoipa::path(post, path = "/licenses/refresh-entitlements", tag = "Organizations",
    responses((status = 201, body = Body), (status = "4XX", body = Body)))]
async fn refresh(
    State(licenses): State<Licenses>,
    actor: Actor,
) -> Result<Created<Body>, ApiError> {
    licenses.check_refresh(&actor)?;
    Ok(Created(Body::message("The entitlements are up to date.")))
}

/// Removes a licence.
#[utoipa::path(delete, path = "/licenses/{id}", tag = "Enterprise", params(("id" = i32, Path)),
    responses((status = 200), (status = "4XX", body = Body)))]
async fn delete(
    State(licenses): State<Licenses>,
    actor: Actor,
    Path((id,)): Path<(String,)>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_not_a_number| LicenseError::NotFound)?;
    licenses.delete(&actor, id).await?;
    Ok(StatusCode::OK)
}
