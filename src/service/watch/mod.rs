//! Watching workspaces: one feed for each watched workspace of this process and one set for
//! each watched search, all rendered once for whoever sees the same. Owns when the database is
//! looked at again; knows neither the form of what is rendered nor how it is sent.

mod feed;

mod lists;

mod mailbox;

mod searches;

mod timeouts;

mod viewers;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    Core,
    organizations::Organizations,
    sessions::Sessions,
    workspace_views::{FindWorkspaceError, WorkspaceViews},
};
use crate::{
    domain::{
        ids::WorkspaceId,
        rights::{Action, actor::Actor},
    },
    pubsub::Event,
    store::{StoreError, workspace_glances, workspaces},
};
use feed::{Feed, Snapshot};
pub use feed::{Render, Update, Watcher};
use lists::Lists;
pub use lists::{ListUpdate, ListWatcher};
pub use searches::WatchListError;
use viewers::Viewers;

/// How often revisions are compared with the database, so that a lost event only delays.
const COMPARE_EVERY: Duration = Duration::from_secs(15);
/// Looks at the database at once for feeds; each takes a connection.
const LOOKS: usize = 4;
/// Workspaces that one look loads at most.
const BATCH: usize = 32;

/// All that is watched in this process.
#[derive(Clone)]
pub struct Watches {
    core: Core,
    views: WorkspaceViews,
    organizations: Organizations,
    render: Render,
    looks: Arc<AtomicU64>,
    feeds: Arc<Mutex<HashMap<WorkspaceId, Weak<Feed>>>>,
    lists: Lists,
    viewers: Viewers,
}

impl Watches {
    /// The service, with nobody watching.
    #[must_use]
    pub fn new(
        core: Core,
        views: WorkspaceViews,
        organizations: Organizations,
        sessions: Sessions,
        render: Render,
    ) -> Self {
        Self {
            core,
            views,
            organizations,
            render,
            looks: Arc::default(),
            feeds: Arc::default(),
            lists: Lists::default(),
            viewers: Viewers::new(sessions),
        }
    }

    /// Begins to watch a workspace that the actor may read; who knows all up to the revision
    /// `seen` is not told the present state when that is no newer.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] for missing and for hidden ones alike.
    pub async fn watch(
        &self,
        actor: Actor,
        id: WorkspaceId,
        seen: Option<i64>,
    ) -> Result<Watcher, FindWorkspaceError> {
        // Before the first look, so that no change falls between the two.
        let feed = self.feed_or_new(id);
        let mut conn = self.core.conn().await?;
        let glance = workspace_glances::find(&mut conn, id)
            .await?
            .filter(|glance| actor.may(Action::Read, &glance.object()))
            .ok_or(FindWorkspaceError::NotFound)?;
        drop(conn);
        let revision = glance.fingerprint.newest();
        if !feed.knows(revision) {
            let _turn = feed.opening.lock().await;
            if !feed.knows(revision) {
                self.look(&[id]).await?;
            }
        }
        Ok(Watcher::new(feed, self.viewers.viewer(actor), seen))
    }

    /// Sends the present state to the watchers of this process at once, if there are any.
    pub async fn refresh(&self, id: WorkspaceId) {
        let feed = self.feeds().get(&id).and_then(Weak::upgrade);
        if feed.is_some()
            && let Err(error) = self.look(&[id]).await
        {
            log(&error);
        }
    }

    /// Keeps all watchers current, by events and by comparing revisions; never ends.
    pub async fn run(self) {
        tokio::join!(self.run_feeds(), self.run_lists());
    }

