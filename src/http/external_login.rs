//! Signing in through an identity provider: to its page, and back with its answer.

use axum::{
    extract::State,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    auth::session_cookie,
    error::ApiError,
    extract::{Client, QueryMap, cookie},
    middleware::{Limit, limit_route},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{identity::ClaimsError, tokens::equal_in_constant_time},
    service::external_login::{ExternalLogin, ExternalLoginError},
    wire::response::Response as Body,
};

const STATE_COOKIE: &str = "oauth_state";
const REDIRECT_COOKIE: &str = "oauth_redirect";
const VERIFIER_COOKIE: &str = "oauth_verifier";
/// Seconds that a user has for the provider's page.
const PATIENCE: u32 = 3600;

pub(super) fn router(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(oidc_callback))
        .layer(from_fn_with_state(
            (state.clone(), Limit::Login),
            limit_route,
        ))
}

impl From<ExternalLoginError> for ApiError {
    fn from(reason: ExternalLoginError) -> Self {
        let status = match reason {
            ExternalLoginError::Store(source) => return Self::internal(source),
            ExternalLoginError::Secrets => return Self::internal(reason),
            ExternalLoginError::Claims(ClaimsError::NoSubject | ClaimsError::NoEmail(_))
            | ExternalLoginError::Off
            | ExternalLoginError::Provider(_) => StatusCode::BAD_REQUEST,
            ExternalLoginError::Claims(_)
            | ExternalLoginError::OtherLoginType(_)
            | ExternalLoginError::OtherIdentity
            | ExternalLoginError::SignupsOff(_) => StatusCode::FORBIDDEN,
            ExternalLoginError::Suspended => StatusCode::UNAUTHORIZED,
            ExternalLoginError::Taken => StatusCode::CONFLICT,
        };
        Self::new(status, sentence(&reason))
    }
}

/// To the provider's page, or in with its answer.
#[utoipa::path(get, path = "/users/oidc/callback", tag = "Users",
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query), ("redirect" = Option<String>, Query)),
    responses((status = 307), (status = "4XX", body = Body)))]
async fn oidc_callback(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    query: QueryMap,
) -> Result<Response, ApiError> {
    if let Some(error) = query.first("error") {
        return Err(ApiError::bad_request("The provider did not let you in.").detail(error));
    }
    let secure = state.settings.secure_cookies;
    let Some(code) = query.first("code").filter(|code| !code.is_empty()) else {
        return begin(&state.external_login, query.first("redirect"), secure).await;
    };
    let given = answered_state(&query, &headers)?;
    let verifier = cookie(&headers, VERIFIER_COOKIE).unwrap_or_default();
    let login = &state.external_login;
    let made = login.answer(code, &given, verifier, &client.into()).await?;
    let to = cookie(&headers, REDIRECT_COOKIE);
    let mut cookies: Vec<_> = session_cookie(&made.token, secure).into_iter().collect();
    for name in [STATE_COOKIE, REDIRECT_COOKIE, VERIFIER_COOKIE] {
        cookies.extend(HeaderValue::from_str(&format!(
            "{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        )));
    }
    Ok(redirect(&own_path(to), cookies))
}

/// The state that came back, once it is the one that this browser was given.
fn answered_state(query: &QueryMap, headers: &HeaderMap) -> Result<String, ApiError> {
    let given = query.first("state").unwrap_or_default();
    if given.is_empty() {
        return Err(ApiError::bad_request("The query must have a state."));
    }
    let Some(expected) = cookie(headers, STATE_COOKIE) else {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "The cookie oauth_state is missing. Begin again at the sign-in page.",
        ));
    };
    if !equal_in_constant_time(given.as_bytes(), expected.as_bytes()) {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "The state is another than this browser's. Begin again at the sign-in page.",
        ));
    }
    Ok(given.to_owned())
}

async fn begin(
    login: &ExternalLogin,
    to: Option<&str>,
    secure: bool,
) -> Result<Response, ApiError> {
    let question = login.ask().await?;
    let flag = if secure { "; Secure" } else { "" };
    let to = own_path(to);
    let cookies = [
        (STATE_COOKIE, question.state.as_str()),
        (REDIRECT_COOKIE, to.as_str()),
        (VERIFIER_COOKIE, question.verifier.as_str()),
    ];
    let cookies = cookies.into_iter().filter_map(|(name, value)| {
        HeaderValue::from_str(&format!(
            "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={PATIENCE}{flag}"
        ))
        .ok()
    });
    Ok(redirect(question.page.as_str(), cookies.collect()))
}

fn redirect(to: &str, cookies: Vec<HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return ApiError::bad_request("The address to go to is not valid.").into_response();
    };
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What of a wanted address is a path of this server: nobody is sent elsewhere.
fn own_path(wanted: Option<&str>) -> String {
    let base = Url::parse("http://localhost/").ok();
    let url = base.and_then(|base| base.join(wanted.unwrap_or("/")).ok());
    let Some(url) = url else {
        return "/".to_owned();
    };
    let path = format!("/{}", url.path().trim_start_matches('/'));
    // A semicolon would end the cookie's value.
    let path = path.replace(';', "%3B");
    match url.query() {
        Some(query) => format!("{path}?{}", query.replace(';', "%3B")),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn redirects_stay_on_this_server() {
        for (wanted, path) in [
            (None, "/"),
            (Some("/workspaces?a=b"), "/workspaces?a=b"),
            (Some("https://evil.example/x?y=z"), "/x?y=z"),
            (Some("//evil.example/x"), "/x"),
            (Some("/\\evil.example"), "/"),
            (Some("javascript:alert(1)"), "/alert(1)"),
            (Some("/a;b"), "/a%3Bb"),
        ] {
            assert_eq!(own_path(wanted), path, "{wanted:?}");
        }
    }
}
