//! What users want to be told and how messages are sent: kept and shown. Nothing is sent yet.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use super::{Core, audit, commit, on};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, shown},
        ids::{NotificationTemplateId, UserId},
        notifications::{self as kinds, DispatchMethod, Preference},
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{StoreError, deployment, notifications},
};

/// Why something of notifications is not shown or changed.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The caller may not do this.
    #[error("notifications may not be changed like this by the caller")]
    Denied,
    /// There is no such kind of message, or the caller may not change it.
    #[error("there is no such notification template")]
    NoTemplate,
    /// A user decided on a kind of message that there is not.
    #[error("there is no notification template {0}")]
    UnknownTemplate(NotificationTemplateId),
    /// The database failed.
    #[error("notifications could not be read or kept")]
    Store(#[from] StoreError),
}

/// How kinds of messages are sent that have a way of their own.
pub type Methods = HashMap<NotificationTemplateId, DispatchMethod>;

/// Notifications.
#[derive(Clone)]
pub struct Notifications {
    core: Core,
}

impl Notifications {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Whether no messages are sent; anybody who is signed in may know.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_paused(&self) -> Result<bool, StoreError> {
        notifications::is_paused(&mut *self.core.conn().await?).await
    }

    /// Sets whether no messages are sent; false when that was so already.
    ///
    /// # Errors
    /// [`NotificationError::Denied`] without the right to change settings of the deployment.
    pub async fn set_paused(
        &self,
        actor: &Actor,
        is_paused: bool,
    ) -> Result<bool, NotificationError> {
        if !actor.may(Action::Update, &Object::of(ResourceKind::DeploymentConfig)) {
            return Err(NotificationError::Denied);
        }
        let mut tx = self.core.begin().await?;
        if !notifications::set_paused(on(&mut tx), is_paused).await? {
            return Ok(false);
        }
        let deployment = deployment::id(on(&mut tx)).await?;
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::NotificationsSettings,
            deployment.0,
            "",
            200,
        )
        .changing(
            &[shown("notifier_paused", !is_paused)],
            &[shown("notifier_paused", is_paused)],
        );
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        Ok(true)
    }

    /// How kinds of messages are sent that have a way of their own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn methods(&self) -> Result<Methods, StoreError> {
        notifications::methods(&mut *self.core.conn().await?).await
    }

    /// Gives a kind of message a way of its own; false when it had that already.
    ///
    /// # Errors
    /// [`NotificationError::NoTemplate`] for unknown kinds, and without the right.
    pub async fn set_method(
        &self,
        actor: &Actor,
        template: NotificationTemplateId,
        method: DispatchMethod,
    ) -> Result<bool, NotificationError> {
        let kind = kinds::find(template)
            .filter(|_| {
                actor.may(
                    Action::Update,
                    &Object::of(ResourceKind::NotificationTemplate),
                )
            })
            .ok_or(NotificationError::NoTemplate)?;
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let before = notifications::methods(on(&mut tx)).await?;
        let before = before.get(&template).copied();
        if before == Some(method) {
            return Ok(false);
        }
        notifications::put_method(on(&mut tx), template, method, now).await?;
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::NotificationTemplate,
            template.0,
            kind.name,
            200,
        )
        .changing(
            &[shown("method", before.map_or("", DispatchMethod::as_str))],
            &[shown("method", method.as_str())],
        );
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(true)
    }

    /// What a user decided on.
    ///
    /// # Errors
    /// [`NotificationError::Denied`] without the right.
    pub async fn preferences(
        &self,
        actor: &Actor,
        user: UserId,
    ) -> Result<Vec<Preference>, NotificationError> {
        require(actor, Action::Read, user)?;
        Ok(notifications::preferences(&mut *self.core.conn().await?, user).await?)
    }

    /// Keeps a user's decisions, whether each kind of message is not wanted, and gives all.
    ///
    /// # Errors
    /// Without the right, and for kinds of messages that there are not.
    pub async fn decide(
        &self,
        actor: &Actor,
        user: UserId,
        wishes: &BTreeMap<NotificationTemplateId, bool>,
    ) -> Result<Vec<Preference>, NotificationError> {
        require(actor, Action::Update, user)?;
        if let Some(unknown) = wishes.keys().find(|id| kinds::find(**id).is_none()) {
            return Err(NotificationError::UnknownTemplate(*unknown));
        }
        let (templates, disabled): (Vec<_>, Vec<_>) = wishes
            .iter()
            .map(|(id, disabled)| (id.0, *disabled))
            .unzip();
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        notifications::put_preferences(on(&mut tx), user, &templates, &disabled, now).await?;
        let kept = notifications::preferences(on(&mut tx), user).await?;
        commit(tx).await?;
        Ok(kept)
    }
}

fn require(actor: &Actor, action: Action, user: UserId) -> Result<(), NotificationError> {
    let object = Object::of(ResourceKind::NotificationPreference).owned_by(user);
    if actor.may(action, &object) {
        Ok(())
    } else {
        Err(NotificationError::Denied)
    }
}
