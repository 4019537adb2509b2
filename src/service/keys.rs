//! Sessions of the command line and API tokens: making, finding, revoking. Recognizing who
//! holds one is the business of `sessions`.

use std::time::Duration;

use thiserror::Error;

use super::{
    Core, audit, commit, on,
    sessions::{NewKey, Sessions, hashed, new_key},
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        ids::UserId,
        keys::ApiKey,
        random,
        rights::{
            Action, Object, ResourceKind,
            actor::{Actor, Scope},
        },
        tokens::KeyId,
        users::{LoginType, User},
    },
    store::{StoreError, api_keys},
};

/// Why a key is not made, shown or revoked.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No such key, or the caller may not see or revoke it.
    #[error("no such key")]
    NotFound,
    /// The caller may not make keys for this user.
    #[error("keys may not be made by the caller")]
    Denied,
    /// The lifetime is negative.
    #[error("the lifetime must be positive")]
    LifetimeNegative,
    /// The lifetime is beyond the deployment's limit.
    #[error("the lifetime must be less than {} hours", .longest.as_secs() / 3600)]
    LifetimeTooLong {
        /// The deployment's limit.
        longest: Duration,
    },
    /// The user has a token of this name.
    #[error("a token with the name {0:?} exists")]
    Taken(String),
    /// The database failed.
    #[error("the key could not be read or kept")]
    Store(#[from] StoreError),
}

/// What a new token is made of.
pub struct NewToken {
    /// Its life in nanoseconds; 0 for the deployment's default.
    pub lifetime_ns: i64,
    /// What it is good for.
    pub scope: Scope,
    /// Its name; empty for a random one.
    pub name: String,
}

/// Keys of users.
#[derive(Clone)]
pub struct Keys {
    core: Core,
    sessions: Sessions,
}

impl Keys {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions) -> Self {
        Self { core, sessions }
    }

    /// The longest life of a token.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.core.settings.max_token_lifetime
    }

    /// Makes a session for the command line.
    ///
    /// # Errors
    /// [`KeyError::Denied`] where the caller may not act for the user.
    pub async fn create_session(&self, actor: &Actor, user: &User) -> Result<NewKey, KeyError> {
        if !actor.may(Action::Create, &object(user.id)) {
            return Err(KeyError::Denied);
        }
        let made = new_key(
            user.id,
            LoginType::Password,
            Scope::All,
            "",
            self.core.settings.default_token_lifetime,
            self.core.now(),
        );
        let mut tx = self.core.begin().await?;
        let secret = hashed(&made);
        api_keys::insert(on(&mut tx), &made.key, &secret, &actor.origin.ip).await?;
        let entry = entry(AuditAction::Create, &made.key, 201).changing(&[], &tracked(&made.key));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        Ok(made)
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the caller may not act for the user, the lifetime is out of bounds or the name taken.
    pub async fn create_token(
        &self,
        actor: &Actor,
        user: &User,
        order: NewToken,
    ) -> Result<NewKey, KeyError> {
        if !actor.may(Action::Create, &object(user.id)) {
            return Err(KeyError::Denied);
        }
        let lifetime = self.lifetime(order.lifetime_ns)?;
        let name = if order.name.is_empty() {
            random::two_words()
        } else {
            order.name
        };
        let now = self.core.now();
        let made = new_key(user.id, LoginType::Token, order.scope, &name, lifetime, now);
        let mut tx = self.core.begin().await?;
        let secret = hashed(&made);
        let kept = api_keys::insert(on(&mut tx), &made.key, &secret, &actor.origin.ip);
        match kept.await {
            Err(error) if error.violates("api_keys_token_name_key") => {
                return Err(KeyError::Taken(name));
            }
            other => other?,
        }
        let entry = entry(AuditAction::Create, &made.key, 201).changing(&[], &tracked(&made.key));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(made)
    }

    fn lifetime(&self, nanoseconds: i64) -> Result<Duration, KeyError> {
        let longest = self.longest();
        match u64::try_from(nanoseconds) {
            Ok(0) => Ok(self.core.settings.default_token_lifetime),
            Ok(wanted) if Duration::from_nanos(wanted) <= longest => {
                Ok(Duration::from_nanos(wanted))
            }
            Ok(_) => Err(KeyError::LifetimeTooLong { longest }),
            Err(_) => Err(KeyError::LifetimeNegative),
        }
    }

    /// The tokens that the actor may see, with their users' names: of one user or all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_tokens(
        &self,
        actor: &Actor,
        user: Option<UserId>,
    ) -> Result<Vec<(ApiKey, String)>, StoreError> {
        let filter = actor.read_filter(ResourceKind::ApiKey);
        let only = match (filter.everything, filter.own, user) {
            (true, _, user) => user,
            (false, Some(own), user) if user.is_none_or(|user| user == own) => Some(own),
            (false, _, _) => return Ok(Vec::new()),
        };
        api_keys::list_tokens(&mut *self.core.conn().await?, only).await
    }

    /// A key by id.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] for missing and for hidden keys alike.
    pub async fn find(&self, actor: &Actor, id: &KeyId) -> Result<ApiKey, KeyError> {
        let found = api_keys::find(&mut *self.core.conn().await?, id).await?;
        seen(actor, found)
    }

    /// A user's token by name.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] for missing and for hidden tokens alike.
    pub async fn find_token(
        &self,
        actor: &Actor,
        user: UserId,
        name: &str,
    ) -> Result<ApiKey, KeyError> {
        let found = api_keys::find_token(&mut *self.core.conn().await?, user, name).await?;
        seen(actor, found)
    }

    /// Revokes a key: it is refused from now on, here and in the other replicas.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] when it is missing or not the caller's to revoke.
    pub async fn delete(&self, actor: &Actor, id: &KeyId) -> Result<(), KeyError> {
        let mut tx = self.core.begin().await?;
        let key = api_keys::find(on(&mut tx), id)
            .await?
            .filter(|key| actor.may(Action::Delete, &object(key.user_id)))
            .ok_or(KeyError::NotFound)?;
        if !api_keys::delete(on(&mut tx), id).await? {
            return Err(KeyError::NotFound);
        }
        let entry = entry(AuditAction::Delete, &key, 204).changing(&tracked(&key), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        self.sessions.changed(key.user_id);
        Ok(())
    }
}

fn object(user: UserId) -> Object {
    Object::of(ResourceKind::ApiKey).owned_by(user)
}

fn seen(actor: &Actor, found: Option<ApiKey>) -> Result<ApiKey, KeyError> {
    found
        .filter(|key| actor.may(Action::Read, &object(key.user_id)))
        .ok_or(KeyError::NotFound)
}

/// The id of a key is no UUID: the entry speaks of the user.
fn entry(action: AuditAction, key: &ApiKey, status: u16) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::ApiKey,
        key.user_id.0,
        key.token_name.clone(),
        status,
    )
}

fn tracked(key: &ApiKey) -> Vec<Tracked> {
    vec![
        shown("id", key.id.0.clone()),
        shown("user_id", key.user_id.to_string()),
        shown("login_type", key.login_type.as_str()),
        shown("scope", key.scope.as_str()),
        shown("token_name", key.token_name.clone()),
        shown("lifetime_seconds", key.lifetime_seconds),
        shown("expires_at", key.expires_at.to_rfc3339()),
    ]
}
