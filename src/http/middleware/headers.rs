//! Headers that every answer carries (spec WS-7), and the request's id.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, header};

use crate::{domain::ids::RequestId, http::state::AppState, service::version::API_VERSION};

const BUILD_VERSION: HeaderName = HeaderName::from_static("x-coder-build-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-coder-request-id");

/// Gives the request an id of our own and says what answers it.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::random();
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(BUILD_VERSION, HeaderValue::from_static(API_VERSION));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Keeps browsers from guessing types, from coming back without TLS where the settings want it,
/// and caches from mixing up sessions.
pub(super) async fn secure(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let only_tls = state.settings.strict_transport_security.as_deref();
    if let Some(Ok(value)) = only_tls.map(HeaderValue::from_str) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    response
}
