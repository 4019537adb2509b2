//! Changes that were not carried out, in the audit log. Their own transaction was rolled back,
//! so these entries are written after it; what does not exist is not told of (spec CO-142).

use super::{audit, audit::AuditLog};
use crate::{
    domain::{
        attempts::{Attempt, Subject, Target},
        audit::{AuditedKind, NewEntry},
        ids::UserId,
        users::{OrganizationRef, User, UserRef},
    },
    store::{StoreError, api_keys, audit_targets, organizations, users},
};

impl AuditLog {
    /// Tells of a change that was refused or failed, if what it was to change exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut conn = self.core.conn().await?;
        let Some(target) = find(&mut conn, attempt).await? else {
            return Ok(());
        };
        let entry = NewEntry::new(
            attempt.action,
            attempt.kind,
            target.id,
            target.name,
            attempt.status,
        )
        .in_organization(target.organization.unwrap_or_default());
        let now = self.core.now();
        audit::record(&mut conn, attempt.user, &attempt.origin, entry, now).await
    }
}

/// What the log calls the thing that was to be changed.
async fn find(
    conn: &mut sqlx::PgConnection,
    attempt: &Attempt,
) -> Result<Option<Target>, StoreError> {
    let kind = attempt.kind;
    match &attempt.subject {
        Subject::Thing(id) => audit_targets::find(conn, kind, *id).await,
        Subject::License(id) => audit_targets::find_license(conn, *id).await,
        Subject::User(named) => {
            let user = user(conn, named, attempt.user).await?;
            Ok(user.map(|user| Target {
                id: user.id.0,
                // A key's name would be the key, which is of no use here.
                name: if kind == AuditedKind::GitSshKey {
                    String::new()
                } else {
                    user.username
                },
                organization: None,
            }))
        }
        Subject::Key(id) => {
            let key = api_keys::find(conn, id).await?;
            Ok(key.map(|key| Target {
                id: key.user_id.0,
                name: key.token_name,
                organization: None,
            }))
        }
        Subject::Organization(named) => organization(conn, named).await,
        Subject::Named(named, name) => {
            let Some(Target { organization, .. }) = organization(conn, named).await? else {
                return Ok(None);
            };
            let organization = organization.unwrap_or_default();
            audit_targets::find_named(conn, kind, organization, name).await
        }
        Subject::Member(named, member) => {
            let organization = organization(conn, named).await?;
            let user = user(conn, member, attempt.user).await?;
            Ok(organization.zip(user).map(|(organization, user)| Target {
                id: user.id.0,
                name: user.username,
                organization: organization.organization,
            }))
        }
        Subject::Settings(named) => {
            let name = kind.as_str().replace('_', " ");
            Ok(match named {
                None => Some(Target {
                    id: uuid::Uuid::nil(),
                    name,
                    organization: None,
                }),
                Some(named) => organization(conn, named)
                    .await?
                    .map(|found| Target { name, ..found }),
            })
        }
    }
}

async fn user(
    conn: &mut sqlx::PgConnection,
    named: &UserRef,
    me: UserId,
) -> Result<Option<User>, StoreError> {
    match named {
        UserRef::Me => users::find(conn, me).await,
        UserRef::Id(id) => users::find(conn, *id).await,
        UserRef::Name(name) => users::find_by_name(conn, name).await,
    }
}

async fn organization(
    conn: &mut sqlx::PgConnection,
    named: &OrganizationRef,
) -> Result<Option<Target>, StoreError> {
    let (id, name) = match named {
        OrganizationRef::Default => (None, None),
        OrganizationRef::Id(id) => (Some(*id), None),
        OrganizationRef::Name(name) => (None, Some(name.as_str())),
    };
    let found = organizations::find(conn, id, name).await?;
    Ok(found.map(|found| Target {
        id: found.id.0,
        name: found.name,
        organization: Some(found.id),
    }))
}
