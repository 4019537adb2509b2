//! Pages of lists that were read lately. A page is the same as long as no transaction has ended
//! since it was read, which costs next to nothing to ask; where many poll and few write, most
//! lists are answered so. Decides no right: what the reader may read is a part of the key.

use std::sync::Arc;

use moka::future::Cache;
use sqlx::PgConnection;

use super::Core;
use crate::{
    domain::{
        glances::GlancedPage,
        ids::{OrganizationId, UserId},
        pagination::Page,
        rights::actor::ReadFilter,
        search::workspaces::WorkspaceQuery,
    },
    store::{
        StoreError,
        workspace_lists::{self, ListContext},
    },
};

/// Glances kept at most, each of about half a KiB.
const MOST_GLANCES: u64 = 8192;
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
            MOST_GLANCES
        };
        let weight = |_: &Key, page: &Arc<GlancedPage>| {
            u32::try_from(page.glances.len() + 1).unwrap_or(u32::MAX)
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
