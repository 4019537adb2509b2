//! Streams over all workspaces that fit a search: which workspaces are in each watched set,
//! and who is told when one changes, comes or goes. Sets are shared by the streams of one
//! session that watch the same search; a change is judged for each set, by itself or in one
//! statement for all that changed together, never by listing the whole set again.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use sqlx::PgConnection;

use super::{
    BATCH, COMPARE_EVERY, Watches,
    feed::Snapshot,
    living, log,
    mailbox::{Mailbox, News, Next},
    searches::WatchListError,
    viewers::Viewer,
};
use crate::{
    domain::{
        ids::{TemplateId, UserId, WorkspaceId},
        rights::actor::Actor,
        search::workspaces::WorkspaceQuery,
        tokens::KeyId,
    },
    pubsub::Event,
    service::{Core, workspace_searches::WorkspaceSearch},
    store::{StoreError, workspace_changes},
};

/// Searches that one user may watch at once; each keeps the ids of what it found.
const SEARCHES: usize = 32;
/// How long a stream waits before it tries again to load what it could not.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What a stream over many workspaces is given next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListUpdate {
    /// A workspace of the set is new or has changed.
    State {
        /// Everything up to this revision was told.
        revision: i64,
        /// The state, rendered.
        frame: Bytes,
    },
    /// A workspace is no longer in the set.
    Removed {
        /// Everything up to this revision was told.
        revision: i64,
        /// The workspace.
        id: WorkspaceId,
    },
}

/// Sets by session and search.
type Sets = HashMap<(KeyId, String), Weak<Set>>;

/// The watched sets of this process.
#[derive(Clone, Default)]
pub(super) struct Lists(Arc<Mutex<Sets>>);

/// The workspaces that fit a search of one session.
struct Set {
    viewer: Viewer,
    search: WorkspaceSearch,
    /// `None` until they were listed for the first time.
    members: tokio::sync::Mutex<Option<Members>>,
    streams: Mutex<Vec<Weak<Mailbox>>>,
}

struct Members {
    ids: HashSet<WorkspaceId>,
    /// With whose rights they were listed.
    actor: Arc<Actor>,
    /// What was changed up to here before they were listed.
    since: i64,
}

/// One stream over many workspaces.
pub struct ListWatcher {
    watches: Watches,
    /// Keeps the set alive.
    _set: Arc<Set>,
    mailbox: Arc<Mailbox>,
    viewer: Viewer,
}

impl ListWatcher {
    /// The next change. `None` when the session has ended; dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ListUpdate> {
        loop {
            let actor = self.viewer.actor()?;
            match self.mailbox.next(BATCH) {
                Some(Next::State(snapshot, revision)) if snapshot.is_shown_to(&actor) => {
                    return Some(ListUpdate::State {
                        revision,
                        frame: snapshot.frame(&actor),
                    });
                }
                Some(Next::State(..)) => {}
                Some(Next::Removed(id, revision)) => {
                    return Some(ListUpdate::Removed { revision, id });
                }
                // Boxed: loading is rare and wide, and every stream would keep room for it.
                Some(Next::Load(wanted)) => match Box::pin(self.watches.at_least(&wanted)).await {
                    Ok(loaded) => self.mailbox.fill(&wanted, loaded),
                    Err(error) => {
                        log(&error);
                        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    }
                },
                None => tokio::select! {
                    () = self.mailbox.arrival() => {}
                    () = self.viewer.changed() => {}
                },
            }
        }
    }
}

impl Lists {
    fn sets(&self) -> MutexGuard<'_, Sets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn living(&self) -> Vec<Arc<Set>> {
        living(&mut self.sets())
    }

    /// The set of this session and search, as it is or empty.
    fn set_or_new(
        &self,
        key: (KeyId, String),
        viewer: Viewer,
        search: WorkspaceSearch,
    ) -> Result<Arc<Set>, WatchListError> {
        let mut sets = self.sets();
        if let Some(set) = sets.get(&key).and_then(Weak::upgrade)
            // The set of a session that has ended goes with its streams.
            && set.viewer.glance().is_some()
        {
            return Ok(set);
        }
        let user = viewer.user();
        let watched = living(&mut sets)
            .iter()
            .filter(|set| set.viewer.user() == user)
            .count();
        if watched >= SEARCHES {
            return Err(WatchListError::TooMany);
        }
        let set = Arc::new(Set {
            viewer,
            search,
            members: tokio::sync::Mutex::default(),
            streams: Mutex::default(),
        });
        sets.insert(key, Arc::downgrade(&set));
        Ok(set)
    }
}

