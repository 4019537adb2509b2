//! Passwords: which ways to sign in there are, checking a new password, changing one's own.

use axum::{extract::State, middleware::from_fn_with_state};
use utoipa_axum::{router::OpenApiRouter, routes};

use std::sync::Arc;

use super::{
    error::ApiError,
    extract::{Json, Path},
    middleware::{Limit, limit_route},
    reply::{NoContent, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{passwords, rights::actor::Actor, users::UserRef},
    service::{
        settings::Settings,
        users::{Users, password::SetPasswordError},
    },
    wire::{
        response::Response as Body,
        sign_in::{
            AuthMethod, AuthMethods, OidcAuthMethod, ValidateUserPasswordRequest,
            ValidateUserPasswordResponse,
        },
        users::UpdateUserPasswordRequest,
    },
};

pub(super) fn router(state: &AppState) -> OpenApiRouter<AppState> {
    let limited = |limit| from_fn_with_state((state.clone(), limit), limit_route);
    let guessable = OpenApiRouter::new()
        .routes(routes!(validate_password))
        .layer(limited(Limit::Login));
    let own = OpenApiRouter::new()
        .routes(routes!(update_password))
        .layer(limited(Limit::Password));
    OpenApiRouter::new()
        .routes(routes!(auth_methods))
        .merge(guessable)
        .merge(own)
}

/// The ways to sign in.
#[utoipa::path(get, path = "/users/authmethods", tag = "Users", responses((status = 200, body = AuthMethods)))]
async fn auth_methods(State(settings): State<Arc<Settings>>) -> Reply<AuthMethods> {
    let oidc = settings.oidc.as_deref();
    Reply(AuthMethods {
        password: AuthMethod {
            enabled: !settings.disable_password_auth,
        },
        github: AuthMethod { enabled: false },
        oidc: OidcAuthMethod {
            enabled: settings.oidc.is_some(),
            sign_in_text: oidc
                .map(|oidc| oidc.sign_in_text.clone())
                .unwrap_or_default(),
            icon_url: oidc.map(|oidc| oidc.icon_url.clone()).unwrap_or_default(),
        },
    })
}

/// Tells whether a password would be accepted.
#[utoipa::path(post, path = "/users/validate-password", tag = "Authorization",
    request_body = ValidateUserPasswordRequest,
    responses((status = 200, body = ValidateUserPasswordResponse), (status = "4XX", body = Body)))]
async fn validate_password(
    Json(body): Json<ValidateUserPasswordRequest>,
) -> Reply<ValidateUserPasswordResponse> {
    let weakness = passwords::check_strength(&body.password).err();
    Reply(ValidateUserPasswordResponse {
        valid: weakness.is_none(),
        details: weakness
            .map(|weakness| weakness.to_string())
            .unwrap_or_default(),
    })
}

impl From<SetPasswordError> for ApiError {
    fn from(reason: SetPasswordError) -> Self {
        match reason {
            SetPasswordError::NotFound => Self::not_found(),
            SetPasswordError::NotUsed | SetPasswordError::OldRequired | SetPasswordError::Same => {
                Self::bad_request(sentence(&reason))
            }
            SetPasswordError::Weak(weakness) => Self::bad_request("The password is too weak.")
                .field("password", weakness.to_string()),
            SetPasswordError::OldWrong => Self::bad_request(sentence(&reason))
                .field("old_password", "is not the present password"),
            SetPasswordError::Hash => Self::internal(reason),
            SetPasswordError::Store(source) => Self::internal(source),
        }
    }
}

/// Sets a user's password; all its sessions and tokens end.
#[utoipa::path(put, path = "/users/{user}/password", tag = "Users", params(("user" = String, Path)),
    request_body = UpdateUserPasswordRequest, responses((status = 204), (status = "4XX", body = Body)))]
async fn update_password(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateUserPasswordRequest>,
) -> Result<NoContent, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let change = users.set_password(&actor, &user, body.old_password, body.password);
    change.await?;
    Ok(NoContent)
}
