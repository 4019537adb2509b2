//! Who watches: one entry for each session, whose rights are read again when they change, so
//! that no stream shows what its reader may no longer see.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::watch;

use crate::{
    domain::{ids::UserId, rights::actor::Actor, tokens::KeyId},
    service::sessions::Sessions,
    store::StoreError,
};

/// `None` once the session has ended.
type Rights = watch::Sender<Option<Arc<Actor>>>;

/// A session that watches, shared by its streams.
#[derive(Clone)]
pub(super) struct Viewer {
    session: Arc<Session>,
    rights: watch::Receiver<Option<Arc<Actor>>>,
}

struct Session {
    user: UserId,
    key: KeyId,
    rights: Rights,
}

impl Viewer {
    fn of(session: Arc<Session>) -> Self {
        let rights = session.rights.subscribe();
        Self { session, rights }
    }

    /// The actor with its present rights; `None` when the session has ended.
    pub(super) fn actor(&mut self) -> Option<Arc<Actor>> {
        self.rights.borrow_and_update().clone()
    }

    /// As [`actor`](Self::actor), for who does not wait for changes.
    pub(super) fn glance(&self) -> Option<Arc<Actor>> {
        self.rights.borrow().clone()
    }

    /// Whose session it is.
    pub(super) fn user(&self) -> UserId {
        self.session.user
    }

    /// Waits until the rights have changed since [`actor`](Self::actor) was asked.
    pub(super) async fn changed(&mut self) {
        if self.rights.changed().await.is_err() {
            // The session holds the sender: this does not come while a viewer lives.
            std::future::pending::<()>().await;
        }
    }
}

/// All sessions that watch, in this process.
#[derive(Clone)]
pub(super) struct Viewers {
    sessions: Sessions,
    watching: Arc<Mutex<HashMap<KeyId, Weak<Session>>>>,
}

impl Viewers {
    pub(super) fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            watching: Arc::default(),
        }
    }

    /// The viewer of an actor that was recognized just now.
    pub(super) fn viewer(&self, actor: Actor) -> Viewer {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = watching.get(&actor.key_id).and_then(Weak::upgrade)
            // One that has ended may have begun again, as when its user is let in again.
            && session.rights.borrow().is_some()
        {
            return Viewer::of(session);
        }
        let session = Arc::new(Session {
            user: actor.id,
            key: actor.key_id.clone(),
            rights: watch::Sender::new(Some(Arc::new(actor))),
        });
        watching.insert(session.key.clone(), Arc::downgrade(&session));
        Viewer::of(session)
    }

    /// Reads the rights of these users' sessions again, or of all sessions.
    ///
    /// # Errors
    /// When the database fails; rights that could not be read stay as they were.
    pub(super) async fn reload(&self, users: Option<&HashSet<UserId>>) -> Result<(), StoreError> {
        for session in self.living() {
            if users.is_some_and(|users| !users.contains(&session.user)) {
                continue;
            }
            let now = self.sessions.actor(&session.key).await?;
            session.rights.send_if_modified(|rights| {
                let (Some(before), Some(after)) = (rights.as_deref(), &now) else {
                    let has_ended = rights.is_some();
                    *rights = None;
                    return has_ended;
                };
                let after = Actor {
                    origin: before.origin.clone(),
                    ..after.clone()
                };
                let differs = *before != after;
                if differs {
                    *rights = Some(Arc::new(after));
                }
                differs
            });
        }
        Ok(())
    }

    /// Forgets sessions that no longer watch.
    pub(super) fn tidy(&self) {
        self.living();
    }

    /// All sessions that watch; forgets the others.
    fn living(&self) -> Vec<Arc<Session>> {
        let mut living = Vec::new();
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watching.retain(|_, session| {
            let session = session.upgrade();
            let watches = session.is_some();
            living.extend(session);
            watches
        });
        living
    }
}
