//! Background passes that bring the database to where it should be. A pass takes no
//! argument, looks at everything and may run twice; replicas take turns. Entrances like
//! `http`: they call services and hold no rule themselves.

pub mod agent_timeouts;

pub mod daemons;

pub mod idempotency_keys;

pub mod lifecycle;

pub mod old_audit_entries;

pub mod reaper;

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{domain::clock::Timestamp, lifecycle::Lifecycle, service::passes::Passes};

/// Why a pass broke off; it is tried again at its next time.
pub type PassError = Box<dyn Error + Send + Sync>;

/// What a pass changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// How many rows or things it set right.
    pub changed: u64,
}

/// A background pass.
pub trait Worker: Send + Sync + 'static {
    /// Its name: of its lock, in the log and in the debug route.
    const NAME: &'static str;
    /// Longest wait between two passes, unless the deployment chooses another.
    const PERIOD: Duration;

    /// Longest wait between two passes of this one.
    fn period(&self) -> Duration {
        Self::PERIOD
    }

    /// One full look at the database. Running it twice changes nothing more.
    fn pass(&self, now: Timestamp) -> impl Future<Output = Result<Pass, PassError>> + Send;
}

/// How the last pass of a worker went.
#[derive(Clone, Debug)]
pub struct LastPass {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it; the text of the failure otherwise.
    pub outcome: Result<Pass, String>,
}

/// Runs workers, each at its period, and remembers how their last passes went.
#[derive(Clone)]
pub struct Driver {
    passes: Passes,
    lifecycle: Lifecycle,
    last: Arc<Mutex<BTreeMap<&'static str, LastPass>>>,
}

impl Driver {
    /// A driver without workers.
    #[must_use]
    pub fn new(passes: Passes, lifecycle: Lifecycle) -> Self {
        Self {
            passes,
            lifecycle,
            last: Arc::default(),
        }
    }

    /// Runs a worker until the server drains; the first pass is made at once.
    pub fn run<W: Worker>(&self, worker: W) {
        let driver = self.clone();
        let draining = self.lifecycle.draining();
        let rounds = async move {
            let mut rounds = tokio::time::interval(worker.period());
            rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                rounds.tick().await;
                driver.round(&worker).await;
            }
        };
        self.lifecycle.spawn(W::NAME, async move {
            tokio::select! { () = rounds => {}, () = draining => {} }
        });
    }

    /// How the last passes made by this replica went.
    #[must_use]
    pub fn last(&self) -> BTreeMap<&'static str, LastPass> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn round<W: Worker>(&self, worker: &W) {
        let at = self.passes.now();
        let began = std::time::Instant::now();
        let outcome = match self.passes.turn(W::NAME).await {
            Ok(Some(_turn)) => worker.pass(at).await,
            Ok(None) => return,
            Err(error) => Err(error.into()),
        };
        match &outcome {
            Ok(Pass { changed: 0 }) => {}
            Ok(Pass { changed }) => {
                tracing::info!(worker = W::NAME, changed, "a pass set things right");
            }
            Err(error) => {
                tracing::warn!(
                    worker = W::NAME,
                    error = error.as_ref() as &dyn Error,
                    "a pass broke off"
                );
            }
        }
        let pass = LastPass {
            at,
            took: began.elapsed(),
            outcome: outcome.map_err(|error| error.to_string()),
        };
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(W::NAME, pass);
    }
}
