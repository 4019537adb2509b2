//! The few HTTP calls that the demo makes.

use anyhow::{Context as _, bail};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

/// A client of one server.
pub(super) struct Api {
    client: Client,
    base: String,
    pub(super) token: String,
}

impl Api {
    pub(super) fn new(url: &Url) -> Self {
        let base = format!("{}/api/v2", url.as_str().trim_end_matches('/'));
        Self {
            client: Client::new(),
            base,
            token: String::new(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(path, self.client.get(format!("{}{path}", self.base)))
            .await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(
            path,
            self.client
                .post(format!("{}{path}", self.base))
                .body(body.to_string()),
        )
        .await
    }

    /// Whether a GET finds something.
    pub(super) async fn exists(&self, path: &str) -> anyhow::Result<bool> {
        let answer = self
            .client
            .get(format!("{}{path}", self.base))
            .send()
            .await?;
        Ok(answer.status() != StatusCode::NOT_FOUND)
    }

    async fn send(&self, path: &str, request: RequestBuilder) -> anyhow::Result<Value> {
        let request = if self.token.is_empty() {
            request
        } else {
            request.header("Coder-Session-Token", &self.token)
        };
        let answer = request
            .send()
            .await
            .with_context(|| format!("{path} could not be asked"))?;
        let status = answer.status();
        let body = answer.bytes().await?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            bail!(
                "{path} answered {status}: {}",
                value["message"].as_str().unwrap_or_default()
            );
        }
        Ok(value)
    }
}
