//! What a user last gave a template's parameters, to begin the next form with.

use super::{FindUserError, Users};
use crate::{
    domain::{
        ids::{TemplateId, UserId},
        rights::{Action, Object, actor::Actor},
    },
    store::autofill,
};

impl Users {
    /// Names and last values of a template's parameters in the user's builds.
    ///
    /// # Errors
    /// [`FindUserError::NotFound`] where the caller may not see the user's private data.
    pub async fn autofill(
        &self,
        actor: &Actor,
        user: UserId,
        template: TemplateId,
    ) -> Result<Vec<(String, String)>, FindUserError> {
        if !actor.may(Action::ReadPersonal, &Object::user(user)) {
            return Err(FindUserError::NotFound);
        }
        let mut conn = self.core.conn().await?;
        Ok(autofill::list(&mut conn, user, template).await?)
    }
}
