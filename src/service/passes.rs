//! Lets one replica at a time make a background pass.

use sha2::{Digest as _, Sha256};
use sqlx::{Postgres, Transaction};

use super::{Core, on};
use crate::{
    domain::clock::Timestamp,
    store::{StoreError, locks},
};

/// Hands out turns for background passes.
#[derive(Clone)]
pub struct Passes {
    core: Core,
}

/// A turn; others wait until it is dropped. It ends with this process however that ends.
pub struct Turn(#[expect(dead_code, reason = "held for its lock")] Transaction<'static, Postgres>);

impl Passes {
    /// The service.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// Takes the turn of the pass of this name; `None` while another replica has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn turn(&self, name: &'static str) -> Result<Option<Turn>, StoreError> {
        let mut tx = self.core.begin().await?;
        let taken = locks::try_lock(on(&mut tx), key(name)).await?;
        Ok(taken.then_some(Turn(tx)))
    }
}

/// A lock's number; stable between releases, or two of them could make a pass at once.
pub(super) fn key(name: &str) -> i64 {
    let digest = Sha256::digest(name.as_bytes());
    let (start, _) = digest.split_at(size_of::<i64>());
    start.try_into().map_or(0, i64::from_be_bytes)
}
