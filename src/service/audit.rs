//! The audit log: entries are written in the transaction of what they tell of.

use chrono::TimeDelta;
use futures::stream::{self, Stream};
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
        audit::{self, Place, Wanted},
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
/// Entries in memory at once while the log is exported.
const EXPORTED_PART: i64 = 500;
/// Entries that one transaction of a purge deletes at most.
const PURGED_PART: i64 = 1000;
/// Transactions of one purge at most; the rest waits for the next.
const PURGED_PARTS: usize = 1000;

/// The next entries of an export, after a place.
async fn part(
    core: &Core,
    wanted: &Wanted,
    after: Option<Place>,
) -> Result<Vec<Record>, StoreError> {
    let page = Page {
        limit: Some(EXPORTED_PART),
        ..Page::default()
    };
    let (records, _) = audit::list(&mut *core.conn().await?, wanted, after, page, false).await?;
    Ok(records)
}

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
        search: AuditQuery,
        page: Page,
    ) -> Result<(Vec<Record>, i64), ListAuditError> {
        let wanted = self.wanted(actor, search).await?;
        let mut conn = self.core.conn().await?;
        let page = Page {
            limit: page.limit.or(Some(USUAL_PAGE)),
            ..page
        };
        Ok(audit::list(&mut conn, &wanted, None, page, true).await?)
    }

    /// All entries that the actor may see, newest first, in parts of a bounded size. Between two
    /// parts no connection is held, however slowly they are taken.
    ///
    /// # Errors
    /// As [`AuditLog::list`]; each part may fail by itself, which ends the stream.
    pub async fn export(
        &self,
        actor: &Actor,
        search: AuditQuery,
    ) -> Result<impl Stream<Item = Result<Vec<Record>, ListAuditError>> + use<>, ListAuditError>
    {
        let wanted = self.wanted(actor, search).await?;
        let core = self.core.clone();
        Ok(stream::try_unfold(Some(None), move |next| {
            let (core, wanted) = (core.clone(), wanted.clone());
            async move {
                let Some(after) = next else {
                    return Ok(None);
                };
                let part = part(&core, &wanted, after).await?;
                let last = part.last().map(|record| (record.entry.at, record.entry.id));
                let is_full = i64::try_from(part.len()) == Ok(EXPORTED_PART);
                Ok(last.map(|last| (part, is_full.then_some(Some(last)))))
            }
        }))
    }

    async fn wanted(&self, actor: &Actor, search: AuditQuery) -> Result<Wanted, ListAuditError> {
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
        Ok(Wanted {
            everything: filter.everything,
            organizations: filter.organizations,
            search,
            me: actor.id,
            organization,
        })
    }

    /// Deletes entries that are older than the deployment keeps them, in short transactions;
    /// says how many these were.
    ///
    /// # Errors
    /// When the database fails; what was deleted before stays deleted.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let Some(before) = (self.core.settings.audit_retention)
            .and_then(|kept| TimeDelta::from_std(kept).ok())
            .and_then(|kept| self.core.now().checked_sub_signed(kept))
        else {
            return Ok(0);
        };
        let mut purged = 0;
        for _ in 0..PURGED_PARTS {
            let mut conn = self.core.conn().await?;
            let done = audit::delete_before(&mut conn, before, PURGED_PART).await?;
            purged += done;
            if done < PURGED_PART.unsigned_abs() {
                break;
            }
        }
        Ok(purged)
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
