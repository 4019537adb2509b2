//! Requests that may be repeated: the answer to the first one is kept in the transaction that
//! carries it out, so that neither can be without the other, and is given to all that follow.

use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, Postgres, Transaction};
use thiserror::Error;

use super::{Core, commit};
use crate::{
    domain::{
        clock::Timestamp,
        idempotency::{KeptAnswer, KeyedRequest, LIFE},
        ids::UserId,
    },
    store::{StoreError, idempotency_keys, locks},
};

/// Why a request with a key is neither carried out nor answered as before.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The first request with this key is still being carried out.
    #[error("a request with this idempotency key is being carried out")]
    InProgress,
    /// The key came with another request before.
    #[error("the idempotency key was used for another request")]
    Reused,
    /// The database failed.
    #[error("the idempotency key could not be looked up")]
    Store(#[from] StoreError),
}

/// A request to be carried out once, and how what it makes is answered.
pub struct Once<'a, T> {
    /// The request.
    pub request: KeyedRequest,
    /// The answer to the thing that was made.
    pub answer: &'a (dyn Fn(&T) -> KeptAnswer + Send + Sync),
}

/// What became of a request that makes something.
#[derive(Debug)]
pub enum Made<T> {
    /// It was carried out.
    Now(T),
    /// It was carried out before, and answered so.
    Before(KeptAnswer),
}

/// Looks for an earlier answer; without one, no other request with this key begins until the
/// transaction ends.
///
/// # Errors
/// [`KeyError::InProgress`] and [`KeyError::Reused`].
pub(crate) async fn before<T>(
    conn: &mut PgConnection,
    user: UserId,
    once: Option<&Once<'_, T>>,
    now: Timestamp,
) -> Result<Option<KeptAnswer>, KeyError> {
    let Some(Once { request, .. }) = once else {
        return Ok(None);
    };
    if !locks::try_lock(conn, lock(user, request)).await? {
        return Err(KeyError::InProgress);
    }
    match idempotency_keys::find(conn, user, &request.key, now - LIFE).await? {
        None => Ok(None),
        Some(kept) if kept.request == request.request => Ok(Some(kept.answer)),
        Some(_) => Err(KeyError::Reused),
    }
}

/// Keeps the answer, in the transaction that made the thing.
pub(crate) async fn keep<T>(
    conn: &mut PgConnection,
    user: UserId,
    once: Option<&Once<'_, T>>,
    made: &T,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(Once { request, answer }) = once else {
        return Ok(());
    };
    idempotency_keys::keep(conn, user, request, &answer(made), now).await
}

/// Ends the transaction as its outcome demands, before anybody hears of it: a request that was
/// refused may come again at once, and must find the lock of its key free.
pub(crate) async fn end<T, E: From<StoreError>>(
    tx: Transaction<'_, Postgres>,
    outcome: Result<T, E>,
) -> Result<T, E> {
    match outcome {
        Ok(made) => {
            commit(tx).await?;
            Ok(made)
        }
        Err(error) => {
            if let Err(failure) = tx.rollback().await {
                tracing::debug!(%failure, "a transaction ends with its connection");
            }
            Err(error)
        }
    }
}

/// The number of the lock that requests of this user with this key take.
fn lock(user: UserId, request: &KeyedRequest) -> i64 {
    let digest = Sha256::new()
        .chain_update("idempotency key")
        .chain_update(user.0)
        .chain_update(request.key)
        .finalize();
    let (start, _) = digest.split_at(size_of::<i64>());
    start.try_into().map_or(0, i64::from_be_bytes)
}

/// Forgets old answers.
#[derive(Clone)]
pub struct IdempotencyKeys {
    core: Core,
}

impl IdempotencyKeys {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Forgets answers that are too old to be given again; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let mut conn = self.core.conn().await?;
        idempotency_keys::purge(&mut conn, self.core.now() - LIFE).await
    }
}
