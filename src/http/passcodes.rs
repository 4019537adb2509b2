//! One-time passcodes: asking for one, and setting a password with it.

use axum::{extract::State, middleware::from_fn_with_state};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Client, Json},
    middleware::{Limit, limit_route},
    reply::NoContent,
    state::AppState,
    users::sentence,
};
use crate::{
    service::passcodes::{PasscodeError, Passcodes},
    wire::{
        response::Response as Body,
        sign_in::{ChangePasswordWithOneTimePasscodeRequest, RequestOneTimePasscodeRequest},
    },
};

pub(super) fn router(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(request_passcode))
        .routes(routes!(change_password))
        .layer(from_fn_with_state(
            (state.clone(), Limit::Login),
            limit_route,
        ))
}

impl From<PasscodeError> for ApiError {
    fn from(reason: PasscodeError) -> Self {
        match reason {
            PasscodeError::Wrong | PasscodeError::Same => Self::bad_request(sentence(&reason)),
            PasscodeError::Weak(weakness) => Self::bad_request("The password is too weak.")
                .field("password", weakness.to_string()),
            PasscodeError::Hash => Self::internal(reason),
            PasscodeError::Store(source) => Self::internal(source),
        }
    }
}

/// Sends a passcode to the user of an address, if there is one; the answer does not tell.
#[utoipa::path(post, path = "/users/otp/request", tag = "Authorization",
    request_body = RequestOneTimePasscodeRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn request_passcode(
    State(state): State<AppState>,
    client: Client,
    Json(body): Json<RequestOneTimePasscodeRequest>,
) -> NoContent {
    let passcodes = state.passcodes.clone();
    // Answered before anything is looked up, so that the time does not tell either.
    state.lifecycle.spawn_brief("passcode", async move {
        passcodes.send(&body.email, &client.into()).await;
    });
    NoContent
}

/// Sets a password with a passcode; all the user's sessions and tokens end.
#[utoipa::path(post, path = "/users/otp/change-password", tag = "Authorization",
    request_body = ChangePasswordWithOneTimePasscodeRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn change_password(
    State(passcodes): State<Passcodes>,
    client: Client,
    Json(body): Json<ChangePasswordWithOneTimePasscodeRequest>,
) -> Result<NoContent, ApiError> {
    let origin = client.into();
    passcodes
        .change_password(&body.email, &body.one_time_passcode, body.password, &origin)
        .await?;
    Ok(NoContent)
}
