//! How templates are used: counted at most once in a while, because counting looks at every
//! workspace and at a month of builds. Each replica counts for itself.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use moka::future::Cache;

use crate::{
    domain::{ids::TemplateId, provisioning::Transition, templates::Usage},
    service::Core,
    store::{StoreError, templates},
};

/// How old the counts may be.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// How far back builds count.
const BUILDS_OF: TimeDelta = TimeDelta::days(30);

type Counts = Arc<HashMap<TemplateId, Usage>>;

/// The counts with their age.
#[derive(Clone)]
pub(super) struct UsageCache {
    core: Core,
    counts: Cache<(), Counts>,
}

impl UsageCache {
    pub(super) fn new(core: Core) -> Self {
        let counts = Cache::builder()
            .max_capacity(1)
            .time_to_live(KEPT_FOR)
            .build();
        Self { core, counts }
    }

    /// The counts of all templates that have any.
    pub(super) async fn all(&self) -> Result<Counts, StoreError> {
        if let Some(counts) = self.counts.get(&()).await {
            return Ok(counts);
        }
        let counts = Arc::new(self.count().await?);
        self.counts.insert((), Arc::clone(&counts)).await;
        Ok(counts)
    }

    async fn count(&self) -> Result<HashMap<TemplateId, Usage>, StoreError> {
        let mut counts: HashMap<TemplateId, Usage> = HashMap::new();
        let mut conn = self.core.conn().await?;
        for (template, owners) in templates::list_active_users(&mut conn).await? {
            counts.entry(template).or_default().active_users = owners;
        }
        let since = self.core.now() - BUILDS_OF;
        for (template, transition, times) in templates::list_build_times(&mut conn, since).await? {
            let usage = counts.entry(template).or_default();
            match transition {
                Transition::Start => usage.start = times,
                Transition::Stop => usage.stop = times,
                Transition::Delete => usage.delete = times,
            }
        }
        Ok(counts)
    }
}