    async fn run_feeds(&self) {
        let mut events = self.core.events.subscribe();
        let mut ticks = tokio::time::interval(COMPARE_EVERY);
        let mut due: VecDeque<Arc<Feed>> = VecDeque::new();
        let mut looks: FuturesUnordered<BoxFuture<'_, Vec<Arc<Feed>>>> = FuturesUnordered::new();
        loop {
            let behind = tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.touched(&event),
                    None => return,
                },
                Some(behind) = looks.next() => behind,
                _ = ticks.tick() => {
                    looks.push(self.behind().boxed());
                    Vec::new()
                }
            };
            due.extend(behind.into_iter().filter(|feed| feed.make_due()));
            while looks.len() < LOOKS && !due.is_empty() {
                let feeds: Vec<Arc<Feed>> = due.drain(..due.len().min(BATCH)).collect();
                looks.push(self.look_at(feeds).boxed());
            }
        }
    }

    async fn look_at(&self, feeds: Vec<Arc<Feed>>) -> Vec<Arc<Feed>> {
        let ids: Vec<WorkspaceId> = feeds.iter().map(|feed| feed.id).collect();
        for feed in &feeds {
            // Before the look: what changes from here on makes another one due.
            feed.due.store(false, Ordering::Release);
        }
        if let Err(error) = self.look(&ids).await {
            log(&error);
        }
        Vec::new()
    }

    /// The feeds that an event may have changed.
    fn touched(&self, event: &Event) -> Vec<Arc<Feed>> {
        let showing = |shows: &dyn Fn(&Snapshot) -> bool| {
            let mut feeds = self.living();
            feeds.retain(|feed| feed.latest().as_deref().is_some_and(shows));
            feeds
        };
        match event {
            Event::Workspace(id) => {
                let feed = self.feeds().get(id).and_then(Weak::upgrade);
                feed.into_iter().collect()
            }
            Event::Template(id) => showing(&|shown| shown.template_id == *id),
            Event::Owner(id) => showing(&|shown| shown.owner == *id),
            Event::Resync => self.living(),
            _ => Vec::new(),
        }
    }

    /// The feeds whose workspace has a newer revision than they know.
    async fn behind(&self) -> Vec<Arc<Feed>> {
        let mut feeds = self.living();
        if feeds.is_empty() {
            return feeds;
        }
        let ids: Vec<WorkspaceId> = feeds.iter().map(|feed| feed.id).collect();
        let compared = async {
            let mut conn = self.core.conn().await?;
            workspaces::revisions(&mut conn, &ids).await
        };
        match compared.await {
            Ok(revisions) => {
                let revisions: HashMap<WorkspaceId, i64> = revisions.into_iter().collect();
                feeds.retain(|feed| {
                    revisions
                        .get(&feed.id)
                        .is_some_and(|revision| !feed.knows(*revision))
                });
                feeds
            }
            Err(error) => {
                log(&error);
                Vec::new()
            }
        }
    }

    /// Loads and renders workspaces together, and offers each to its feed.
    async fn look(&self, ids: &[WorkspaceId]) -> Result<Vec<Arc<Snapshot>>, StoreError> {
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        let mut conn = self.core.conn().await?;
        let views = self.views.load(&mut conn, ids).await?;
        drop(conn);
        let mut seen = Vec::with_capacity(views.len());
        for view in views {
            let snapshot = Arc::new(Snapshot::new(view, &self.render, look));
            let feed = self.feeds().get(&snapshot.id).and_then(Weak::upgrade);
            if let Some(feed) = feed {
                feed.offer(&snapshot);
            }
            seen.push(snapshot);
        }
        Ok(seen)
    }

    /// The workspaces at these revisions or newer ones: as their feeds know them, else loaded.
    async fn at_least(
        &self,
        wanted: &[(WorkspaceId, i64)],
    ) -> Result<Vec<Arc<Snapshot>>, StoreError> {
        let mut found = Vec::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for (id, revision) in wanted {
            let feed = self.feeds().get(id).and_then(Weak::upgrade);
            let known = feed.and_then(|feed| feed.latest().clone());
            match known.filter(|known| known.revision >= *revision) {
                Some(known) => found.push(known),
                None => missing.push(*id),
            }
        }
        for ids in missing.chunks(BATCH) {
            found.extend(self.look(ids).await?);
        }
        Ok(found)
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Weak<Feed>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feed_or_new(&self, id: WorkspaceId) -> Arc<Feed> {
        let mut feeds = self.feeds();
        if let Some(feed) = feeds.get(&id).and_then(Weak::upgrade) {
            return feed;
        }
        let feed = Arc::new(Feed::new(id));
        feeds.insert(id, Arc::downgrade(&feed));
        feed
    }

    /// All feeds that are watched; forgets the others.
    fn living(&self) -> Vec<Arc<Feed>> {
        living(&mut self.feeds())
    }
}

/// What is still in use of a map of things; forgets the rest.
fn living<K, T>(all: &mut HashMap<K, Weak<T>>) -> Vec<Arc<T>> {
    let mut living = Vec::new();
    all.retain(|_, thing| {
        let thing = thing.upgrade();
        let is_used = thing.is_some();
        living.extend(thing);
        is_used
    });
    living
}

fn log(error: &StoreError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "watched workspaces could not be read; the next comparison tries again"
    );
}
