//! Watching workspaces: one feed for each watched workspace of this process, rendered once
//! for all its watchers. Owns when a feed looks again and what a watcher gets next; knows
//! neither the form of what is rendered nor how it is sent.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::broadcast;

use super::{
    Core,
    workspace_views::{FindWorkspaceError, WorkspaceViews},
};
use crate::{
    domain::{
        ids::{TemplateId, UserId, WorkspaceId},
        rights::{Action, Object, actor::Actor},
        workspaces::WorkspaceView,
    },
    pubsub::Event,
    store::{StoreError, workspaces},
};

/// How often revisions are compared with the database, so that a lost event only delays.
const COMPARE_EVERY: Duration = Duration::from_secs(15);
/// States that a watcher may be behind before it skips to the newest.
const BACKLOG: usize = 16;
/// Feeds refreshed at once by events; each takes a connection.
const REFRESHES: usize = 4;

/// Turns a workspace into what is sent: to its owner (`true`) or to others.
pub type Render = Arc<dyn Fn(WorkspaceView, bool) -> Bytes + Send + Sync>;

/// What a watcher is given next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The workspace, rendered.
    State(Bytes),
    /// There is something new, but the watcher may not see the template (spec WS-26).
    Hidden,
}

/// One state of a workspace, as all its watchers share it.
struct Snapshot {
    revision: i64,
    for_owner: Bytes,
    for_others: Bytes,
    owner: UserId,
    template_id: TemplateId,
    template_deleted: bool,
    template: Object,
}

impl Snapshot {
    fn view(&self, actor: &Actor) -> Update {
        if self.template_deleted || !actor.may(Action::Read, &self.template) {
            Update::Hidden
        } else if actor.id == self.owner {
            Update::State(self.for_owner.clone())
        } else {
            Update::State(self.for_others.clone())
        }
    }

    /// Whether every watcher would be given the same.
    fn looks_like(&self, other: &Self) -> bool {
        self.for_owner == other.for_owner
            && self.template_deleted == other.template_deleted
            && self.template == other.template
    }
}

/// A watched workspace; lives as long as somebody watches.
struct Feed {
    id: WorkspaceId,
    latest: Mutex<Option<Arc<Snapshot>>>,
    changes: broadcast::Sender<Arc<Snapshot>>,
    /// Held while looking, so that states are sent in their order.
    looking: tokio::sync::Mutex<()>,
    /// Whether a look waits that has not begun.
    due: AtomicBool,
}

impl Feed {
    fn new(id: WorkspaceId) -> Self {
        Self {
            id,
            latest: Mutex::new(None),
            changes: broadcast::channel(BACKLOG).0,
            looking: tokio::sync::Mutex::new(()),
            due: AtomicBool::new(false),
        }
    }

