//! What one stream over many workspaces has still to be told: each workspace at most once, in
//! the order of revisions. A reader that is slow costs an id for each workspace that changed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::feed::Snapshot;
use crate::domain::ids::WorkspaceId;

/// States that are kept for a reader; of more than these only the ids are.
const KEPT: usize = 64;

/// What there is to tell of a workspace.
#[derive(Clone)]
pub(super) enum News {
    /// Its state.
    State(Arc<Snapshot>),
    /// It has a state of this revision or a newer one, which is loaded when its turn comes.
    Changed,
    /// It is no longer in the set.
    Removed,
}

/// The next thing to be told.
pub(super) enum Next {
    /// A state, at a revision: its own, or an older one when it is newer than was expected.
    State(Arc<Snapshot>, i64),
    /// A removal, at a revision.
    Removed(WorkspaceId, i64),
    /// States that must be loaded first, of at least these revisions.
    Load(Vec<(WorkspaceId, i64)>),
}

/// News for one stream.
#[derive(Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    by_revision: BTreeMap<(i64, WorkspaceId), News>,
    revisions: HashMap<WorkspaceId, i64>,
    states: usize,
    /// What was there at the beginning: events of the same changes may still be on their way.
    caught_up: HashMap<WorkspaceId, i64>,
}

impl Waiting {
    fn put(&mut self, id: WorkspaceId, revision: i64, news: News) {
        self.take(id);
        let news = match news {
            News::State(_) if self.states >= KEPT => News::Changed,
            News::State(snapshot) => {
                self.states += 1;
                News::State(snapshot)
            }
            other => other,
        };
        self.revisions.insert(id, revision);
        self.by_revision.insert((revision, id), news);
    }

    fn take(&mut self, id: WorkspaceId) {
        if let Some(revision) = self.revisions.remove(&id)
            && let Some(News::State(_)) = self.by_revision.remove(&(revision, id))
        {
            self.states -= 1;
        }
    }
}

impl Mailbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds news of a workspace, in place of older ones.
    pub(super) fn put(&self, id: WorkspaceId, revision: i64, news: News) {
        let mut waiting = self.waiting();
        let is_old = |known: Option<&i64>| known.is_some_and(|known| *known >= revision);
        let was_told = matches!(news, News::State(_)) && is_old(waiting.caught_up.get(&id));
        let waits = matches!(news, News::Changed) && is_old(waiting.revisions.get(&id));
        if !was_told && !waits {
            waiting.put(id, revision, news);
            self.arrived.notify_one();
        }
    }

    /// Adds what changed before the stream began.
    pub(super) fn catch_up(&self, changed: Vec<(WorkspaceId, i64, News)>) {
        let mut waiting = self.waiting();
        for (id, revision, news) in changed {
            if waiting
                .revisions
                .get(&id)
                .is_none_or(|known| *known < revision)
            {
                waiting.put(id, revision, news);
            }
            waiting.caught_up.insert(id, revision);
        }
        self.arrived.notify_one();
    }

    /// Forgets how the stream began, once no event of what was before can be on its way.
    pub(super) fn settle(&self) {
        self.waiting().caught_up = HashMap::new();
    }

    /// What is next; a state or a removal is taken out, what must be loaded stays until
    /// [`fill`](Self::fill).
    pub(super) fn next(&self, most: usize) -> Option<Next> {
        let mut waiting = self.waiting();
        let ((revision, id), news) = waiting.by_revision.first_key_value()?;
        let (revision, id) = (*revision, *id);
        let next = match news {
            News::State(snapshot) => Next::State(Arc::clone(snapshot), revision),
            News::Removed => Next::Removed(id, revision),
            News::Changed => {
                let entries = waiting.by_revision.iter();
                let changed = entries
                    .take_while(|(_, news)| matches!(news, News::Changed))
                    .map(|((revision, id), _)| (*id, *revision));
                return Some(Next::Load(changed.take(most).collect()));
            }
        };
        waiting.take(id);
        Some(next)
    }

    /// Puts loaded states in place of the wish for them. A workspace that was not found has
    /// nothing to tell.
    pub(super) fn fill(&self, wanted: &[(WorkspaceId, i64)], loaded: Vec<Arc<Snapshot>>) {
        let mut waiting = self.waiting();
        let mut loaded: HashMap<WorkspaceId, Arc<Snapshot>> = loaded
            .into_iter()
            .map(|snapshot| (snapshot.id, snapshot))
            .collect();
        for (id, revision) in wanted {
            // What came in the meantime is newer.
            if waiting.revisions.get(id) != Some(revision) {
                continue;
            }
            waiting.take(*id);
            if let Some(snapshot) = loaded.remove(id) {
                // Loaded because its turn has come: kept however many there are.
                waiting.states += 1;
                waiting.revisions.insert(*id, *revision);
                waiting
                    .by_revision
                    .insert((*revision, *id), News::State(snapshot));
            }
        }
    }

    /// Waits until something was added since the last call.
    pub(super) async fn arrival(&self) {
        self.arrived.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(mailbox: &Mailbox) -> Option<(WorkspaceId, i64)> {
        match mailbox.next(1)? {
            Next::Removed(id, revision) => Some((id, revision)),
            Next::State(snapshot, revision) => Some((snapshot.id, revision)),
            Next::Load(wanted) => {
                mailbox.fill(&wanted, Vec::new());
                wanted.first().copied()
            }
        }
    }

    #[test]
    fn each_workspace_waits_once_in_the_order_of_revisions() {
        let mailbox = Mailbox::default();
        let (one, two) = (WorkspaceId::random(), WorkspaceId::random());
        mailbox.put(one, 5, News::Changed);
        mailbox.put(two, 6, News::Changed);
        mailbox.put(one, 7, News::Removed);
        mailbox.put(one, 7, News::Changed);
        assert_eq!(next(&mailbox), Some((two, 6)));
        assert_eq!(next(&mailbox), Some((one, 7)));
        assert_eq!(next(&mailbox), None);
    }

    #[test]
    fn what_changes_while_it_is_loaded_is_told_again() {
        let mailbox = Mailbox::default();
        let id = WorkspaceId::random();
        mailbox.catch_up(vec![(id, 1, News::Changed)]);
        let Some(Next::Load(wanted)) = mailbox.next(10) else {
            panic!("it waits to be loaded");
        };
        assert_eq!(wanted, [(id, 1)]);
        mailbox.put(id, 2, News::Removed);
        mailbox.fill(&wanted, Vec::new());
        assert_eq!(next(&mailbox), Some((id, 2)));
        assert_eq!(next(&mailbox), None);
    }
}
