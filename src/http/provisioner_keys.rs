//! Keys of provisioner daemons.

use axum::{
    extract::{FromRequestParts, State},
    routing,
};
use http::request::Parts;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    provisioner_daemons::daemon_key,
    reply::{Created, NoContent, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{rights::actor::Actor, users::OrganizationRef},
    service::{
        organizations::Organizations,
        provisioner_keys::{ProvisionerKeyError, ProvisionerKeys},
    },
    wire::{
        daemons::ProvisionerDaemon,
        provisioner_keys::{
            CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerKey,
            ProvisionerKeyDaemons,
        },
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(list_daemons))
        .routes(routes!(delete))
        .routes(routes!(get))
        // A client that has no text for the path asks nevertheless.
        .route("/provisionerkeys/", routing::get(get))
}

impl From<ProvisionerKeyError> for ApiError {
    fn from(reason: ProvisionerKeyError) -> Self {
        let message = sentence(&reason);
        match reason {
            ProvisionerKeyError::NotFound => Self::not_found(),
            ProvisionerKeyError::Unknown => unknown(),
            ProvisionerKeyError::Reserved(_) => {
                Self::bad_request(message).field("name", "is reserved")
            }
            ProvisionerKeyError::Taken => {
                Self::conflict(message).field("name", "must be unique, and is taken")
            }
            ProvisionerKeyError::Store(source) => Self::internal(source),
        }
    }
}

/// Clients look for the sentence.
pub(super) fn unknown() -> ApiError {
    ApiError::new(
        http::StatusCode::UNAUTHORIZED,
        "provisioner daemon key invalid",
    )
}

/// The secret of a key, as a daemon brings it.
struct Secret(String);

impl FromRequestParts<AppState> for Secret {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let missing = || {
            ApiError::new(
                http::StatusCode::UNAUTHORIZED,
                "provisioner daemon key required",
            )
        };
        daemon_key(parts).map(Self).ok_or_else(missing)
    }
}

/// The keys that were made for an organization.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerkeys", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<ProvisionerKey>), (status = "4XX", body = Body)))]
async fn list(
    State(organizations): State<Organizations>,
    State(keys): State<ProvisionerKeys>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Vec<ProvisionerKey>>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let found = keys.list(&actor, organization.id).await?.into_iter();
    Ok(Reply(found.map(ProvisionerKey::from).collect()))
}

/// Makes a key and tells its secret.
#[utoipa::path(post, path = "/organizations/{organization}/provisionerkeys", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = CreateProvisionerKeyRequest,
    responses((status = 201, body = CreateProvisionerKeyResponse), (status = "4XX", body = Body)))]
async fn create(
    State(organizations): State<Organizations>,
    State(keys): State<ProvisionerKeys>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<CreateProvisionerKeyRequest>,
) -> Result<Created<CreateProvisionerKeyResponse>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    let made = keys.create(&actor, organization.id, body.name, body.tags);
    Ok(Created(CreateProvisionerKeyResponse { key: made.await? }))
}

/// The keys of an organization with the daemons that came with them.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerkeys/daemons", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<ProvisionerKeyDaemons>), (status = "4XX", body = Body)))]
async fn list_daemons(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Vec<ProvisionerKeyDaemons>>, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = state.organizations.resolve(&actor, &named).await?;
    let found = state
        .provisioner_keys
        .daemons(&actor, &organization)
        .await?;
    let now = state.clock.now();
    let shown = found
        .into_iter()
        .map(|(key, daemons)| ProvisionerKeyDaemons {
            key: key.into(),
            daemons: daemons
                .into_iter()
                .map(|daemon| ProvisionerDaemon::new(daemon, now))
                .collect(),
        });
    Ok(Reply(shown.collect()))
}

/// Deletes a key.
#[utoipa::path(delete, path = "/organizations/{organization}/provisionerkeys/{provisionerkey}", tag = "Enterprise",
    params(("organization" = String, Path), ("provisionerkey" = String, Path)),
    responses((status = 204), (status = "4XX", body = Body)))]
async fn delete(
    State(organizations): State<Organizations>,
    State(keys): State<ProvisionerKeys>,
    actor: Actor,
    Path((organization, name)): Path<(String, String)>,
) -> Result<NoContent, ApiError> {
    let named = OrganizationRef::from(organization.as_str());
    let organization = organizations.resolve(&actor, &named).await?;
    keys.delete(&actor, organization.id, &name).await?;
    Ok(NoContent)
}

/// The key whose secret comes in the header; the path's text does not count.
#[utoipa::path(get, path = "/provisionerkeys/{provisionerkey}", tag = "Enterprise",
    params(("provisionerkey" = String, Path)),
    responses((status = 200, body = ProvisionerKey), (status = "4XX", body = Body)))]
async fn get(
    State(keys): State<ProvisionerKeys>,
    Secret(secret): Secret,
) -> Result<Reply<ProvisionerKey>, ApiError> {
    Ok(Reply(keys.find_by_secret(&secret).await?.into()))
}
