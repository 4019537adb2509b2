//! Listing users.

use super::Users;
use crate::{
    domain::{
        pagination::Page,
        rights::{ResourceKind, actor::Actor},
        search::users::UserQuery,
        users::User,
    },
    store::{StoreError, users},
};

impl Users {
    /// A page of the users that the actor may see, by username, and how many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        actor: &Actor,
        search: &UserQuery,
        page: Page,
    ) -> Result<(Vec<User>, i64), StoreError> {
        let filter = actor.read_filter(ResourceKind::User);
        let only = match (filter.everything, filter.own) {
            (true, _) => None,
            (false, Some(own)) => Some(own),
            (false, None) => return Ok((Vec::new(), 0)),
        };
        users::list(&mut *self.core.conn().await?, only, search, page).await
    }
}
