//! Questions about rights: may the caller do this to that?

use super::Core;
use crate::{
    domain::{
        ids::UserId,
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    store::{StoreError, objects, users},
};

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the caller wants to do; nothing for an action that does not exist.
    pub action: Option<Action>,
    /// What to; nothing for a kind that does not exist. An id means the thing as it is kept.
    pub object: Option<Object>,
}

/// Answers questions about rights.
#[derive(Clone)]
pub struct AuthCheck {
    core: Core,
}

impl AuthCheck {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Whether the actor may; no for what does not exist or is hidden.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may(&self, actor: &Actor, question: &Question) -> Result<bool, StoreError> {
        let (Some(action), Some(asked)) = (question.action, &question.object) else {
            return Ok(false);
        };
        let Some(id) = asked.id else {
            return Ok(actor.may(action, asked));
        };
        let mut conn = self.core.conn().await?;
        let found = match asked.kind {
            ResourceKind::Workspace => objects::find_workspace(&mut conn, id).await?,
            ResourceKind::Template => objects::find_template(&mut conn, id).await?,
            ResourceKind::Group => objects::find_group(&mut conn, id).await?,
            ResourceKind::User => users::find(&mut conn, UserId(id))
                .await?
                .map(|user| Object::user(user.id)),
            _ => None,
        };
        Ok(found
            .is_some_and(|object| actor.may(Action::Read, &object) && actor.may(action, &object)))
    }
}
