//! Headers that every answer carries (spec WS-7), and the request's id.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue, header};

use crate::{domain::ids::RequestId, service::version::API_VERSION};

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

/// Keeps browsers from guessing types and caches from mixing up sessions.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    response
}
