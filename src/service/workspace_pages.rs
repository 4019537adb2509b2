//! Pages of lists that were read lately. A page is the same as long as no transaction has ended
//! since it was read, which costs next to nothing to ask; where many poll and few write, most
//! lists are answered so. Decides no right: what the reader may read is a part of the key.

use std::sync::Arc;

use moka::future::Cache;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Core;
use crate::{
    domain::{
        glances::GlancedPage,
        ids::{OrganizationId, UserId},
        pagination::Page,
        rights::actor::ReadFilter,
        search::workspaces::WorkspaceQuery,
        users::{OrganizationRef, UserRef},
    },
    store::{
        StoreError,
        workspace_lists::{self, ListContext},
    },
};

/// Bytes that all kept pages may take.
const MOST_BYTES: u64 = 4 << 20;
/// Bytes that a glance takes with what it owns.
const GLANCE: usize = 512;
/// Pages with more rows are not kept.
const LONGEST: usize = 256;

/// All that a page depends on beside the database.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    filter: ReadFilter,
    reader: UserId,
    owner: Option<UserId>,
    organization: Option<OrganizationId>,
    query: WorkspaceQuery,
    page: Page,
}

impl Key {
    /// Bytes that the key takes: a client chooses how long its search is.
    fn bytes(&self) -> usize {
        let Self { filter, query, .. } = self;
        let texts = [&query.name, &query.template, &query.has_agent];
        let owner = match &query.owner {
            Some(UserRef::Name(name)) => name.len(),
            _ => 0,
        };
        let organization = match &query.organization {
            Some(OrganizationRef::Name(name)) => name.len(),
            _ => 0,
        };
        let names = query.parameter_names.iter();
        let values = query.parameter_values.iter();
        size_of::<Self>()
            + owner
            + organization
            + (query.ids.len()
                + filter.organizations.len()
                + filter.member_of.len()
                + filter.groups.len())
                * size_of::<Uuid>()
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
            + names.map(String::len).sum::<usize>()
            + values
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>()
            + (query.parameter_names.len() + 2 * query.parameter_values.len()) * size_of::<String>()
    }
}

/// The pages.
#[derive(Clone)]
pub(super) struct WorkspacePages {
    cache: Cache<Key, Arc<GlancedPage>>,
}

impl WorkspacePages {
    /// None yet; none ever where nothing may be kept.
    pub(super) fn new(core: &Core) -> Self {
        let most = if core.settings.workspace_cache_bytes == 0 {
            0
        } else {
            MOST_BYTES
        };
        let weight = |key: &Key, page: &Arc<GlancedPage>| {
            let bytes = key.bytes() + (page.glances.len() + 1) * GLANCE;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self {
            cache: Cache::builder().weigher(weight).max_capacity(most).build(),
        }
    }

    /// A page, remembered or read.
    pub(super) async fn get(
        &self,
        conn: &mut PgConnection,
        context: &ListContext<'_>,
        query: &WorkspaceQuery,
        page: &Page,
    ) -> Result<Arc<GlancedPage>, StoreError> {
        if query.has_agent.is_some() {
            // Time passes without any transaction.
            return Ok(Arc::new(
                workspace_lists::list(conn, context, query, page).await?,
            ));
        }
        let key = Key {
            filter: context.filter.clone(),
            reader: context.reader,
            owner: context.owner_id,
            organization: context.organization,
            query: query.clone(),
            page: *page,
        };
        if let Some(known) = self.cache.get(&key).await
            && known.snapshot == Some(workspace_lists::snapshot(conn).await?)
        {
            return Ok(known);
        }
        let read = Arc::new(workspace_lists::list(conn, context, query, page).await?);
        if read.snapshot.is_some() && read.glances.len() <= LONGEST {
            self.cache.insert(key, Arc::clone(&read)).await;
        }
        Ok(read)
    }
}
