//! The audit log: entries are written in the transaction of what they tell of.

use sqlx::PgConnection;

use crate::{
    domain::{
        audit::{Entry, NewEntry, Origin},
        clock::Timestamp,
        ids::{AuditId, UserId},
    },
    store::{StoreError, audit},
};

/// Writes an entry in the caller's transaction.
pub(crate) async fn record(
    conn: &mut PgConnection,
    user: UserId,
    origin: &Origin,
    what: NewEntry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        id: AuditId::random(),
        at: now,
        user,
        origin: origin.clone(),
        what,
    };
    audit::insert(conn, &entry).await
}
