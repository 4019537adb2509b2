//! Routes about the server itself.

use axum::{Router, extract::State, response::Response, routing::get};
use http::{HeaderName, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    reply::{self, Reply},
    state::AppState,
};
use crate::{
    service::{
        meta::Meta,
        version::{AGENT_API_VERSION, API_VERSION, PROVISIONER_API_VERSION},
    },
    wire::{self, response::Response as Body},
};

/// Routes of the API.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(build_info))
        .route("/openapi.json", get(openapi))
}

/// Routes beside the API.
pub(super) fn outside() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/latency-check", get(latency_check))
}

/// Says hello.
#[utoipa::path(get, path = "/", tag = "General", responses((status = 200, body = Body)))]
async fn root() -> Reply<Body> {
    Reply(Body::message("👋"))
}

/// What runs here.
#[utoipa::path(get, path = "/buildinfo", tag = "General", responses((status = 200, body = wire::meta::BuildInfo)))]
async fn build_info(
    State(state): State<AppState>,
) -> Result<Reply<wire::meta::BuildInfo>, ApiError> {
    let deployment = state
        .meta
        .deployment_id()
        .await
        .map_err(ApiError::internal)?;
    Ok(Reply(wire::meta::BuildInfo {
        external_url: "https://github.com/coder/coder".to_owned(),
        version: API_VERSION.to_owned(),
        dashboard_url: state
            .settings
            .access_url
            .as_str()
            .trim_end_matches('/')
            .to_owned(),
        telemetry: false,
        workspace_proxy: false,
        agent_api_version: AGENT_API_VERSION.to_owned(),
        provisioner_api_version: PROVISIONER_API_VERSION.to_owned(),
        upgrade_message: String::new(),
        deployment_id: deployment.to_string(),
    }))
}

async fn openapi(State(state): State<AppState>) -> Response {
    reply::json(StatusCode::OK, &super::document(&state))
}

/// The process lives.
async fn health() -> &'static str {
    "OK"
}

/// Any page may measure how far the server is.
async fn latency_check() -> ([(HeaderName, &'static str); 4], &'static str) {
    let open = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "*"),
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "false"),
    ];
    (open, "OK")
}

/// The process can serve: the database answers.
async fn ready(State(meta): State<Meta>) -> Result<&'static str, ApiError> {
    match meta.ready().await {
        Ok(()) => Ok("OK"),
        Err(_) => Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database does not answer.",
        )),
    }
}
