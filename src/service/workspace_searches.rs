//! What a search for workspaces means to who reads: names looked up, rights and time added.
//! Lists and watched searches ask the store through it.

use chrono::TimeDelta;

use super::{
    Core,
    organizations::{FindOrganizationError, Organizations},
};
use crate::{
    domain::{
        ids::OrganizationId,
        rights::actor::{Actor, ReadFilter},
        search::workspaces::WorkspaceQuery,
        users::{OrganizationRef, UserRef},
    },
    store::workspace_lists::ListContext,
};

/// A search whose organization is known.
pub(super) struct WorkspaceSearch {
    pub(super) query: WorkspaceQuery,
    organization: Option<OrganizationId>,
}

impl WorkspaceSearch {
    /// Looks up what the search names.
    ///
    /// # Errors
    /// When it names an organization that the actor cannot see.
    pub(super) async fn resolve(
        organizations: &Organizations,
        actor: &Actor,
        query: WorkspaceQuery,
    ) -> Result<Self, FindOrganizationError> {
        let organization = match &query.organization {
            None => None,
            // An id is not looked up: what the actor may not see is left out anyway.
            Some(OrganizationRef::Id(id)) => Some(*id),
            Some(named) => Some(organizations.resolve(actor, named).await?.id),
        };
        Ok(Self {
            query,
            organization,
        })
    }

    /// What the store needs beside the query, for this reader now.
    pub(super) fn context<'a>(
        &'a self,
        core: &Core,
        actor: &Actor,
        filter: &'a ReadFilter,
    ) -> ListContext<'a> {
        let now = core.now();
        let inactive = TimeDelta::from_std(core.settings.agent_inactive_after);
        let (owner_id, owner_name) = match &self.query.owner {
            None => (None, None),
            Some(UserRef::Me) => (Some(actor.id), None),
            Some(UserRef::Id(id)) => (Some(*id), None),
            Some(UserRef::Name(name)) => (None, Some(name.as_str())),
        };
        ListContext {
            filter,
            reader: actor.id,
            owner_id,
            owner_name,
            organization: self.organization,
            now,
            inactive_before: now - inactive.unwrap_or_default(),
        }
    }
}
