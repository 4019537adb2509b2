//! Shapes of sessions and tokens.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{keys::ApiKey as Known, rights::actor::Scope, users::LoginType};

/// A key without its secret (codersdk.APIKey).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ApiKey {
    /// The first part of the token.
    pub id: String,
    /// Whose it is.
    pub user_id: Uuid,
    /// When it was last used; the year 1 for never.
    pub last_used: Time,
    /// When it ends.
    pub expires_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// How it came to be.
    pub login_type: LoginType,
    /// What it is good for.
    pub scope: Scope,
    /// Its name; empty for a session.
    pub token_name: String,
    /// Its life in seconds.
    pub lifetime_seconds: i64,
}

impl From<Known> for ApiKey {
    fn from(key: Known) -> Self {
        Self {
            id: key.id.0,
            user_id: key.user_id.0,
            last_used: key.last_used.into(),
            expires_at: key.expires_at.into(),
            created_at: key.created_at.into(),
            updated_at: key.updated_at.into(),
            login_type: key.login_type,
            scope: key.scope,
            token_name: key.token_name,
            lifetime_seconds: key.lifetime_seconds,
        }
    }
}

/// A token with its user's name (codersdk.APIKeyWithOwner).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ApiKeyWithOwner {
    /// The token.
    #[serde(flatten)]
    pub key: ApiKey,
    /// The user's name.
    pub username: String,
}

/// Makes a token (codersdk.CreateTokenRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateTokenRequest {
    /// Its life in nanoseconds; 0 for the deployment's default.
    pub lifetime: i64,
    /// What it is good for; everything unless said.
    pub scope: String,
    /// Its name; a random one unless said.
    pub token_name: String,
}

impl CreateTokenRequest {
    /// What the token is good for; nothing when there is no such scope.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        if self.scope.is_empty() {
            Some(Scope::All)
        } else {
            Scope::parse(&self.scope)
        }
    }
}

impl Validate for CreateTokenRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(self.scope().is_some(), "scope", "oneof", &self.scope);
    }
}

/// A new key, told once (codersdk.GenerateAPIKeyResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GenerateApiKeyResponse {
    /// `<id>-<secret>`.
    pub key: String,
}

/// Limits of tokens (codersdk.TokenConfig).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TokenConfig {
    /// Longest life in nanoseconds.
    pub max_token_lifetime: i64,
}
