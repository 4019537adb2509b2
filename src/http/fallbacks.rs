//! Requests that no route takes. Below a collection that asks who is there, nobody learns which
//! routes it has (recorded behaviour of v2.19.3); beside the API there is one page.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use uuid::Uuid;

use super::{error::ApiError, extract::OptionalActor, state::AppState};

/// Collections in which every route asks who is there.
const GUARDED: &[&str] = &[
    "organizations",
    "templates",
    "templateversions",
    "workspacebuilds",
    "workspaces",
];
/// Those whose elements are named by a UUID and nothing else.
const BY_UUID: &[&str] = &["templateversions", "workspacebuilds", "workspaces"];

/// What a page of ours may load, and from where.
const CONTENT_POLICY: &str = "default-src 'self'; connect-src 'self'; child-src 'self'; \
    script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; \
    img-src 'self' https: data:; object-src 'self'; frame-src 'self'; media-src 'self'; \
    worker-src 'self' blob:; manifest-src 'self' blob:; form-action 'self'; \
    frame-ancestors 'none'; report-uri /api/v2/csp/reports";
/// What no page of ours needs.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), battery=(), camera=(), \
    document-domain=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
    payment=(), screen-wake-lock=(), usb=(), vr=(), xr-spatial-tracking=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const PAGE: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>workspaced</title>\n\
    <p>This server has no pages of its own. It speaks Coder's API:\n\
    <a href=\"/api/v2/openapi.json\">its description</a>.\n</html>\n";

/// A path that the API does not have.
pub(super) async fn no_route(OptionalActor(actor): OptionalActor, request: Request) -> ApiError {
    let path = request.uri().path().trim_start_matches('/');
    if let Some((collection, rest)) = path.split_once('/') {
        if actor.is_none() && GUARDED.contains(&collection) {
            return ApiError::unauthenticated("A session token is required.");
        }
        let id = rest.split('/').next().unwrap_or_default();
        if BY_UUID.contains(&collection) && Uuid::parse_str(id).is_err() {
            return not_an_id(id);
        }
    }
    ApiError::new(StatusCode::NOT_FOUND, "Route not found.")
}

fn not_an_id(id: &str) -> ApiError {
    if id.is_empty() {
        return ApiError::bad_request("The URL lacks a UUID.").detail("an element's id is missing");
    }
    ApiError::bad_request(format!("{id:?} is not a UUID."))
        .detail(format!("it has {} bytes", id.len()))
}

/// A method that the path does not have.
pub(super) async fn no_method(OptionalActor(actor): OptionalActor, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_guarded = path
        .split_once('/')
        .is_some_and(|(collection, _)| GUARDED.contains(&collection));
    if actor.is_none() && is_guarded {
        return ApiError::unauthenticated("A session token is required.").into_response();
    }
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}

/// The page for whoever opens the server's address in a browser.
pub(super) async fn front_page(State(_): State<AppState>, method: Method) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return ApiError::new(StatusCode::NOT_FOUND, "Route not found.").into_response();
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_POLICY),
        ),
        (PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS)),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, PAGE).into_response()
}
