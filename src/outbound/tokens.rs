//! An authorization server's token endpoint (RFC 6749): a code becomes tokens.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use thiserror::Error;
use url::form_urlencoded;

use super::requests::{RequestError, Requests};
use crate::domain::{clock::Timestamp, identity::ProviderTokens};

/// Why there are no tokens.
#[derive(Debug, Error)]
pub enum TokenError {
    /// There was no answer.
    #[error("the provider did not answer")]
    Request(#[from] RequestError),
    /// The provider gives none.
    #[error("the provider gives no tokens: {0}")]
    Refused(String),
    /// The answer is none of an authorization server.
    #[error("the provider's answer cannot be read")]
    Unreadable,
}

/// Where tokens are asked for, and as whom.
pub struct TokenEndpoint<'a> {
    /// The URL.
    pub url: &'a str,
    /// Who asks.
    pub client_id: &'a str,
    /// The secret.
    pub client_secret: &'a SecretString,
    /// Whether the secret goes into the body and not into a header.
    pub secret_in_body: bool,
}

/// What a provider gave.
pub struct Granted {
    /// The tokens.
    pub tokens: ProviderTokens,
    /// The ID token, if there is one.
    pub id_token: Option<String>,
}

impl TokenEndpoint<'_> {
    /// Exchanges the code of a redirect.
    ///
    /// # Errors
    /// When the provider gives no tokens for it.
    pub async fn exchange(
        &self,
        requests: &Requests,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<Granted, TokenError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let request = self.request(&form).map_err(RequestError::from)?;
        let answer = requests.send(request).await?;
        granted(answer.status().is_success(), answer.body(), now)
    }

    fn request(&self, form: &[(&str, &str)]) -> http::Result<Request<String>> {
        let secret = self.client_secret.expose_secret();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = Request::post(self.url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        if self.secret_in_body {
            body.append_pair("client_id", self.client_id);
            body.append_pair("client_secret", secret);
        } else {
            let encode =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(self.client_id), encode(secret));
            request = request.header(
                header::AUTHORIZATION,
                format!("Basic {}", STANDARD.encode(pair)),
            );
        }
        request.body(body.finish())
    }
}

fn granted(is_success: bool, body: &Bytes, now: Timestamp) -> Result<Granted, TokenError> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| answer.get(field).and_then(Value::as_str);
    // GitHub answers 200 with an error in it.
    if let Some(error) = text("error") {
        return Err(TokenError::Refused(error.to_owned()));
    }
    let access = text("access_token").filter(|_| is_success);
    let access = access.ok_or(TokenError::Unreadable)?;
    let seconds = answer.get("expires_in").and_then(|value| match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    });
    let expires_at = seconds
        .filter(|seconds| *seconds > 0)
        .and_then(TimeDelta::try_seconds)
        .and_then(|life| now.checked_add_signed(life));
    Ok(Granted {
        tokens: ProviderTokens {
            access: access.to_owned(),
            refresh: text("refresh_token").unwrap_or_default().to_owned(),
            expires_at,
        },
        id_token: text("id_token").map(str::to_owned),
    })
}
