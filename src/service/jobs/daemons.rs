//! Daemons: coming, living, being forgotten; and the news they wait for.

use futures::{Stream, StreamExt as _};

use super::Jobs;
use crate::{
    domain::{
        daemons::{BUILT_IN_KEY, FORGOTTEN_AFTER, NewDaemon, Worker},
        ids::{DaemonId, JobId, UserId},
        jobs::ProvisionerKind,
        tags,
    },
    pubsub::Event,
    service::version::{API_VERSION, PROVISIONER_API_VERSION},
    store::{StoreError, daemons, organizations},
};

impl Jobs {
    /// Notes that a daemon came and tells what it may be given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(&self, daemon: NewDaemon) -> Result<Worker, StoreError> {
        let mut conn = self.core.conn().await?;
        let id = daemons::upsert(&mut conn, &daemon, self.core.now()).await?;
        Ok(Worker {
            id,
            organization_id: daemon.organization_id,
            provisioners: daemon.provisioners,
            tags: daemon.tags,
        })
    }

    /// Notes that a daemon of this server came; it works for the default organization.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_built_in(&self, name: String) -> Result<Worker, StoreError> {
        let organization_id = organizations::default_id(&mut *self.core.conn().await?).await?;
        self.register(NewDaemon {
            organization_id,
            name,
            provisioners: vec![ProvisionerKind::Terraform],
            tags: tags::merge(UserId::default(), []),
            version: API_VERSION.to_owned(),
            api_version: PROVISIONER_API_VERSION.to_owned(),
            key_id: BUILT_IN_KEY,
        })
        .await
    }

    /// Notes that daemons live.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seen(&self, ids: &[DaemonId]) -> Result<(), StoreError> {
        daemons::touch(&mut *self.core.conn().await?, ids, self.core.now()).await
    }

    /// Forgets daemons that were not seen for long; tells how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_daemons(&self) -> Result<u64, StoreError> {
        let since = self.core.now() - FORGOTTEN_AFTER;
        daemons::delete_unseen(&mut *self.core.conn().await?, since).await
    }

    /// Gives something whenever a job may wait.
    pub fn postings(&self) -> impl Stream<Item = ()> + Send + Unpin + 'static + use<> {
        let wakes = |event| matches!(event, Event::JobPosted | Event::Resync);
        let events = self.core.events.subscribe();
        events.filter_map(move |event| std::future::ready(wakes(event).then_some(())))
    }

    /// Gives something whenever this job may have been canceled or taken away.
    pub fn cancellations(
        &self,
        job: JobId,
    ) -> impl Stream<Item = ()> + Send + Unpin + 'static + use<> {
        let concerns = move |event| event == Event::JobCanceled(job) || event == Event::Resync;
        let events = self.core.events.subscribe();
        events.filter_map(move |event| std::future::ready(concerns(event).then_some(())))
    }
}
