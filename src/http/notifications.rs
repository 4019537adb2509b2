//! Notifications: what users want to be told, and how messages are sent.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
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
    domain::{
        ids::NotificationTemplateId,
        notifications::{DispatchMethod, TEMPLATES},
        rights::actor::Actor,
        users::UserRef,
    },
    service::{
        notifications::{NotificationError, Notifications},
        users::Users,
    },
    wire::{
        notifications::{
            NotificationMethodsResponse, NotificationPreference, NotificationTemplate,
            NotificationsSettings, UpdateNotificationTemplateMethod,
            UpdateUserNotificationPreferences,
        },
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_settings, set_settings))
        .routes(routes!(list_templates))
        .routes(routes!(set_method))
        .routes(routes!(list_methods))
        .routes(routes!(get_preferences, set_preferences))
}

impl From<NotificationError> for ApiError {
    fn from(reason: NotificationError) -> Self {
        match reason {
            NotificationError::Denied => Self::forbidden(),
            NotificationError::NoTemplate => Self::not_found(),
            NotificationError::UnknownTemplate(_) => Self::bad_request(sentence(&reason))
                .field("template_disabled_map", "must name notification templates"),
            NotificationError::Store(source) => Self::internal(source),
        }
    }
}

/// Whether messages are sent.
#[utoipa::path(get, path = "/notifications/settings", tag = "Notifications",
    responses((status = 200, body = NotificationsSettings), (status = "4XX", body = Body)))]
async fn get_settings(
    State(notifications): State<Notifications>,
    _actor: Actor,
) -> Result<Reply<NotificationsSettings>, ApiError> {
    let paused = notifications.is_paused().await;
    Ok(Reply(NotificationsSettings {
        notifier_paused: paused.map_err(ApiError::internal)?,
    }))
}

/// Sets whether messages are sent; 304 when that changes nothing.
#[utoipa::path(put, path = "/notifications/settings", tag = "Notifications", request_body = NotificationsSettings,
    responses((status = 200, body = NotificationsSettings), (status = 304), (status = "4XX", body = Body)))]
async fn set_settings(
    State(notifications): State<Notifications>,
    actor: Actor,
    Json(body): Json<NotificationsSettings>,
) -> Result<Response, ApiError> {
    let changed = notifications.set_paused(&actor, body.notifier_paused);
    Ok(if changed.await? {
        Reply(body).into_response()
    } else {
        StatusCode::NOT_MODIFIED.into_response()
    })
}

/// All kinds of messages, by name.
#[utoipa::path(get, path = "/notifications/templates/system", tag = "Notifications",
    responses((status = 200, body = Vec<NotificationTemplate>), (status = "4XX", body = Body)))]
async fn list_templates(
    State(notifications): State<Notifications>,
    _actor: Actor,
) -> Result<Reply<Vec<NotificationTemplate>>, ApiError> {
    let methods = notifications.methods().await.map_err(ApiError::internal)?;
    let templates = TEMPLATES
        .iter()
        .map(|kind| NotificationTemplate::of(kind, methods.get(&kind.id).copied()));
    Ok(Reply(templates.collect()))
}

/// Sets how a kind of message is sent; 304 when that changes nothing.
#[utoipa::path(put, path = "/notifications/templates/{notification_template}/method", tag = "Enterprise",
    params(("notification_template" = uuid::Uuid, Path)), request_body = UpdateNotificationTemplateMethod,
    responses((status = 200, body = Body), (status = 304), (status = "4XX", body = Body)))]
async fn set_method(
    State(notifications): State<Notifications>,
    actor: Actor,
    Path((template,)): Path<(NotificationTemplateId,)>,
    Json(body): Json<UpdateNotificationTemplateMethod>,
) -> Result<Response, ApiError> {
    let method = DispatchMethod::parse(&body.method).unwrap_or(DispatchMethod::Smtp);
    Ok(
        if notifications.set_method(&actor, template, method).await? {
            Reply(Body::message("The notification template was changed.")).into_response()
        } else {
            StatusCode::NOT_MODIFIED.into_response()
        },
    )
}

/// How messages may be sent.
#[utoipa::path(get, path = "/notifications/dispatch-methods", tag = "Notifications",
    responses((status = 200, body = NotificationMethodsResponse), (status = "4XX", body = Body)))]
async fn list_methods(_actor: Actor) -> Reply<NotificationMethodsResponse> {
    Reply(NotificationMethodsResponse {
        available: DispatchMethod::ALL,
        default: DispatchMethod::Smtp,
    })
}

type Preferences = Option<Vec<NotificationPreference>>;

/// What a user decided on; null when on nothing.
#[utoipa::path(get, path = "/users/{user}/notifications/preferences", tag = "Notifications",
    params(("user" = String, Path)),
    responses((status = 200, body = Preferences), (status = "4XX", body = Body)))]
async fn get_preferences(
    State(notifications): State<Notifications>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<Preferences>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let found = notifications.preferences(&actor, user.id).await?;
    let found: Vec<NotificationPreference> = found.into_iter().map(Into::into).collect();
    Ok(Reply((!found.is_empty()).then_some(found)))
}

/// Decides for a user which messages are not wanted.
#[utoipa::path(put, path = "/users/{user}/notifications/preferences", tag = "Notifications",
    params(("user" = String, Path)), request_body = UpdateUserNotificationPreferences,
    responses((status = 200, body = Preferences), (status = "4XX", body = Body)))]
async fn set_preferences(
    State(notifications): State<Notifications>,
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateUserNotificationPreferences>,
) -> Result<Reply<Preferences>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let kept = notifications
        .decide(&actor, user.id, &body.wishes())
        .await?;
    let kept: Vec<NotificationPreference> = kept.into_iter().map(Into::into).collect();
    Ok(Reply((!kept.is_empty()).then_some(kept)))
}
