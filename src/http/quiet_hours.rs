//! Users' quiet hours.

use axum::extract::State;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path},
    reply::Reply,
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{rights::actor::Actor, users::UserRef},
    service::{
        quiet_hours::{QuietHoursError, ShownQuietHours, UserQuietHours},
        users::Users,
    },
    wire::{
        quiet_hours::{UpdateUserQuietHoursScheduleRequest, UserQuietHoursScheduleResponse},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get, set))
}

impl From<QuietHoursError> for ApiError {
    fn from(reason: QuietHoursError) -> Self {
        let text = sentence(&reason);
        match reason {
            QuietHoursError::NotFound => Self::not_found(),
            QuietHoursError::Denied => Self::forbidden(),
            QuietHoursError::Fixed => Self::new(StatusCode::FORBIDDEN, text),
            QuietHoursError::Schedule(why) => {
                // Some clients look for the first words.
                let detail = format!("parse daily schedule: {why}");
                Self::bad_request(text).field("schedule", detail)
            }
            QuietHoursError::Store(source) => Self::internal(source),
        }
    }
}

impl From<ShownQuietHours> for UserQuietHoursScheduleResponse {
    fn from(shown: ShownQuietHours) -> Self {
        Self {
            user_set: shown.quiet_hours.is_own,
            user_can_set: shown.may_choose,
            time: shown.quiet_hours.time_of_day(),
            timezone: shown.quiet_hours.zone_name().to_owned(),
            next: shown.next.unwrap_or_default().into(),
            raw_schedule: shown.quiet_hours.text,
        }
    }
}

/// When a user's workspaces may be stopped because their template demands it.
#[utoipa::path(get, path = "/users/{user}/quiet-hours", tag = "Enterprise", params(("user" = String, Path)),
    responses((status = 200, body = UserQuietHoursScheduleResponse), (status = "4XX", body = Body)))]
async fn get(
    State(quiet_hours): State<UserQuietHours>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<UserQuietHoursScheduleResponse>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(quiet_hours.find(&user).await?.into()))
}

/// Chooses them.
#[utoipa::path(put, path = "/users/{user}/quiet-hours", tag = "Enterprise", params(("user" = String, Path)),
    request_body = UpdateUserQuietHoursScheduleRequest,
    responses((status = 200, body = UserQuietHoursScheduleResponse), (status = "4XX", body = Body)))]
async fn set(
    State(quiet_hours): State<UserQuietHours>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateUserQuietHoursScheduleRequest>,
) -> Result<Reply<UserQuietHoursScheduleResponse>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let set = quiet_hours.set(&actor, &user, &body.schedule).await?;
    Ok(Reply(set.into()))
}
