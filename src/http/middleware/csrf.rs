//! The double cookie against cross-site requests (spec CO-125).

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use subtle::ConstantTimeEq as _;

use crate::{
    domain::random,
    http::{
        extract::{SESSION_COOKIE, SESSION_HEADER, cookie},
        state::AppState,
    },
};

const CSRF_COOKIE: &str = "csrf_token";
const CSRF_HEADER: &str = "x-csrf-token";
/// Paths that a cookie alone may write to.
const EXEMPT: &[&str] = &["/api/v2/users/first", "/api/v2/csp/reports"];

/// Refuses a writing request that carries the session cookie without proof that a page of
/// ours sent it.
pub(super) async fn check(State(_): State<AppState>, request: Request, next: Next) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    let path = request.uri().path();
    let exempt = EXEMPT.contains(&path)
        || path.starts_with("/api/v2/workspaceagents/")
        || path.contains("/provisionerdaemons/")
        || !path.starts_with("/api");
    let headers = request.headers();
    let Some(session) = cookie(headers, SESSION_COOKIE) else {
        return next.run(request).await;
    };
    if reads || exempt {
        return next.run(request).await;
    }
    let given = headers
        .get(SESSION_HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty());
    if let Some(token) = given {
        if token == session {
            return next.run(request).await;
        }
        return refuse(
            "The session cookie and the session header name two different sessions; send one of them.\n",
        );
    }
    let query = request.uri().query().unwrap_or_default();
    if url::form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == SESSION_COOKIE && value == session)
    {
        return next.run(request).await;
    }
    let sent = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match cookie(headers, CSRF_COOKIE) {
        Some(expected) if bool::from(expected.as_bytes().ct_eq(sent.as_bytes())) => {
            next.run(request).await
        }
        _ => refuse(
            "The CSRF token is missing or wrong. Reload the page; if that does not help, clear its cookies.\n",
        ),
    }
}

fn refuse(text: &'static str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        text,
    )
        .into_response()
}

/// Gives a client that has no CSRF cookie one.
pub(super) async fn set_cookie(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let has_one = cookie(request.headers(), CSRF_COOKIE).is_some();
    let mut response = next.run(request).await;
    if !has_one {
        let secure = if state.settings.secure_cookies {
            "; Secure"
        } else {
            ""
        };
        let text = format!(
            "{CSRF_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            random::alphanumeric(43)
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}
