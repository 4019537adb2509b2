//! The audit log: entries are written in the transaction of what they tell of.

use serde_json::{Value, json};
use sqlx::PgConnection;
use thiserror::Error;
use uuid::Uuid;

use super::{
    Core,
    organizations::{FindOrganizationError, Organizations},
};

use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, Entry, NewEntry, Origin, Record},
        builds::BuildReason,
        clock::Timestamp,
        ids::{AuditId, OrganizationId, RequestId, UserId},
        pagination::Page,
        rights::{Action, Object, ResourceKind, actor::Actor},
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

/// An entry of something that never happened.
#[derive(Clone, Debug)]
pub struct MadeUp {
    /// What was done.
    pub action: AuditAction,
    /// The kind of thing.
    pub kind: AuditedKind,
    /// The thing; nil for any.
    pub resource: Uuid,
    /// The organization of the thing; nil for none.
    pub organization: OrganizationId,
    /// Facts of the kind of thing.
    pub additional: Option<Value>,
    /// Why the build was made that it was done to.
    pub build_reason: Option<BuildReason>,
    /// When; absent for now.
    pub at: Option<Timestamp>,
}

/// Why no entry is made up.
#[derive(Debug, Error)]
pub enum MakeUpError {
    /// The caller may not write to the log.
    #[error("the caller may not write to the audit log")]
    Denied,
    /// The database failed.
    #[error("the entry could not be written")]
    Store(#[from] StoreError),
}

/// Entries in a page whose size nobody named.
const USUAL_PAGE: i64 = 100;

/// The audit log.
#[derive(Clone)]
pub struct AuditLog {
    pub(super) core: Core,
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

    /// A page of the entries that the actor may see, newest first, and how many there are; who
    /// names no limit gets a bounded page, since the log only grows.
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
        let page = Page {
            limit: page.limit.or(Some(USUAL_PAGE)),
            ..page
        };
        Ok(audit::list(&mut conn, readable, search, actor.id, organization, page).await?)
    }

    /// Writes an entry of something that never happened, to try the log out.
    ///
    /// # Errors
    /// Without the right to write to the log.
    pub async fn make_up(&self, actor: &Actor, what: MadeUp) -> Result<(), MakeUpError> {
        let log = Object::of(ResourceKind::AuditLog);
        if !actor.may(Action::Create, &log) {
            return Err(MakeUpError::Denied);
        }
        let resource = if what.resource.is_nil() {
            RequestId::random().0
        } else {
            what.resource
        };
        let given = what.additional.unwrap_or_else(|| match what.build_reason {
            Some(reason) => json!({"build_reason": reason}),
            None => json!({}),
        });
        let entry = NewEntry::new(what.action, what.kind, resource, &*actor.username, 200)
            .in_organization(what.organization)
            .with(given);
        let now = what.at.unwrap_or_else(|| self.core.now());
        let mut conn = self.core.conn().await?;
        Ok(record(&mut conn, actor.id, &actor.origin, entry, now).await?)
    }
}
