//! Making, changing and deleting organizations.

use thiserror::Error;

use super::{Organizations, object};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        ids::OrganizationId,
        names::DEFAULT_ORGANIZATION,
        organizations::{Contents, Member, Organization},
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    service::{audit, commit, on},
    store::{StoreError, members, organizations},
};

/// The index that keeps names apart.
const NAME_KEY: &str = "organizations_name_key";

/// Why an organization is not made, changed or deleted.
#[derive(Debug, Error)]
pub enum ChangeOrganizationError {
    /// The caller may not make organizations.
    #[error("organizations may not be made by the caller")]
    Denied,
    /// There is no such organization, or the caller may not change it.
    #[error("no such organization")]
    NotFound,
    /// The name stands for the organization that always exists.
    #[error("the name {DEFAULT_ORGANIZATION:?} is reserved")]
    Reserved,
    /// Another organization has the name.
    #[error("there is an organization of this name")]
    Taken,
    /// The one that always exists stays.
    #[error("the default organization cannot be deleted")]
    IsDefault,
    /// Something is still in it.
    #[error("the organization is not empty")]
    NotEmpty(Contents),
    /// The database failed.
    #[error("the organization could not be changed")]
    Store(#[from] StoreError),
}

/// What a new organization is made of.
pub struct NewOrganization {
    /// Its name in URLs.
    pub name: String,
    /// Its title; the name when empty.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Its picture.
    pub icon: String,
}

/// What is to change; `None` leaves alone.
#[derive(Default)]
pub struct OrganizationChange {
    /// Its name in URLs.
    pub name: Option<String>,
    /// Its title.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its picture.
    pub icon: Option<String>,
}

impl Organizations {
    /// Makes an organization with its everyone-group; its maker becomes a member.
    ///
    /// # Errors
    /// Without the right, and when the name is reserved or taken.
    pub async fn create(
        &self,
        actor: &Actor,
        order: NewOrganization,
    ) -> Result<Organization, ChangeOrganizationError> {
        if !actor.may(Action::Create, &Object::of(ResourceKind::Organization)) {
            return Err(ChangeOrganizationError::Denied);
        }
        check_name(&order.name)?;
        let now = self.core.now();
        let made = Organization {
            id: OrganizationId::random(),
            display_name: title(order.display_name, &order.name),
            name: order.name,
            description: order.description,
            icon: order.icon,
            is_default: false,
            created_at: now,
            updated_at: now,
        };
        let member = Member {
            user_id: actor.id,
            organization_id: made.id,
            roles: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.core.begin().await?;
        let inserted = organizations::insert(on(&mut tx), &made).await;
        inserted.map_err(taken)?;
        organizations::insert_everyone(on(&mut tx), made.id).await?;
        members::insert(on(&mut tx), &member).await?;
        let entry = entry(AuditAction::Create, &made, 201).changing(&[], &tracked(&made));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(actor.id);
        Ok(made)
    }

    /// Changes what people chose of an organization.
    ///
    /// # Errors
    /// [`ChangeOrganizationError::NotFound`] without the right; when the name is reserved or taken.
    pub async fn update(
        &self,
        actor: &Actor,
        id: OrganizationId,
        change: OrganizationChange,
    ) -> Result<Organization, ChangeOrganizationError> {
        if !actor.may(Action::Update, &object(id)) {
            return Err(ChangeOrganizationError::NotFound);
        }
        if let Some(name) = &change.name {
            check_name(name)?;
        }
        let mut tx = self.core.begin().await?;
        let before = organizations::lock(on(&mut tx), id).await?;
        let before = before.ok_or(ChangeOrganizationError::NotFound)?;
        let now = self.core.now();
        let old = before.clone();
        let after = Organization {
            name: change.name.unwrap_or(old.name),
            display_name: change.display_name.unwrap_or(old.display_name),
            description: change.description.unwrap_or(old.description),
            icon: change.icon.unwrap_or(old.icon),
            updated_at: now,
            ..old
        };
        let updated = organizations::update(on(&mut tx), &after).await;
        updated.map_err(taken)?;
        let entry =
            entry(AuditAction::Write, &after, 200).changing(&tracked(&before), &tracked(&after));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        Ok(after)
    }

    /// Deletes an organization that is empty but for one member.
    ///
    /// # Errors
    /// [`ChangeOrganizationError::NotFound`] without the right; for the default organization, and
    /// for one with something in it.
    pub async fn delete(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<(), ChangeOrganizationError> {
        if !actor.may(Action::Delete, &object(id)) {
            return Err(ChangeOrganizationError::NotFound);
        }
        let mut tx = self.core.begin().await?;
        let found = organizations::lock(on(&mut tx), id).await?;
        let found = found.ok_or(ChangeOrganizationError::NotFound)?;
        if found.is_default {
            return Err(ChangeOrganizationError::IsDefault);
        }
        let contents = organizations::count_contents(on(&mut tx), id).await?;
        if !contents.is_nothing() {
            return Err(ChangeOrganizationError::NotEmpty(contents));
        }
        let now = self.core.now();
        let members = organizations::delete(on(&mut tx), id, now).await?;
        let entry = entry(AuditAction::Delete, &found, 200).changing(&tracked(&found), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        for member in members {
            self.sessions.changed(member);
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), ChangeOrganizationError> {
    if name.eq_ignore_ascii_case(DEFAULT_ORGANIZATION) {
        Err(ChangeOrganizationError::Reserved)
    } else {
        Ok(())
    }
}

fn title(wished: String, name: &str) -> String {
    if wished.is_empty() {
        name.to_owned()
    } else {
        wished
    }
}

fn taken(error: StoreError) -> ChangeOrganizationError {
    if error.violates(NAME_KEY) {
        ChangeOrganizationError::Taken
    } else {
        error.into()
    }
}

fn entry(action: AuditAction, organization: &Organization, status: u16) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::Organization,
        organization.id.0,
        organization.name.clone(),
        status,
    )
    .in_organization(organization.id)
}

fn tracked(organization: &Organization) -> Vec<Tracked> {
    vec![
        shown("id", organization.id.to_string()),
        shown("name", organization.name.clone()),
        shown("display_name", organization.display_name.clone()),
        shown("description", organization.description.clone()),
        shown("icon", organization.icon.clone()),
        shown("is_default", organization.is_default),
    ]
}
