//! A change of something that was not carried out, as the audit log tells it: who tried what on
//! which thing, and how it was answered (spec CO-142). Which operations are told is the
//! entrance's choice.

use uuid::Uuid;

use super::{
    audit::{AuditAction, AuditedKind, Origin},
    ids::UserId,
    tokens::KeyId,
    users::{OrganizationRef, UserRef},
};

/// What a request names as the thing that it wants to change.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A thing by its id.
    Thing(Uuid),
    /// A user.
    User(UserRef),
    /// An API key.
    Key(KeyId),
    /// A licence by its number.
    License(i32),
    /// An organization.
    Organization(OrganizationRef),
    /// A user's membership.
    Member(OrganizationRef, UserRef),
    /// A thing by its name in an organization.
    Named(OrganizationRef, String),
    /// Settings of an organization; of the whole deployment for none.
    Settings(Option<OrganizationRef>),
}

/// A change that was refused or failed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Who tried it.
    pub user: UserId,
    /// From where.
    pub origin: Origin,
    /// What was to be done.
    pub action: AuditAction,
    /// To which kind of thing.
    pub kind: AuditedKind,
    /// To which one.
    pub subject: Subject,
    /// The status of the answer.
    pub status: u16,
}

/// A thing as the log names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The thing.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its organization, unless it belongs to none.
    pub organization: Option<super::ids::OrganizationId>,
}