impl Set {
    fn streams(&self) -> Vec<Arc<Mailbox>> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| stream.strong_count() > 0);
        streams.iter().filter_map(Weak::upgrade).collect()
    }

    fn add_stream(&self) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.push(Arc::downgrade(&mailbox));
        mailbox
    }

    fn put(&self, id: WorkspaceId, revision: i64, news: &News) {
        for stream in self.streams() {
            stream.put(id, revision, news.clone());
        }
    }

    async fn list(
        &self,
        core: &Core,
        conn: &mut PgConnection,
        actor: Arc<Actor>,
    ) -> Result<Members, StoreError> {
        let since = workspace_changes::latest(conn).await?;
        let ids = self.search.fitting(core, conn, &actor, None).await?;
        Ok(Members {
            ids: ids.into_iter().collect(),
            actor,
            since,
        })
    }

    /// Lists the set again if its reader's rights are no longer those it was listed with.
    async fn follow_rights(&self, core: &Core) -> Result<(), StoreError> {
        let mut members = self.members.lock().await;
        let Some(actor) = self.viewer.glance() else {
            // The session has ended: its streams end by themselves.
            *members = None;
            return Ok(());
        };
        let Some(before) = members.as_ref() else {
            return Ok(());
        };
        if Arc::ptr_eq(&before.actor, &actor) {
            return Ok(());
        }
        let mut conn = core.conn().await?;
        let after = self.list(core, &mut conn, actor).await?;
        let new: Vec<WorkspaceId> = after.ids.difference(&before.ids).copied().collect();
        for (id, revision) in workspace_changes::revisions(&mut conn, &new).await? {
            self.put(id, revision, &News::Changed);
        }
        for id in before.ids.difference(&after.ids) {
            self.put(*id, after.since, &News::Removed);
        }
        *members = Some(after);
        Ok(())
    }

    /// Judges changed workspaces anew, and tells the streams.
    async fn judge(&self, core: &Core, changed: &[Arc<Snapshot>]) -> Result<(), StoreError> {
        let mut members = self.members.lock().await;
        let Some(members) = members.as_mut() else {
            return Ok(());
        };
        let actor = &members.actor;
        let could_fit: Vec<WorkspaceId> = changed
            .iter()
            .filter(|snapshot| {
                snapshot.is_shown_to(actor) && self.search.could_fit(actor, snapshot)
            })
            .map(|snapshot| snapshot.id)
            .collect();
        let mut newer: HashMap<WorkspaceId, i64> = HashMap::new();
        let fitting: HashSet<WorkspaceId> = if could_fit.is_empty() || self.search.takes_all() {
            could_fit.into_iter().collect()
        } else {
            let mut conn = core.conn().await?;
            let among = Some(could_fit.as_slice());
            let fitting = self.search.fitting(core, &mut conn, actor, among).await?;
            newer.extend(workspace_changes::revisions(&mut conn, &could_fit).await?);
            fitting.into_iter().collect()
        };
        for snapshot in changed {
            let (id, revision) = (snapshot.id, snapshot.revision);
            // Judged by a state after the loaded one: the event of that state makes it judged again.
            if newer.get(&id).is_some_and(|newer| *newer > revision) {
                continue;
            }
            if fitting.contains(&id) {
                members.ids.insert(id);
                self.put(id, revision, &News::State(Arc::clone(snapshot)));
            } else if members.ids.remove(&id) {
                self.put(id, revision, &News::Removed);
            }
        }
        Ok(())
    }
}

/// What events have told since sets were judged last.
#[derive(Default)]
struct Told {
    workspaces: HashSet<WorkspaceId>,
    templates: HashSet<TemplateId>,
    owners: HashSet<UserId>,
    sessions: HashSet<UserId>,
    /// Whether anything may have been missed.
    resync: bool,
}

impl Told {
    fn add(&mut self, event: &Event) {
        match *event {
            Event::Workspace(id) => {
                self.workspaces.insert(id);
            }
            Event::Template(id) => {
                self.templates.insert(id);
            }
            Event::Owner(id) => {
                self.owners.insert(id);
            }
            Event::Sessions(id) => {
                self.sessions.insert(id);
            }
            Event::Resync => self.resync = true,
            _ => {}
        }
    }
}

/// How far revisions were compared.
#[derive(Default)]
struct Progress {
    /// What comparisons have covered, the last and the one before it: a transaction may commit
    /// a revision after one with a higher revision was seen.
    compared: Option<(i64, i64)>,
    /// The states that sets were judged by since then.
    judged: HashMap<WorkspaceId, i64>,
}

impl Watches {
    /// Begins to watch all workspaces that fit a search and that the actor may read. Who knows
    /// all up to the revision `seen` is told what has changed since; who knows nothing names 0.
    ///
    /// # Errors
    /// When the search names an organization that the actor cannot see.
    pub async fn watch_list(
        &self,
        actor: Actor,
        text: &str,
        query: WorkspaceQuery,
        seen: Option<i64>,
    ) -> Result<ListWatcher, WatchListError> {
        let search = self.search(&actor, query).await?;
        let key = (actor.key_id.clone(), text.to_owned());
        let actor_now = Arc::new(actor.clone());
        let viewer = self.viewers.viewer(actor);
        let set = self.lists.set_or_new(key, viewer.clone(), search)?;
        // Before the set is listed, so that no change falls between the two.
        let mailbox = set.add_stream();
        let mut members = set.members.lock().await;
        let mut conn = self.core.conn().await?;
        if members.is_none() {
            let actor = viewer.glance().unwrap_or(actor_now);
            *members = Some(set.list(&self.core, &mut conn, actor).await?);
        }
        if let (Some(seen), Some(members)) = (seen, members.as_ref()) {
            mailbox.catch_up(missed(&mut conn, members, seen).await?);
        }
        drop(members);
        Ok(ListWatcher {
            watches: self.clone(),
            _set: set,
            mailbox,
            viewer,
        })
    }

