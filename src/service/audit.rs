//! The audit log: entries are written in the transaction of what they tell of.

use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core,
    organizations::{FindOrganizationError, Organizations},
};

use crate::{
    domain::{
        audit::{Entry, NewEntry, Origin, Record},
        clock::Timestamp,
        ids::{AuditId, UserId},
        pagination::Page,
        rights::{ResourceKind, actor::Actor},
        search::audit::AuditQuery,
    },
    store::{
        StoreError,
        audit::{self, Readable},
    },
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

/// Why entries are not listed.
#[derive(Debug, Error)]
pub enum ListAuditError {
    /// The search names an organization that does not exist or is hidden.
    #[error("there is no such organization")]
    NoOrganization,
    /// The database failed.
    #[error("the audit log could not be read")]
    Store(#[from] StoreError),
}

/// The audit log.
#[derive(Clone)]
pub struct AuditLog {
    core: Core,
    organizations: Organizations,
}

impl AuditLog {
    /// The service.
    #[must_use]
    pub fn new(core: Core, organizations: Organizations) -> Self {
        Self {
            core,
            organizations,
        }
    }

    /// A page of the entries that the actor may see, newest first, and how many there are.
    ///
    /// # Errors
    /// [`ListAuditError::NoOrganization`] when the search names one that the actor cannot see.
    pub async fn list(
        &self,
        actor: &Actor,
        search: &AuditQuery,
        page: Page,
    ) -> Result<(Vec<Record>, i64), ListAuditError> {
        let organization = match &search.organization {
            None => None,
            Some(named) => match self.organizations.resolve(actor, named).await {
                Ok(found) => Some(found.id),
                Err(FindOrganizationError::NotFound) => {
                    return Err(ListAuditError::NoOrganization);
                }
                Err(FindOrganizationError::Store(source)) => return Err(source.into()),
            },
        };
        let filter = actor.read_filter(ResourceKind::AuditLog);
        let readable = Readable {
            everything: filter.everything,
            organizations: &filter.organizations,
        };
        let mut conn = self.core.conn().await?;
        Ok(audit::list(&mut conn, readable, search, actor.id, organization, page).await?)
    }
}
