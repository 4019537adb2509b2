//! Events of this process and of its replicas: typed, published after commit, coalesced
//! before they go to Postgres. Owns delivery; knows neither rights nor what a watcher sees.
//! A lost event only delays: whoever listens also looks by itself from time to time.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{broadcast, mpsc};
use uuid::Uuid;

use crate::domain::ids::{JobId, TemplateId, UserId, WorkspaceId};

const CHANNEL: &str = "workspaced_events";
/// How long ids are collected before one notification carries them all.
const COALESCE: Duration = Duration::from_millis(4);
/// Postgres refuses payloads of 8,000 bytes and more.
const PAYLOAD_EVENTS: usize = 80;
const LOCAL_QUEUE: usize = 4096;
const REMOTE_QUEUE: usize = 65_536;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Something that others may be waiting for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "t", content = "v", rename_all = "snake_case")]
pub enum Event {
    /// What a watcher of this workspace sees has changed.
    Workspace(WorkspaceId),
    /// What watchers of all workspaces of this template see has changed.
    Template(TemplateId),
    /// What watchers of all workspaces of this owner see has changed.
    Owner(UserId),
    /// A job waits for a provisioner.
    JobPosted,
    /// A job has new log lines, or has ended.
    JobLogs(JobId),
    /// A job was canceled or taken from its worker.
    JobCanceled(JobId),
    /// Sessions, roles or status of this user changed: forget what was cached.
    Sessions(UserId),
    /// The connection to the other replicas was lost for a while: look at everything again.
    Resync,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    from: Uuid,
    events: Vec<Event>,
}

/// Where services hand in events and take streams of them.
#[derive(Clone)]
pub struct Events {
    local: broadcast::Sender<Event>,
    outbox: mpsc::Sender<Event>,
}

/// The two ends that [`Events::new`] leaves for [`exchange`] to drive.
pub struct Outbox(mpsc::Receiver<Event>);

impl Events {
    /// Makes the local channel and the queue for other replicas.
    #[must_use]
    pub fn new() -> (Self, Outbox) {
        let (local, _) = broadcast::channel(LOCAL_QUEUE);
        let (outbox, queue) = mpsc::channel(REMOTE_QUEUE);
        (Self { local, outbox }, Outbox(queue))
    }

    /// Hands an event to local listeners at once and to other replicas within milliseconds.
    /// Call it after the commit, never before.
    pub fn publish(&self, event: Event) {
        // Without a listener there is nobody to tell; that is no failure.
        let _ = self.local.send(event.clone());
        if self.outbox.try_send(event).is_err() {
            tracing::debug!("an event for other replicas was dropped: their pings will catch up");
        }
    }

    /// All events from now on. A listener that falls behind gets [`Event::Resync`].
    pub fn subscribe(&self) -> impl futures::Stream<Item = Event> + Send + Unpin + 'static + use<> {
        tokio_stream::wrappers::BroadcastStream::new(self.local.subscribe())
            .map(|event| event.unwrap_or(Event::Resync))
    }
}

/// Carries events between this process and the other replicas until the pool is closed.
pub async fn exchange(events: Events, outbox: Outbox, pool: PgPool, me: Uuid) {
    let me = Arc::new(me);
    tokio::join!(send(outbox, pool.clone(), *me), receive(events, pool, *me));
}

/// Sends what was published to the servers on the same database; for a process that ends without
/// ever running [`exchange`].
///
/// # Errors
/// When the database fails.
pub async fn flush(Outbox(mut queue): Outbox, pool: &PgPool, me: Uuid) -> Result<(), sqlx::Error> {
    let mut events = Vec::new();
    while let Ok(event) = queue.try_recv() {
        events.push(event);
    }
    notify(events, pool, me).await
}

async fn notify(events: Vec<Event>, pool: &PgPool, me: Uuid) -> Result<(), sqlx::Error> {
    let payload = Payload { from: me, events };
    let text = serde_json::to_string(&payload)
        .map_err(|unencodable| sqlx::Error::Encode(Box::new(unencodable)))?;
    sqlx::query_scalar!("SELECT pg_notify($1, $2)::text", CHANNEL, text)
        .fetch_one(pool)
        .await?;
    Ok(())
}

async fn send(Outbox(mut queue): Outbox, pool: PgPool, me: Uuid) {
    while let Some(first) = queue.recv().await {
        let mut batch = HashSet::from([first]);
        tokio::time::sleep(COALESCE).await;
        while batch.len() < PAYLOAD_EVENTS
            && let Ok(event) = queue.try_recv()
        {
            batch.insert(event);
        }
        if let Err(error) = notify(batch.into_iter().collect(), &pool, me).await {
            if pool.is_closed() {
                return;
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "events could not be sent to other replicas"
            );
        }
    }
}

async fn receive(events: Events, pool: PgPool, me: Uuid) {
    while !pool.is_closed() {
        if let Err(error) = listen(&events, &pool, me).await {
            if pool.is_closed() {
                return;
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the event connection was lost"
            );
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
        let _ = events.local.send(Event::Resync);
    }
}

async fn listen(events: &Events, pool: &PgPool, me: Uuid) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // `try_recv` gives nothing when the connection was lost: what was missed is unknown.
    while let Some(notification) = listener.try_recv().await? {
        let Ok(payload) = serde_json::from_str::<Payload>(notification.payload()) else {
            continue;
        };
        if payload.from != me {
            for event in payload.events {
                let _ = events.local.send(event);
            }
        }
    }
    Ok(())
}
