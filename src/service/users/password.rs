//! Changing passwords.

use thiserror::Error;

use super::Users;
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, secret},
        ids::{RequestId, UserId},
        passwords::{self, Weakness},
        rights::{Action, Object, actor::Actor},
        users::{LoginType, User},
    },
    service::{audit, commit, on},
    store::{StoreError, api_keys, user_secrets, users},
};

/// Why a password was not changed.
#[derive(Debug, Error)]
pub enum SetPasswordError {
    /// The caller may not change it.
    #[error("no such user")]
    NotFound,
    /// The user signs in another way.
    #[error("the user does not sign in by password")]
    NotUsed,
    /// Users prove that they know their password before they change it.
    #[error("old password is required")]
    OldRequired,
    /// The new password is too easy.
    #[error("the password is too weak")]
    Weak(#[source] Weakness),
    /// The old password is another.
    #[error("the old password is wrong")]
    OldWrong,
    /// The new password is the old one.
    #[error("the new password is the old one")]
    Same,
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hash,
    /// The database failed.
    #[error("the password could not be changed")]
    Store(#[from] StoreError),
}

impl Users {
    /// Sets a user's password and ends all its sessions and tokens.
    ///
    /// # Errors
    /// When the caller may not, the old password is wrong, or the new one is weak or no change.
    pub async fn set_password(
        &self,
        actor: &Actor,
        user: &User,
        old: String,
        new: String,
    ) -> Result<(), SetPasswordError> {
        let now = self.core.now();
        let hash = match self.new_hash(actor, user, old, new).await {
            Ok(hash) => hash,
            Err(reason) => {
                let mut conn = self.core.conn().await?;
                let entry = entry(user, refused_status(&reason));
                audit::record(&mut conn, actor.id, &actor.origin, entry, now).await?;
                return Err(reason);
            }
        };
        self.keep(user, &hash, actor.id, &actor.origin).await
    }

    /// Sets the password of the user of this name and ends all its sessions and tokens; for
    /// whoever runs the server. The log says that the user did it.
    ///
    /// # Errors
    /// When there is no such user, it signs in another way, or the password is weak or no change.
    pub async fn reset_password(
        &self,
        username: &str,
        new: String,
    ) -> Result<(), SetPasswordError> {
        let mut conn = self.core.conn().await?;
        let user = users::find_by_name(&mut conn, username)
            .await?
            .ok_or(SetPasswordError::NotFound)?;
        drop(conn);
        if user.login_type != LoginType::Password {
            return Err(SetPasswordError::NotUsed);
        }
        passwords::check_strength(&new).map_err(SetPasswordError::Weak)?;
        let stored = self.stored(&user).await?;
        let hash = self.replacing(stored, new).await?;
        let origin = Origin {
            user_agent: "workspaced reset-password".to_owned(),
            request: RequestId::random(),
            ..Origin::default()
        };
        self.keep(&user, &hash, user.id, &origin).await
    }

    async fn keep(
        &self,
        user: &User,
        hash: &str,
        by: UserId,
        origin: &Origin,
    ) -> Result<(), SetPasswordError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        user_secrets::update_password(on(&mut tx), user.id, hash, now).await?;
        api_keys::delete_by_user(on(&mut tx), user.id).await?;
        let entry = entry(user, 204).changing(
            &[secret("hashed_password", "old")],
            &[secret("hashed_password", "new")],
        );
        audit::record(on(&mut tx), by, origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(())
    }

    /// The stored form of the new password, once everything speaks for the change.
    async fn new_hash(
        &self,
        actor: &Actor,
        user: &User,
        old: String,
        new: String,
    ) -> Result<String, SetPasswordError> {
        if !actor.may(Action::UpdatePersonal, &Object::user(user.id)) {
            return Err(SetPasswordError::NotFound);
        }
        if user.login_type != LoginType::Password {
            return Err(SetPasswordError::NotUsed);
        }
        if user.id == actor.id && old.is_empty() {
            return Err(SetPasswordError::OldRequired);
        }
        passwords::check_strength(&new).map_err(SetPasswordError::Weak)?;
        let stored = self.stored(user).await?;
        if !old.is_empty() && !self.sessions.verify(old, stored.clone()).await {
            return Err(SetPasswordError::OldWrong);
        }
        self.replacing(stored, new).await
    }

    async fn stored(&self, user: &User) -> Result<String, SetPasswordError> {
        user_secrets::find_password_hash(&mut *self.core.conn().await?, user.id)
            .await?
            .ok_or(SetPasswordError::NotFound)
    }

    /// The stored form of a password that takes the place of the one with this stored form.
    async fn replacing(&self, stored: String, new: String) -> Result<String, SetPasswordError> {
        if self.sessions.verify(new.clone(), stored).await {
            return Err(SetPasswordError::Same);
        }
        self.sessions.hash(new).await.ok_or(SetPasswordError::Hash)
    }
}

/// What the log tells of a refusal.
fn refused_status(reason: &SetPasswordError) -> u16 {
    match reason {
        SetPasswordError::NotFound => 404,
        SetPasswordError::Hash | SetPasswordError::Store(_) => 500,
        _ => 400,
    }
}

fn entry(user: &User, status: u16) -> NewEntry {
    NewEntry::new(
        AuditAction::Write,
        AuditedKind::User,
        user.id.0,
        user.username.clone(),
        status,
    )
}
