//! Users' keys for git over SSH. Owns when and where key pairs are generated.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Core, audit, commit, on};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, secret, shown},
        rights::{Action, Object, actor::Actor},
        ssh_keys::{self, GitSshKey, KeyPair},
        users::User,
    },
    store::{StoreError, agent_tokens, git_ssh_keys},
};

/// Pairs generated at once; each takes a core, the long ones for seconds.
const GENERATORS: usize = 2;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum GitSshKeyError {
    /// The caller may not see it, or there is none.
    #[error("no such key")]
    NotFound,
    /// The caller may not replace it.
    #[error("the key may not be replaced by the caller")]
    Denied,
    /// The token is no agent's, or an agent's of an older build.
    #[error("no agent has this token")]
    UnknownAgent,
    /// No pair could be generated.
    #[error("the key pair could not be generated")]
    Generate,
    /// The database failed.
    #[error("the key could not be read or kept")]
    Store(#[from] StoreError),
}

/// Keys for git over SSH.
#[derive(Clone)]
pub struct GitSshKeys {
    core: Core,
    generating: Arc<Semaphore>,
}

impl GitSshKeys {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self {
            core,
            generating: Arc::new(Semaphore::new(GENERATORS)),
        }
    }

    /// Generates a pair of the deployment's kind, away from the threads that serve requests.
    pub async fn generate(&self) -> Option<KeyPair> {
        let algorithm = self.core.settings.ssh_key_algorithm;
        let _turn = self.generating.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || ssh_keys::generate(algorithm).ok())
            .await
            .ok()?
    }

    /// A user's key.
    ///
    /// # Errors
    /// [`GitSshKeyError::NotFound`] where the caller may not see the user's private data.
    pub async fn find(&self, actor: &Actor, user: &User) -> Result<GitSshKey, GitSshKeyError> {
        if !actor.may(Action::ReadPersonal, &Object::user(user.id)) {
            return Err(GitSshKeyError::NotFound);
        }
        git_ssh_keys::find(&mut *self.core.conn().await?, user.id)
            .await?
            .ok_or(GitSshKeyError::NotFound)
    }

    /// The whole key of the user whose workspace this agent's token belongs to.
    ///
    /// # Errors
    /// [`GitSshKeyError::UnknownAgent`] unless the workspace's latest build made the agent.
    pub async fn of_agent(&self, token: &str) -> Result<KeyPair, GitSshKeyError> {
        let token = Uuid::parse_str(token).map_err(|_not_an_id| GitSshKeyError::UnknownAgent)?;
        let mut conn = self.core.conn().await?;
        let owner = agent_tokens::find_owner(&mut conn, token).await?;
        let owner = owner.ok_or(GitSshKeyError::UnknownAgent)?;
        git_ssh_keys::find_pair(&mut conn, owner)
            .await?
            .ok_or(GitSshKeyError::NotFound)
    }

    /// Replaces a user's key by a new one.
    ///
    /// # Errors
    /// [`GitSshKeyError::Denied`] where the caller may not change the user's private data.
    pub async fn regenerate(
        &self,
        actor: &Actor,
        user: &User,
    ) -> Result<GitSshKey, GitSshKeyError> {
        if !actor.may(Action::UpdatePersonal, &Object::user(user.id)) {
            return Err(GitSshKeyError::Denied);
        }
        let pair = self.generate().await.ok_or(GitSshKeyError::Generate)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let old = git_ssh_keys::find(on(&mut tx), user.id).await?;
        git_ssh_keys::upsert(on(&mut tx), user.id, &pair, now).await?;
        let old_public = old.map(|key| key.public_key).unwrap_or_default();
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::GitSshKey,
            user.id.0,
            pair.public_key.clone(),
            200,
        )
        .changing(
            &[
                shown("public_key", old_public),
                secret("private_key", "old"),
            ],
            &[
                shown("public_key", pair.public_key),
                secret("private_key", "new"),
            ],
        );
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        let key = git_ssh_keys::find(on(&mut tx), user.id).await?;
        commit(tx).await?;
        key.ok_or(GitSshKeyError::NotFound)
    }
}
