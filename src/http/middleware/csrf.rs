//! The double cookie against cross-site requests (spec CO-125): a cookie holds a secret, and a
//! page proves that it is ours by sending the secret back in a header. Knows no session.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
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
/// Bytes of the secret.
const SECRET: usize = 32;
/// Paths that a cookie alone may write to.
const EXEMPT: &[&str] = &["/api/v2/users/first", "/api/v2/csp/reports"];
/// What such paths begin with: agents, proxies and daemons show credentials of their own.
const EXEMPT_BELOW: &[&str] = &["/api/v2/workspaceagents/", "/api/v2/workspaceproxies/me/"];
/// Headers with the credentials of daemons; no page of another site can send them.
const DAEMON_HEADERS: &[&str] = &[
    "coder-provisioner-daemon-psk",
    "coder-provisioner-daemon-key",
];

/// Refuses a writing request that carries the session cookie without proof that a page of
/// ours sent it.
pub(super) async fn check(request: Request, next: Next) -> Response {
    match proof(&request) {
        Ok(()) => next.run(request).await,
        Err(reason) => refuse(reason),
    }
}

/// Whether a request needs no proof or brings it; else why it is refused.
fn proof(request: &Request) -> Result<(), &'static str> {
    let headers = request.headers();
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    if reads || is_exempt(request.uri().path(), headers) {
        return Ok(());
    }
    let Some(session) = cookie(headers, SESSION_COOKIE) else {
        return Ok(());
    };
    let given = headers
        .get(SESSION_HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty());
    if let Some(token) = given {
        return if equal(token.as_bytes(), session.as_bytes()) {
            Ok(())
        } else {
            Err(
                "The session cookie and the session header name two different sessions; send one of them.\n",
            )
        };
    }
    let query = request.uri().query().unwrap_or_default();
    let is_in_query = url::form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == SESSION_COOKIE && equal(value.as_bytes(), session.as_bytes()));
    let sent = headers
        .get(CSRF_HEADER)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    if is_in_query || secret(headers).is_some_and(|secret| proves(sent, &secret)) {
        return Ok(());
    }
    Err(
        "The CSRF token is missing or wrong. Reload the page; if that does not help, clear its cookies.\n",
    )
}

fn is_exempt(path: &str, headers: &HeaderMap) -> bool {
    let is_daemons =
        path.starts_with("/api/v2/organizations/") && path.contains("/provisionerdaemons/");
    !path.starts_with("/api")
        || EXEMPT.contains(&path)
        || EXEMPT_BELOW.iter().any(|start| path.starts_with(start))
        || is_daemons
        || DAEMON_HEADERS
            .iter()
            .any(|name| headers.contains_key(*name))
}

/// The secret in the cookie, if there is a well-formed one.
fn secret(headers: &HeaderMap) -> Option<[u8; SECRET]> {
    let value = cookie(headers, CSRF_COOKIE)?;
    BASE64.decode(value).ok()?.try_into().ok()
}

/// Whether what was sent is the secret, plain or behind a mask: pages carry it masked anew
/// each time, so that compressed answers do not give it away.
fn proves(sent: &[u8], secret: &[u8; SECRET]) -> bool {
    let Ok(sent) = BASE64.decode(sent) else {
        return false;
    };
    if sent.len() != 2 * SECRET {
        return equal(&sent, secret);
    }
    let (mask, masked) = sent.split_at(SECRET);
    let plain: Vec<u8> = mask.iter().zip(masked).map(|(a, b)| a ^ b).collect();
    equal(&plain, secret)
}

fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
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
    let has_one = secret(request.headers()).is_some();
    let mut response = next.run(request).await;
    if !has_one {
        let secure = if state.settings.secure_cookies {
            "; Secure"
        } else {
            ""
        };
        let text = format!(
            "{CSRF_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            BASE64.encode(random::bytes::<SECRET>())
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_proven_plain_or_masked() {
        let secret = [7; SECRET];
        let mask: Vec<u8> = (0..32).collect();
        let masked: Vec<u8> = mask.iter().map(|byte| byte ^ 7).collect();
        let token = BASE64.encode([mask.clone(), masked].concat());
        assert!(proves(token.as_bytes(), &secret));
        assert!(proves(BASE64.encode(secret).as_bytes(), &secret));
        for wrong in [
            String::new(),
            "no base64".into(),
            BASE64.encode([7; 31]),
            BASE64.encode([mask.clone(), mask].concat()),
        ] {
            assert!(!proves(wrong.as_bytes(), &secret), "{wrong}");
        }
    }

    #[test]
    fn only_who_shows_other_credentials_is_exempt() {
        let none = HeaderMap::new();
        for path in [
            "/api/v2/users/first",
            "/api/v2/workspaceagents/me/logs",
            "/healthz",
        ] {
            assert!(is_exempt(path, &none), "{path}");
        }
        for path in [
            "/api/v2/users/first/",
            "/api/v2/users/provisionerdaemons/x",
            "/api/v2/users/logout",
        ] {
            assert!(!is_exempt(path, &none), "{path}");
        }
        let mut daemon = HeaderMap::new();
        daemon.insert(DAEMON_HEADERS[0], HeaderValue::from_static("secret"));
        assert!(is_exempt("/api/v2/users/logout", &daemon));
    }
}
