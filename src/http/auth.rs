//! Setting up, signing in and out.

use axum::{
    extract::State,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Client, Json, SESSION_COOKIE},
    middleware::{Limit, limit_route},
    reply::{Created, Reply},
    state::AppState,
    users,
};
use crate::{
    domain::rights::actor::Actor,
    service::{
        sessions::{AuthenticateError, LoginError, Sessions},
        users::{FirstUser, FirstUserError, Users},
    },
    wire::{
        response::Response as Body,
        users::{
            CreateFirstUserRequest, CreateFirstUserResponse, LoginWithPasswordRequest,
            LoginWithPasswordResponse,
        },
    },
};

pub(super) fn router(state: &AppState) -> OpenApiRouter<AppState> {
    let guessable = OpenApiRouter::new()
        .routes(routes!(login))
        .layer(from_fn_with_state(
            (state.clone(), Limit::Login),
            limit_route,
        ));
    OpenApiRouter::new()
        .routes(routes!(first_user, create_first_user))
        .routes(routes!(logout))
        .merge(guessable)
        .route("/users/login", users::get_named("login"))
        .route("/users/logout", users::get_named("logout"))
}

impl From<AuthenticateError> for ApiError {
    fn from(reason: AuthenticateError) -> Self {
        match reason {
            AuthenticateError::Store(source) => Self::internal(source),
            AuthenticateError::Suspended => Self::new(
                StatusCode::UNAUTHORIZED,
                "This account is suspended. Contact an admin to have it activated.",
            ),
            other => Self::unauthenticated(format!("Not accepted: {other}.")),
        }
    }
}

/// Whether the deployment is set up: 404 before, 200 after.
#[utoipa::path(get, path = "/users/first", tag = "Users",
    responses((status = 200, body = Body), (status = 404, body = Body)))]
async fn first_user(State(users): State<Users>) -> Result<Reply<Body>, ApiError> {
    if users.any().await.map_err(ApiError::internal)? {
        Ok(Reply(Body::message(
            "The initial user has already been created!",
        )))
    } else {
        Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "The initial user has not been created!",
        ))
    }
}

impl From<FirstUserError> for ApiError {
    fn from(reason: FirstUserError) -> Self {
        match reason {
            FirstUserError::Exists => Self::conflict("The deployment is set up already."),
            FirstUserError::WeakPassword(weakness) => {
                Self::bad_request("The password is too weak.")
                    .field("password", weakness.to_string())
            }
            FirstUserError::Secrets => Self::internal(reason),
            FirstUserError::Store(source) => Self::internal(source),
        }
    }
}

/// Sets the deployment up with its first user, an owner.
#[utoipa::path(post, path = "/users/first", tag = "Users", request_body = CreateFirstUserRequest,
    responses((status = 201, body = CreateFirstUserResponse), (status = "4XX", body = Body)))]
async fn create_first_user(
    State(users): State<Users>,
    Json(body): Json<CreateFirstUserRequest>,
) -> Result<Created<CreateFirstUserResponse>, ApiError> {
    let order = FirstUser {
        email: body.email,
        username: body.username,
        name: body.name,
        password: body.password,
    };
    let (user, organization) = users.create_first(order).await?;
    Ok(Created(CreateFirstUserResponse {
        user_id: user.0,
        organization_id: organization.0,
    }))
}

impl From<LoginError> for ApiError {
    fn from(reason: LoginError) -> Self {
        match reason {
            LoginError::WrongCredentials => {
                Self::new(StatusCode::UNAUTHORIZED, "Incorrect email or password.")
            }
            LoginError::PasswordsOff => Self::new(
                StatusCode::FORBIDDEN,
                "Signing in by password is switched off.",
            ),
            LoginError::OtherLoginType(kind) => Self::new(
                StatusCode::FORBIDDEN,
                format!("This user signs in by {kind:?}, not by password."),
            ),
            LoginError::Suspended => Self::new(
                StatusCode::UNAUTHORIZED,
                "This account is suspended. Contact an admin to have it activated.",
            ),
            LoginError::Store(source) => Self::internal(source),
        }
    }
}

/// Signs in by e-mail address and password.
#[utoipa::path(post, path = "/users/login", tag = "Authorization", request_body = LoginWithPasswordRequest,
    responses((status = 201, body = LoginWithPasswordResponse), (status = "4XX", body = Body)))]
async fn login(
    State(state): State<AppState>,
    client: Client,
    Json(body): Json<LoginWithPasswordRequest>,
) -> Result<Response, ApiError> {
    let made = state
        .sessions
        .login(&body.email, &body.password, &client.into())
        .await?;
    let cookie = session_cookie(&made.token, state.settings.secure_cookies);
    let mut response = Created(LoginWithPasswordResponse {
        session_token: made.token,
    })
    .into_response();
    response
        .headers_mut()
        .extend(cookie.map(|value| (header::SET_COOKIE, value)));
    Ok(response)
}

/// The cookie of a browser session: it ends with the browser.
pub(super) fn session_cookie(token: &str, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{secure}"
    ))
    .ok()
}

/// Ends the session in use.
#[utoipa::path(post, path = "/users/logout", tag = "Users", responses((status = 200, body = Body)))]
async fn logout(State(sessions): State<Sessions>, actor: Actor) -> Result<Response, ApiError> {
    sessions.logout(&actor).await.map_err(ApiError::internal)?;
    let mut response = Reply(Body::message("Logged out!")).into_response();
    let gone = HeaderValue::from_static("coder_session_token=; Path=/; Max-Age=0");
    response.headers_mut().insert(header::SET_COOKIE, gone);
    Ok(response)
}