    /// Keeps rights and sets current; never ends.
    pub(super) async fn run_lists(&self) {
        let mut events = self.core.events.subscribe();
        let mut ticks = tokio::time::interval(COMPARE_EVERY);
        let mut progress = Progress::default();
        let mut told = Told::default();
        loop {
            let compares = tokio::select! {
                event = events.next() => match event {
                    Some(event) => {
                        told.add(&event);
                        false
                    }
                    None => return,
                },
                _ = ticks.tick() => true,
            };
            while let Some(Some(event)) = events.next().now_or_never() {
                told.add(&event);
            }
            match self.tell(&told, compares, &mut progress).await {
                Ok(()) => told = Told::default(),
                // What was told stays for the next turn.
                Err(error) => log(&error),
            }
        }
    }

    async fn tell(
        &self,
        told: &Told,
        compares: bool,
        progress: &mut Progress,
    ) -> Result<(), StoreError> {
        if told.resync {
            self.viewers.reload(None).await?;
        } else if !told.sessions.is_empty() {
            self.viewers.reload(Some(&told.sessions)).await?;
        }
        if compares {
            self.viewers.tidy();
        }
        let sets = self.lists.living();
        if sets.is_empty() {
            *progress = Progress::default();
            return Ok(());
        }
        for set in &sets {
            set.follow_rights(&self.core).await?;
        }
        let listed = listed_since(&sets).await;
        let mut conn = self.core.conn().await?;
        let mut changed: Vec<WorkspaceId> = told.workspaces.iter().copied().collect();
        if !told.templates.is_empty() || !told.owners.is_empty() {
            let templates: Vec<TemplateId> = told.templates.iter().copied().collect();
            let owners: Vec<UserId> = told.owners.iter().copied().collect();
            changed.extend(workspace_changes::of(&mut conn, &templates, &owners).await?);
        }
        let mut changed = workspace_changes::revisions(&mut conn, &changed).await?;
        if compares || told.resync {
            for stream in sets.iter().flat_map(|set| set.streams()) {
                stream.settle();
            }
            if let Some(listed) = listed {
                changed.extend(compare(&mut conn, listed, progress).await?);
            }
        }
        drop(conn);
        changed.retain(|(id, revision)| {
            let judged = progress.judged.get(id);
            judged.is_none_or(|judged| judged < revision)
        });
        for batch in changed.chunks(BATCH) {
            let snapshots = self.at_least(batch).await?;
            for set in &sets {
                set.judge(&self.core, &snapshots).await?;
            }
            for snapshot in snapshots {
                progress.judged.insert(snapshot.id, snapshot.revision);
            }
        }
        Ok(())
    }
}

/// The revision up to which the set that was listed first holds all that was changed.
async fn listed_since(sets: &[Arc<Set>]) -> Option<i64> {
    let mut first = None;
    for set in sets {
        if let Some(members) = set.members.lock().await.as_ref() {
            first = Some(first.map_or(members.since, |first: i64| first.min(members.since)));
        }
    }
    first
}

/// What a stream has to tell of a set to who knows all up to a revision.
async fn missed(
    conn: &mut PgConnection,
    members: &Members,
    seen: i64,
) -> Result<Vec<(WorkspaceId, i64, News)>, StoreError> {
    let changed = workspace_changes::since(conn, seen).await?;
    let filter = members.actor.workspace_filter();
    let readable = workspace_changes::readable(conn, &filter, &changed).await?;
    let revisions = workspace_changes::revisions(conn, &readable).await?;
    let newer = revisions.into_iter().filter(|(_, now)| *now > seen);
    Ok(newer
        .filter_map(|(id, revision)| {
            if members.ids.contains(&id) {
                Some((id, revision, News::Changed))
            } else {
                // Who knows nothing has nothing to be taken away.
                (seen > 0).then_some((id, revision, News::Removed))
            }
        })
        .collect())
}

/// What has changed since the comparison before the last one.
async fn compare(
    conn: &mut PgConnection,
    listed: i64,
    progress: &mut Progress,
) -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
    let (last, from) = progress.compared.unwrap_or((listed, listed));
    let latest = workspace_changes::latest(conn).await?;
    let changed = workspace_changes::since(conn, from).await?;
    let mut changed = workspace_changes::revisions(conn, &changed).await?;
    changed.retain(|(_, now)| *now > from);
    progress.compared = Some((latest, last));
    progress.judged.retain(|_, revision| *revision > last);
    Ok(changed)
}
