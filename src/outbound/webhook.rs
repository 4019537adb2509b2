//! The webhook that takes messages to users, in the form that receivers of Coder's notifications
//! read. Sends once; nothing is repeated or kept.

use http::{Request, StatusCode, header};
use serde_json::json;
use thiserror::Error;
use url::Url;
use uuid::Uuid;

use super::requests::{RequestError, Requests};
use crate::domain::users::User;

/// Why a message was not taken.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// There was no answer.
    #[error("the webhook did not answer")]
    Request(#[from] RequestError),
    /// The answer was no success.
    #[error("the webhook answered {0}")]
    Refused(StatusCode),
}

/// One message to a user.
pub struct Message<'a> {
    /// The message's own id.
    pub id: Uuid,
    /// Its kind, which receivers compare.
    pub kind: &'static str,
    /// Who shall read it.
    pub user: &'a User,
    /// A line.
    pub title: String,
    /// The whole text.
    pub text: String,
    /// Names and values for receivers that write their own text.
    pub labels: &'a [(&'static str, &'a str)],
}

/// Hands a message to the webhook.
///
/// # Errors
/// When the webhook does not take it.
pub async fn send(
    requests: &Requests,
    endpoint: &Url,
    message: &Message<'_>,
) -> Result<(), WebhookError> {
    let labels: serde_json::Map<_, _> = message
        .labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let body = json!({
        "_version": "1.1",
        "msg_id": message.id,
        "payload": {
            "_version": "1.1",
            "notification_name": message.kind,
            "user_id": message.user.id.to_string(),
            "user_email": message.user.email,
            "user_name": message.user.name,
            "user_username": message.user.username,
            "actions": [],
            "labels": labels,
        },
        "title": message.title,
        "title_markdown": message.title,
        "body": message.text,
        "body_markdown": message.text,
    });
    let request = Request::post(endpoint.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_string())
        .map_err(RequestError::from)?;
    let status = requests.send(request).await?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(WebhookError::Refused(status))
    }
}
