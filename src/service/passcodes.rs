//! One-time passcodes: a user who forgot the password gets one and sets another password with it.
//! Nothing tells a caller whether an address belongs to somebody.

use chrono::TimeDelta;
use thiserror::Error;
use tracing::warn;

use super::{Core, audit, commit, on, sessions::Sessions};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, secret},
        passwords::{self, Weakness},
        random,
        tokens::{equal_in_constant_time, hash_secret},
        users::User,
    },
    outbound::{
        requests::Requests,
        webhook::{self, Message},
    },
    store::{StoreError, api_keys, user_secrets, users},
};

/// How long a passcode may be used.
const LIFE: TimeDelta = TimeDelta::minutes(20);

/// Why a passcode did not set a password.
#[derive(Debug, Error)]
pub enum PasscodeError {
    /// Unknown address, wrong passcode or one that has ended; which of them is not told.
    #[error("wrong e-mail address or one-time passcode")]
    Wrong,
    /// The new password is too easy.
    #[error("the password is too weak")]
    Weak(#[source] Weakness),
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

/// Making and taking one-time passcodes.
#[derive(Clone)]
pub struct Passcodes {
    core: Core,
    sessions: Sessions,
    requests: Requests,
}

impl Passcodes {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions, requests: Requests) -> Self {
        Self {
            core,
            sessions,
            requests,
        }
    }

    /// Makes a passcode for whom this address belongs to, and sends it. To be run where its time
    /// and outcome show nobody whether there is such a user.
    pub async fn send(&self, email: &str, origin: &Origin) {
        let Some(endpoint) = &self.core.settings.message_webhook else {
            warn!("a one-time passcode was asked for, but no webhook is set up that could send it");
            return;
        };
        // A UUID: what the incumbent's mail shows, with 122 random bits.
        let passcode = random::uuid().to_string();
        let user = match self.keep(email, &passcode, origin).await {
            Ok(Some(user)) => user,
            Ok(None) => return,
            Err(error) => {
                warn!(%error, "a one-time passcode could not be kept");
                return;
            }
        };
        let message = Message {
            id: random::uuid(),
            kind: "One-Time Passcode",
            user: &user,
            title: "A one-time passcode for your account".to_owned(),
            text: format!(
                "Set a new password with this passcode within {} minutes: {passcode}\n\
                 If you did not ask for it, nothing needs to be done.",
                LIFE.num_minutes()
            ),
            labels: &[("one_time_passcode", &passcode)],
        };
        if let Err(error) = webhook::send(&self.requests, endpoint, &message).await {
            warn!(%error, user = %user.id, "a one-time passcode could not be sent");
        }
    }

    async fn keep(
        &self,
        email: &str,
        passcode: &str,
        origin: &Origin,
    ) -> Result<Option<User>, StoreError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let hash = hash_secret(passcode);
        let Some(id) =
            user_secrets::set_passcode(on(&mut tx), email, &hash, now + LIFE, now).await?
        else {
            return Ok(None);
        };
        let Some(user) = users::find(on(&mut tx), id).await? else {
            return Ok(None);
        };
        let entry = entry(AuditAction::RequestPasswordReset, &user).changing(
            &[secret("one_time_passcode", "old")],
            &[secret("one_time_passcode", "new")],
        );
        audit::record(on(&mut tx), user.id, origin, entry, now).await?;
        commit(tx).await?;
        Ok(Some(user))
    }

    /// Sets a user's password with a passcode, which is then void, and ends all its sessions
    /// and tokens.
    ///
    /// # Errors
    /// When the passcode is not the user's or has ended, or the password is weak or no change.
    pub async fn change_password(
        &self,
        email: &str,
        passcode: &str,
        password: String,
        origin: &Origin,
    ) -> Result<(), PasscodeError> {
        let now = self.core.now();
        let mut conn = self.core.conn().await?;
        let found = user_secrets::find_passcode(&mut conn, email).await?;
        drop(conn);
        let given = hash_secret(passcode);
        // An unknown address compares as well.
        let expected = found.as_ref().map(|row| row.hash.as_slice());
        let is_right = equal_in_constant_time(&given, expected.unwrap_or(&[0; 32]));
        let found = found
            .filter(|row| is_right && row.expires_at > now)
            .ok_or(PasscodeError::Wrong)?;
        passwords::check_strength(&password).map_err(PasscodeError::Weak)?;
        if self
            .sessions
            .verify(password.clone(), found.password_hash)
            .await
        {
            return Err(PasscodeError::Same);
        }
        let hash = self
            .sessions
            .hash(password)
            .await
            .ok_or(PasscodeError::Hash)?;
        let mut tx = self.core.begin().await?;
        // Of two who use one passcode at once, the second finds it void.
        if !user_secrets::take_passcode(on(&mut tx), found.id, &given).await? {
            return Err(PasscodeError::Wrong);
        }
        let Some(user) = users::lock(on(&mut tx), found.id).await? else {
            return Err(PasscodeError::Wrong);
        };
        user_secrets::update_password(on(&mut tx), user.id, &hash, now).await?;
        api_keys::delete_by_user(on(&mut tx), user.id).await?;
        let entry = entry(AuditAction::Write, &user).changing(
            &[secret("hashed_password", "old")],
            &[secret("hashed_password", "new")],
        );
        audit::record(on(&mut tx), user.id, origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(())
    }
}

fn entry(action: AuditAction, user: &User) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::User,
        user.id.0,
        user.username.clone(),
        204,
    )
}
