//! The API's routes answer a method they lack with 405 and an `Allow` list; HEAD is not
//! served beside GET (recorded behaviour of v2.19.3).

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderValue, Method, StatusCode, header};

use crate::http::API;

/// Refuses HEAD where only GET is served, and shapes the `Allow` list of a 405.
pub(super) async fn refuse_head(mut request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD && request.uri().path().starts_with(API) {
        // No route serves TRACE, so the router answers with what it does serve.
        *request.method_mut() = Method::TRACE;
    }
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed: Vec<String> = response
            .headers()
            .get_all(header::ALLOW)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|method| method.trim().to_owned())
            .filter(|method| !method.is_empty() && method != "HEAD")
            .collect();
        response.headers_mut().remove(header::ALLOW);
        response.headers_mut().remove(header::CONTENT_TYPE);
        for method in allowed {
            if let Ok(value) = HeaderValue::from_str(&method) {
                response.headers_mut().append(header::ALLOW, value);
            }
        }
    }
    response
}
