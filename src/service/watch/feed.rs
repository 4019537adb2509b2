//! One watched workspace: its newest state, rendered once for all who watch it, and what each
//! of them gets next. Loads nothing and decides when nothing is looked at.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use tokio::sync::broadcast;

use super::viewers::Viewer;
use crate::domain::{
    ids::{TemplateId, UserId, WorkspaceId},
    rights::{Action, Object, actor::Actor},
    workspaces::WorkspaceView,
};

/// States that a watcher may be behind before it skips to the newest.
const BACKLOG: usize = 16;

/// Turns a workspace into what is sent: to its owner (`true`) or to others.
pub type Render = Arc<dyn Fn(WorkspaceView, bool) -> Bytes + Send + Sync>;

/// What a watcher is given next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The workspace.
    State {
        /// Which state it is.
        revision: i64,
        /// The state, rendered.
        frame: Bytes,
    },
    /// There is something new, but the watcher may not see the template (spec WS-26), or the
    /// workspace any more.
    Hidden,
}

/// One state of a workspace, as all its watchers share it.
pub(super) struct Snapshot {
    pub(super) id: WorkspaceId,
    pub(super) revision: i64,
    pub(super) owner: UserId,
    pub(super) deleted: bool,
    pub(super) template_id: TemplateId,
    /// Which look at the database this came from; a later one may have the same revision.
    look: u64,
    for_owner: Bytes,
    for_others: Bytes,
    object: Object,
    template_deleted: bool,
    template: Object,
}

impl Snapshot {
    pub(super) fn new(view: WorkspaceView, render: &Render, look: u64) -> Self {
        let workspace = &view.workspace;
        let template = workspace.template.clone();
        let (id, revision, owner) = (workspace.id, workspace.revision, workspace.owner_id);
        let (object, deleted) = (workspace.object(), workspace.deleted);
        // Only the owner sees that it is a favourite; else both see the same.
        let for_others = workspace.favorite.then(|| render(view.clone(), false));
        let for_owner = render(view, true);
        Self {
            id,
            revision,
            owner,
            deleted,
            template_id: template.id,
            look,
            for_others: for_others.unwrap_or_else(|| for_owner.clone()),
            for_owner,
            object,
            template_deleted: template.deleted,
            template: template.object,
        }
    }

    /// Whether this actor may be shown it.
    pub(super) fn is_shown_to(&self, actor: &Actor) -> bool {
        !self.template_deleted
            && actor.may(Action::Read, &self.object)
            && actor.may(Action::Read, &self.template)
    }

    /// What this actor is shown of it.
    pub(super) fn frame(&self, actor: &Actor) -> Bytes {
        if actor.id == self.owner {
            self.for_owner.clone()
        } else {
            self.for_others.clone()
        }
    }

    fn update(&self, actor: &Actor) -> Update {
        if self.is_shown_to(actor) {
            Update::State {
                revision: self.revision,
                frame: self.frame(actor),
            }
        } else {
            Update::Hidden
        }
    }

    /// Whether every watcher would be given the same.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        self.for_owner == other.for_owner
            && self.template_deleted == other.template_deleted
            && self.template == other.template
    }
}

/// A watched workspace; lives as long as somebody watches.
pub(super) struct Feed {
    pub(super) id: WorkspaceId,
    latest: Mutex<Option<Arc<Snapshot>>>,
    changes: broadcast::Sender<Arc<Snapshot>>,
    /// Held while the first watchers wait for a state, so that one look serves them all.
    pub(super) opening: tokio::sync::Mutex<()>,
    /// Whether a look waits that has not begun.
    pub(super) due: AtomicBool,
}

impl Feed {
    pub(super) fn new(id: WorkspaceId) -> Self {
        Self {
            id,
            latest: Mutex::new(None),
            changes: broadcast::channel(BACKLOG).0,
            opening: tokio::sync::Mutex::new(()),
            due: AtomicBool::new(false),
        }
    }

    pub(super) fn latest(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this revision or a newer one is known.
    pub(super) fn knows(&self, revision: i64) -> bool {
        self.latest()
            .as_ref()
            .is_some_and(|snapshot| snapshot.revision >= revision)
    }

    /// Marks a look as waiting; `false` when one waits already.
    pub(super) fn make_due(&self) -> bool {
        !self.due.swap(true, Ordering::AcqRel)
    }

    /// Keeps a state, and sends it unless it looks like the one before. What an earlier look
    /// saw is left out: whatever changed since has its own event.
    pub(super) fn offer(&self, snapshot: &Arc<Snapshot>) {
        let mut latest = self.latest();
        let before = latest.as_ref();
        if before.is_some_and(|before| before.look > snapshot.look) {
            return;
        }
        let is_new = before.is_none_or(|before| !snapshot.looks_like(before));
        *latest = Some(Arc::clone(snapshot));
        if is_new {
            // Nobody listening is no failure: the last watcher has just left.
            let _ = self.changes.send(Arc::clone(snapshot));
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
    viewer: Viewer,
}

impl Watcher {
    /// A place for who knows all up to the revision `seen`, if any.
    pub(super) fn new(feed: Arc<Feed>, viewer: Viewer, seen: Option<i64>) -> Self {
        let (newest, changes) = feed.join();
        Self {
            newest: newest.filter(|newest| seen.is_none_or(|seen| newest.revision > seen)),
            feed,
            changes,
            viewer,
        }
    }

    /// The state at the beginning, then each change; a watcher that falls far behind goes on
    /// with the newest. `None` when the session has ended; dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            let actor = self.viewer.actor()?;
            if let Some(snapshot) = self.newest.take() {
                return Some(snapshot.update(&actor));
            }
            let received = tokio::select! {
                received = self.changes.recv() => received,
                () = self.viewer.changed() => continue,
            };
            match received {
                Ok(snapshot) => self.newest = Some(snapshot),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    (self.newest, self.changes) = self.feed.join();
                }
                // The feed holds its own sender: this does not come while a watcher lives.
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
