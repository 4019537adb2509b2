//! Users as an identity provider wants them over SCIM: made, shut out, let in again. The provider
//! shows a secret of the deployment in place of rights; the log names nobody as who did it.

use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::{
    Core, audit, commit, on,
    sessions::Sessions,
    users::{CreateUserError, Provisioned, Users},
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, shown},
        ids::UserId,
        names, random, scim,
        users::{User, UserStatus},
    },
    store::{StoreError, users},
};

/// Why a provider is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ScimAccessError {
    /// The deployment has no secret for providers.
    #[error("SCIM is not set up")]
    Off,
    /// The secret is another.
    #[error("the Authorization header is not the one that was set up")]
    Denied,
}

/// Why a provider's wish is not fulfilled.
#[derive(Debug, Error)]
pub enum ScimError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Usernames are not changed over SCIM.
    #[error("the userName of a user cannot be changed")]
    Immutable,
    /// The user could not be made.
    #[error("the user could not be made")]
    Create(#[from] CreateUserError),
    /// The database failed.
    #[error("the user could not be read or changed")]
    Store(#[from] StoreError),
}

/// Users as a provider wants them.
#[derive(Clone)]
pub struct Scim {
    core: Core,
    sessions: Sessions,
    users: Users,
}

impl Scim {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions, users: Users) -> Self {
        Self {
            core,
            sessions,
            users,
        }
    }

    /// Whether SCIM is set up.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.core.settings.scim_auth_header.is_empty()
    }

    /// Lets a provider in that shows the deployment's secret, with or without `Bearer` before it.
    ///
    /// # Errors
    /// When SCIM is off, and for any other secret.
    pub fn admit(&self, authorization: &[u8]) -> Result<(), ScimAccessError> {
        if !self.is_on() {
            return Err(ScimAccessError::Off);
        }
        let given = authorization
            .strip_prefix(b"Bearer ")
            .unwrap_or(authorization);
        let wanted = self.core.settings.scim_auth_header.as_bytes();
        if given.ct_eq(wanted).into() {
            Ok(())
        } else {
            Err(ScimAccessError::Denied)
        }
    }

    /// Makes a user that signs in by OIDC; one that is there already, by e-mail
    /// address or username, is let in again if the provider says that it is active.
    ///
    /// # Errors
    /// When the user cannot be made.
    pub async fn provision(&self, origin: &Origin, wish: scim::Wish) -> Result<User, ScimError> {
        let mut conn = self.core.conn().await?;
        let found = users::find_by_email_or_name(&mut conn, &wish.email, &wish.username).await?;
        drop(conn);
        if let Some(found) = found {
            if wish.active {
                return self.set_active(origin, found.id, true, None).await;
            }
            return Ok(found);
        }
        let username = if wish.username.is_empty() {
            random::username()
        } else {
            wish.username
        };
        let order = Provisioned {
            email: wish.email,
            username,
            name: names::to_real_name(&wish.name),
            status: if wish.active {
                UserStatus::Dormant
            } else {
                UserStatus::Suspended
            },
        };
        Ok(self.users.provision(origin, order).await?)
    }

    /// Lets a user in, who is dormant until then, or shuts it out. `username` is what the
    /// provider calls the user, where it says so.
    ///
    /// # Errors
    /// When there is no such user, or the provider calls it by another name.
    pub async fn set_active(
        &self,
        origin: &Origin,
        user: UserId,
        active: bool,
        username: Option<&str>,
    ) -> Result<User, ScimError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let before = users::lock(on(&mut tx), user)
            .await?
            .ok_or(ScimError::NotFound)?;
        if username.is_some_and(|name| !is_called(&before, name)) {
            return Err(ScimError::Immutable);
        }
        let status = match (active, before.status) {
            (false, _) => UserStatus::Suspended,
            (true, UserStatus::Suspended) => UserStatus::Dormant,
            (true, other) => other,
        };
        if status == before.status {
            return Ok(before);
        }
        users::update_status(on(&mut tx), user, status, now).await?;
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::User,
            user.0,
            before.username.clone(),
            200,
        )
        .changing(
            &[shown("status", before.status.as_str())],
            &[shown("status", status.as_str())],
        );
        audit::record(on(&mut tx), UserId::default(), origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user);
        Ok(User {
            status,
            updated_at: now,
            ..before
        })
    }
}

/// Whether a provider means this user by this name.
fn is_called(user: &User, name: &str) -> bool {
    [name, &names::to_username(name)]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&user.username))
        || name.eq_ignore_ascii_case(&user.email)
}
