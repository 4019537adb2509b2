//! Changing and deleting users.

use thiserror::Error;

use super::{Users, tracked};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry},
        ids::UserId,
        rights::{Action, Object, actor::Actor, roles::SiteRole},
        users::{User, UserStatus},
    },
    pubsub::Event,
    service::{audit, commit, on},
    store::{StoreError, api_keys, template_access, users},
};

/// Why a user was not changed.
#[derive(Debug, Error)]
pub enum ChangeUserError {
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The caller may not do this.
    #[error("the user may not be changed by the caller")]
    Denied,
    /// The username belongs to somebody else.
    #[error("the username is taken")]
    Taken,
    /// Nobody does this to themselves.
    #[error("one cannot do this to oneself")]
    Oneself,
    /// An owner of the site cannot be suspended.
    #[error("an owner of the site cannot be suspended")]
    Owner,
    /// The user has workspaces.
    #[error("the user still has workspaces")]
    HasWorkspaces,
    /// The database failed.
    #[error("the user could not be changed")]
    Store(#[from] StoreError),
}

impl Users {
    /// Sets the username and the full name.
    ///
    /// # Errors
    /// [`ChangeUserError::Taken`] when somebody else has the username.
    pub async fn set_profile(
        &self,
        actor: &Actor,
        user: UserId,
        username: String,
        name: String,
    ) -> Result<User, ChangeUserError> {
        require(actor, Action::UpdatePersonal, user)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let before = users::lock(on(&mut tx), user)
            .await?
            .ok_or(ChangeUserError::NotFound)?;
        match users::update_profile(on(&mut tx), user, &username, &name, now).await {
            Err(StoreError::Unique { .. }) => return Err(ChangeUserError::Taken),
            other => other?,
        }
        let after = User {
            username,
            name,
            updated_at: now,
            ..before.clone()
        };
        let changed = self.finish(tx, actor, &before, after).await?;
        self.core.events.publish(Event::Owner(user));
        Ok(changed)
    }

    /// Sets the theme.
    ///
    /// # Errors
    /// [`ChangeUserError::Denied`] without the right.
    pub async fn set_theme(
        &self,
        actor: &Actor,
        user: UserId,
        theme_preference: String,
    ) -> Result<User, ChangeUserError> {
        require(actor, Action::UpdatePersonal, user)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let before = users::lock(on(&mut tx), user)
            .await?
            .ok_or(ChangeUserError::NotFound)?;
        users::update_theme(on(&mut tx), user, &theme_preference, now).await?;
        let after = User {
            theme_preference,
            updated_at: now,
            ..before.clone()
        };
        self.finish(tx, actor, &before, after).await
    }

    /// Suspends a user or makes it active.
    ///
    /// # Errors
    /// Nobody suspends themselves, and nobody an owner of the site.
    pub async fn set_status(
        &self,
        actor: &Actor,
        user: UserId,
        status: UserStatus,
    ) -> Result<User, ChangeUserError> {
        if status == UserStatus::Suspended && user == actor.id {
            return Err(ChangeUserError::Oneself);
        }
        require(actor, Action::Update, user)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let before = users::lock(on(&mut tx), user)
            .await?
            .ok_or(ChangeUserError::NotFound)?;
        if status == UserStatus::Suspended && before.site_roles.contains(&SiteRole::Owner) {
            return Err(ChangeUserError::Owner);
        }
        users::update_status(on(&mut tx), user, status, now).await?;
        let after = User {
            status,
            updated_at: now,
            ..before.clone()
        };
        self.finish(tx, actor, &before, after).await
    }

    /// Deletes a user: it is kept for history, its names become free, its keys end.
    ///
    /// # Errors
    /// [`ChangeUserError::HasWorkspaces`] while it has workspaces that are not deleted.
    pub async fn delete(&self, actor: &Actor, user: UserId) -> Result<(), ChangeUserError> {
        require(actor, Action::Delete, user)?;
        if user == actor.id {
            return Err(ChangeUserError::Oneself);
        }
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let Some(before) = users::lock(on(&mut tx), user).await? else {
            // Deleting twice changes nothing more.
            return Ok(());
        };
        if users::has_workspaces(on(&mut tx), user).await? {
            return Err(ChangeUserError::HasWorkspaces);
        }
        users::delete(on(&mut tx), user, now).await?;
        let templates = template_access::forget_user(on(&mut tx), user, now).await?;
        api_keys::delete_by_user(on(&mut tx), user).await?;
        let entry = NewEntry::new(
            AuditAction::Delete,
            AuditedKind::User,
            user.0,
            before.username.clone(),
            200,
        )
        .changing(&tracked(&before), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user);
        for template in templates {
            self.core.events.publish(Event::Template(template));
        }
        Ok(())
    }

    async fn finish(
        &self,
        mut tx: sqlx::PgTransaction<'_>,
        actor: &Actor,
        before: &User,
        after: User,
    ) -> Result<User, ChangeUserError> {
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::User,
            after.id.0,
            after.username.clone(),
            200,
        )
        .changing(&tracked(before), &tracked(&after));
        audit::record(
            on(&mut tx),
            actor.id,
            &actor.origin,
            entry,
            after.updated_at,
        )
        .await?;
        commit(tx).await?;
        self.sessions.changed(after.id);
        Ok(after)
    }
}

fn require(actor: &Actor, action: Action, user: UserId) -> Result<(), ChangeUserError> {
    if actor.may(action, &Object::user(user)) {
        Ok(())
    } else {
        Err(ChangeUserError::Denied)
    }
}
