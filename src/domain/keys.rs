//! API keys: sessions and tokens, without their secrets.

use super::{clock::Timestamp, ids::UserId, rights::actor::Scope, tokens::KeyId, users::LoginType};

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Ten letters and digits, the first part of the token.
    pub id: KeyId,
    /// Whose key it is.
    pub user_id: UserId,
    /// How it came to be.
    pub login_type: LoginType,
    /// What it is good for.
    pub scope: Scope,
    /// Its name; empty for a session.
    pub token_name: String,
    /// Its life from its making or last extension.
    pub lifetime_seconds: i64,
    /// When it was last used.
    pub last_used: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
