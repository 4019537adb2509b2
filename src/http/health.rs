//! The health report and which of its warnings are muted.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::Json,
    reply::{NoContent, Reply},
    state::AppState,
};
use crate::{
    domain::rights::actor::Actor,
    service::{
        health::{HealthError, HealthReports},
        settings::Settings,
        version::API_VERSION,
    },
    wire::{
        health::{HealthSettings, HealthcheckReport},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(settings, change_settings))
}

impl From<HealthError> for ApiError {
    fn from(reason: HealthError) -> Self {
        match reason {
            HealthError::NotFound => Self::not_found(),
            HealthError::Denied => Self::forbidden(),
            HealthError::Store(source) => Self::internal(source),
        }
    }
}

/// How the deployment does, as of now.
#[utoipa::path(get, path = "/debug/health", tag = "Debug",
    responses((status = 200, body = HealthcheckReport), (status = "4XX", body = Body)))]
async fn report(
    State(health): State<HealthReports>,
    State(settings): State<Arc<Settings>>,
    actor: Actor,
) -> Result<Reply<HealthcheckReport>, ApiError> {
    let found = health.look(&actor).await?;
    let access_url = settings.access_url.as_str().trim_end_matches('/');
    Ok(Reply(HealthcheckReport::new(
        found,
        access_url,
        API_VERSION,
    )))
}

/// Which warnings are muted.
#[utoipa::path(get, path = "/debug/health/settings", tag = "Debug",
    responses((status = 200, body = HealthSettings), (status = "4XX", body = Body)))]
async fn settings(
    State(health): State<HealthReports>,
    actor: Actor,
) -> Result<Reply<HealthSettings>, ApiError> {
    let sections = health.dismissed(&actor).await?;
    let names = sections.iter().map(ToString::to_string);
    Ok(Reply(HealthSettings {
        dismissed_healthchecks: names.collect(),
    }))
}

/// Mutes warnings; 204 when that changes nothing.
#[utoipa::path(put, path = "/debug/health/settings", tag = "Debug", request_body = HealthSettings,
    responses((status = 200, body = HealthSettings), (status = 204), (status = "4XX", body = Body)))]
async fn change_settings(
    State(health): State<HealthReports>,
    actor: Actor,
    Json(body): Json<HealthSettings>,
) -> Result<Response, ApiError> {
    if health.dismiss(&actor, &body.sections()).await? {
        Ok(Reply(body).into_response())
    } else {
        Ok(NoContent.into_response())
    }
}
