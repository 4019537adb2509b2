//! Use cases on organizations.

pub mod change;

use thiserror::Error;

use super::{Core, sessions::Sessions};
use crate::{
    domain::{
        ids::{OrganizationId, UserId},
        organizations::Organization,
        rights::{Action, Object, ResourceKind, actor::Actor},
        users::OrganizationRef,
    },
    store::{StoreError, organizations},
};

/// Why an organization is not shown.
#[derive(Debug, Error)]
pub enum FindOrganizationError {
    /// No such organization, or the caller may not see it.
    #[error("no such organization")]
    NotFound,
    /// The database failed.
    #[error("the organization could not be read")]
    Store(#[from] StoreError),
}

/// Organizations of the deployment.
#[derive(Clone)]
pub struct Organizations {
    core: Core,
    sessions: Sessions,
}

impl Organizations {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions) -> Self {
        Self { core, sessions }
    }

    /// Finds the organization that a path names, if the actor may see it.
    ///
    /// # Errors
    /// [`FindOrganizationError::NotFound`] for missing and for hidden ones alike.
    pub async fn resolve(
        &self,
        actor: &Actor,
        organization: &OrganizationRef,
    ) -> Result<Organization, FindOrganizationError> {
        let (id, name) = match organization {
            OrganizationRef::Default => (None, None),
            OrganizationRef::Id(id) => (Some(*id), None),
            OrganizationRef::Name(name) => (None, Some(name.as_str())),
        };
        organizations::find(&mut *self.core.conn().await?, id, name)
            .await?
            .filter(|found| actor.may(Action::Read, &object(found.id)))
            .ok_or(FindOrganizationError::NotFound)
    }

    /// The organizations that the actor may see: all of them, or those of one user.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        actor: &Actor,
        member: Option<UserId>,
    ) -> Result<Vec<Organization>, StoreError> {
        let filter = actor.read_filter(ResourceKind::Organization);
        let only = (!filter.everything).then_some(filter.organizations.as_slice());
        organizations::list(&mut *self.core.conn().await?, member, only).await
    }

    /// The organization of this name among those of one user.
    ///
    /// # Errors
    /// [`FindOrganizationError::NotFound`] when there is none that the actor may see.
    pub async fn find_of_user(
        &self,
        actor: &Actor,
        member: UserId,
        name: &str,
    ) -> Result<Organization, FindOrganizationError> {
        self.list(actor, Some(member))
            .await?
            .into_iter()
            .find(|found| found.name.eq_ignore_ascii_case(name))
            .ok_or(FindOrganizationError::NotFound)
    }
}

/// An organization, as rights see it.
pub(crate) fn object(id: OrganizationId) -> Object {
    Object::of(ResourceKind::Organization)
        .with_id(id.0)
        .in_organization(id)
}
