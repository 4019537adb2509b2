//! Shapes of keys for git over SSH.

use serde::Serialize;
use uuid::Uuid;

use super::time::Time;
use crate::domain::ssh_keys::{GitSshKey as Known, KeyPair};

/// A user's key (codersdk.GitSSHKey).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GitSshKey {
    /// Whose it is.
    pub user_id: Uuid,
    /// When the user got its first one.
    pub created_at: Time,
    /// When it was last replaced.
    pub updated_at: Time,
    /// The line for `authorized_keys`.
    pub public_key: String,
}

impl From<Known> for GitSshKey {
    fn from(known: Known) -> Self {
        Self {
            user_id: known.user_id.0,
            created_at: known.created_at.into(),
            updated_at: known.updated_at.into(),
            public_key: known.public_key,
        }
    }
}

/// The whole key of an agent's owner (agentsdk.GitSSHKey).
#[derive(Serialize, utoipa::ToSchema)]
pub struct AgentGitSshKey {
    /// The line for `authorized_keys`.
    pub public_key: String,
    /// The private key, PEM.
    pub private_key: String,
}

impl From<KeyPair> for AgentGitSshKey {
    fn from(pair: KeyPair) -> Self {
        Self {
            public_key: pair.public_key,
            private_key: pair.private_key,
        }
    }
}
