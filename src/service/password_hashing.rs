//! Computing password hashes: few at a time, on threads where slow work harms nobody, so that
//! many sign-ins at once leave room for all other requests. Decides about no user.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::domain::passwords::Hasher;

/// Computes and compares password hashes; clones share the turns.
#[derive(Clone)]
pub struct PasswordHashing {
    hasher: Arc<Hasher>,
    turns: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl PasswordHashing {
    /// Hashing on half of the machine's cores, but at least one; each hash takes a core and tens
    /// of megabytes while it is computed.
    #[must_use]
    pub fn new(hasher: Hasher) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            hasher: Arc::new(hasher),
            turns: Arc::new(Semaphore::new((cores / 2).max(1))),
            computed: Arc::default(),
        }
    }

    /// The stored form of a password; nothing when it cannot be computed.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.compute(move |hasher| hasher.hash(&password).ok())
            .await?
    }

    /// Compares a password with its stored form; an empty form costs the same time.
    pub async fn verify(&self, password: String, stored: String) -> bool {
        let compared = self.compute(move |hasher| {
            if stored.is_empty() {
                hasher.verify_nothing(&password);
                return false;
            }
            hasher.verify(&password, &stored)
        });
        compared.await.unwrap_or(false)
    }

    /// How many hashes were computed since the process began.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Option<T> {
        let hasher = Arc::clone(&self.hasher);
        // The turn goes along: a caller who gives up does not stop the thread.
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&hasher);
            drop(turn);
            done
        });
        done.await.ok()
    }
}