    fn latest(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this revision or a newer one is known.
    fn knows(&self, revision: i64) -> bool {
        self.latest()
            .as_ref()
            .is_some_and(|snapshot| snapshot.revision >= revision)
    }

    /// Keeps a state, and sends it unless it looks like the one before.
    fn offer(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        let mut latest = self.latest();
        let is_new = latest
            .as_ref()
            .is_none_or(|before| !snapshot.looks_like(before));
        *latest = Some(Arc::clone(&snapshot));
        if is_new {
            // Nobody listening is no failure: the last watcher has just left.
            let _ = self.changes.send(snapshot);
        }
    }

    /// The newest state and all that follow it, with nothing between them lost or doubled.
    fn join(&self) -> (Option<Arc<Snapshot>>, broadcast::Receiver<Arc<Snapshot>>) {
        let latest = self.latest();
        (latest.clone(), self.changes.subscribe())
    }
}

/// One watcher's place in a feed.
pub struct Watcher {
    feed: Arc<Feed>,
    newest: Option<Arc<Snapshot>>,
    changes: broadcast::Receiver<Arc<Snapshot>>,
    actor: Actor,
}

impl Watcher {
    /// The state at the beginning, then each change; a watcher that falls far behind goes on
    /// with the newest. Never ends; dropping the future loses nothing.
    pub async fn next(&mut self) -> Update {
        loop {
            if let Some(snapshot) = self.newest.take() {
                return snapshot.view(&self.actor);
            }
            match self.changes.recv().await {
                Ok(snapshot) => return snapshot.view(&self.actor),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    (self.newest, self.changes) = self.feed.join();
                }
                // The feed holds its own sender: this does not come while a watcher lives.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// All feeds of this process.
#[derive(Clone)]
pub struct Watches {
    core: Core,
    views: WorkspaceViews,
    render: Render,
    feeds: Arc<Mutex<HashMap<WorkspaceId, Weak<Feed>>>>,
}

impl Watches {
    /// The service, with no feed.
    #[must_use]
    pub fn new(core: Core, views: WorkspaceViews, render: Render) -> Self {
        Self {
            core,
            views,
            render,
            feeds: Arc::default(),
        }
    }

    /// Begins to watch a workspace that the actor may read.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] for missing and for hidden ones alike.
    pub async fn watch(
        &self,
        actor: Actor,
        id: WorkspaceId,
    ) -> Result<Watcher, FindWorkspaceError> {
        let feed = self.feed_or_new(id);
        let view = self.views.find(&actor, id).await?;
        self.look(&feed, Some(view.workspace.revision)).await?;
        let (newest, changes) = feed.join();
        Ok(Watcher {
            feed,
            newest,
            changes,
            actor,
        })
    }

    /// Sends the present state to the watchers of this process at once, if there are any.
    pub async fn refresh(&self, id: WorkspaceId) {
        let feed = self.feeds().get(&id).and_then(Weak::upgrade);
        if let Some(feed) = feed {
            self.look_and_log(&feed).await;
        }
    }

    /// Keeps all feeds current, by events and by comparing revisions; never ends.
    pub async fn run(self) {
        let this = &self;
        let mut events = this.core.events.subscribe();
        let mut ticks = tokio::time::interval(COMPARE_EVERY);
        let mut due: VecDeque<Arc<Feed>> = VecDeque::new();
        let mut looks: FuturesUnordered<BoxFuture<'_, Vec<Arc<Feed>>>> = FuturesUnordered::new();
        loop {
            let behind = tokio::select! {
                event = events.next() => match event {
                    Some(event) => this.touched(&event),
                    None => return,
                },
                Some(behind) = looks.next() => behind,
                _ = ticks.tick() => {
                    looks.push(this.behind().boxed());
                    Vec::new()
                }
            };
            due.extend(
                behind
                    .into_iter()
                    .filter(|feed| !feed.due.swap(true, Ordering::AcqRel)),
            );
            while looks.len() < REFRESHES
                && let Some(feed) = due.pop_front()
            {
                let look = async move {
                    this.look_and_log(&feed).await;
                    Vec::new()
                };
                looks.push(look.boxed());
            }
        }
    }

    /// The feeds that an event may have changed.
    fn touched(&self, event: &Event) -> Vec<Arc<Feed>> {
        match event {
            Event::Workspace(id) => {
                let feed = self.feeds().get(id).and_then(Weak::upgrade);
                feed.into_iter().collect()
            }
            Event::Template(id) => {
                let mut feeds = self.living();
                feeds.retain(|feed| {
                    let latest = feed.latest();
                    latest
                        .as_ref()
                        .is_some_and(|latest| latest.template_id == *id)
                });
                feeds
            }
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

    async fn look_and_log(&self, feed: &Feed) {
        if let Err(error) = self.look(feed, None).await {
            log(&error);
        }
    }

    /// Loads and renders the workspace; not when the feed knows the revision that is enough.
    async fn look(&self, feed: &Feed, enough: Option<i64>) -> Result<(), StoreError> {
        let _turn = feed.looking.lock().await;
        // Before the look: what changes from here on makes another one due.
        feed.due.store(false, Ordering::Release);
        if enough.is_some_and(|revision| feed.knows(revision)) {
            return Ok(());
        }
        let mut conn = self.core.conn().await?;
        let view = self.views.load(&mut conn, &[feed.id]).await?.pop();
        drop(conn);
        if let Some(view) = view {
            feed.offer(self.render(view));
        }
        Ok(())
    }

    fn render(&self, view: WorkspaceView) -> Snapshot {
        let workspace = &view.workspace;
        let (revision, owner) = (workspace.revision, workspace.owner_id);
        let template = workspace.template.clone();
        // Only the owner sees that it is a favourite; else both see the same.
        let for_others = workspace
            .favorite
            .then(|| (self.render)(view.clone(), false));
        let for_owner = (self.render)(view, true);
        Snapshot {
            revision,
            for_others: for_others.unwrap_or_else(|| for_owner.clone()),
            for_owner,
            owner,
            template_id: template.id,
            template_deleted: template.deleted,
            template: template.object,
        }
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
        let mut living = Vec::new();
        self.feeds().retain(|_, feed| {
            let feed = feed.upgrade();
            let is_watched = feed.is_some();
            living.extend(feed);
            is_watched
        });
        living
    }
}

fn log(error: &StoreError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a watched workspace could not be read; the next comparison tries again"
    );
}
