//! Cross-origin rules: nobody else's page may read with credentials or write (spec CO-126).

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};

/// Answers a preflight request, which grants nothing, and marks all other answers as varying.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if is_preflight {
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        let mut response = StatusCode::OK.into_response();
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static(vary));
        return response;
    }
    let mut response = next.run(request).await;
    // `Origin` first: clients that compare the header see the order of v2.19.3.
    let rest: Vec<HeaderValue> = response
        .headers()
        .get_all(header::VARY)
        .iter()
        .cloned()
        .collect();
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Origin"));
    for value in rest {
        response.headers_mut().append(header::VARY, value);
    }
    response
}
