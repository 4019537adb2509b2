//! The API's routes answer a method they lack with 405 and an `Allow` list; HEAD is not
//! served beside GET, and methods that HTTP itself does not know get no list (recorded
//! behaviour of v2.19.3).

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};

use crate::http::API;

/// Refuses a method that is none of HTTP's own before it is counted.
pub(super) async fn refuse_unknown(request: Request, next: Next) -> Response {
    if is_known(request.method()) {
        next.run(request).await
    } else {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    }
}

fn is_known(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ]
    .contains(method)
}

/// Refuses HEAD where only GET is served, and shapes the `Allow` list of a 405.
pub(super) async fn refuse_head(mut request: Request, next: Next) -> Response {
    let has_list = is_known(request.method());
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
            .filter(|method| has_list && !method.is_empty() && method != "HEAD")
            .collect();
        response.headers_mut().remove(header::ALLOW);
        response.headers_mut().remove(header::CONTENT_TYPE);
        for method in allowed {
            if let Ok(value) = HeaderValue::from_str(&method) {
                response.headers_mut().append(header::ALLOW, value);
            }
        }
    } else {
        // The router adds the list to whatever is answered to a method it lacks.
        response.headers_mut().remove(header::ALLOW);
    }
    response
}
