//! Roles of the site.

use thiserror::Error;

use super::{FindUserError, Users, tracked};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry},
        organizations::Member,
        rights::{Action, Object, ResourceKind, actor::Actor, roles::SiteRole},
        users::User,
    },
    service::{audit, commit, on},
    store::{StoreError, members, users},
};

/// Why roles were not set.
#[derive(Debug, Error)]
pub enum SetRolesError {
    /// Nobody changes their own roles.
    #[error("one's own roles are for others to change")]
    Oneself,
    /// The caller may not give or take roles.
    #[error("roles may not be given by the caller")]
    Denied,
    /// There is no such role.
    #[error("{0:?} is no role of the site")]
    UnknownRole(String),
    /// The caller may not give or take this role.
    #[error("the role {0:?} may not be given or taken by the caller")]
    RoleDenied(SiteRole),
    /// The user is gone.
    #[error("no such user")]
    NotFound,
    /// The database failed.
    #[error("the roles could not be set")]
    Store(#[from] StoreError),
}

/// A user's roles everywhere.
pub struct UserRoles {
    /// Roles of the site.
    pub site: Vec<SiteRole>,
    /// Memberships with their roles.
    pub organizations: Vec<Member>,
}

impl Users {
    /// A user's roles, if the actor may see its private data.
    ///
    /// # Errors
    /// [`FindUserError::NotFound`] without the right.
    pub async fn roles(&self, actor: &Actor, user: &User) -> Result<UserRoles, FindUserError> {
        if !actor.may(Action::ReadPersonal, &Object::user(user.id)) {
            return Err(FindUserError::NotFound);
        }
        let organizations = members::list_of_user(&mut *self.core.conn().await?, user.id).await?;
        Ok(UserRoles {
            site: user.site_roles.clone(),
            organizations,
        })
    }

    /// Sets a user's roles of the site.
    ///
    /// # Errors
    /// When the roles are the actor's own, unknown, or not the actor's to give or take.
    pub async fn set_roles(
        &self,
        actor: &Actor,
        user: &User,
        roles: &[String],
    ) -> Result<User, SetRolesError> {
        if user.id == actor.id {
            return Err(SetRolesError::Oneself);
        }
        let mut tx = self.core.begin().await?;
        let before = users::lock(on(&mut tx), user.id)
            .await?
            .ok_or(SetRolesError::NotFound)?;
        let site_roles = checked_roles(actor, &before.site_roles, roles)?;
        let now = self.core.now();
        users::update_roles(on(&mut tx), user.id, &site_roles, now).await?;
        let after = User {
            site_roles,
            updated_at: now,
            ..before.clone()
        };
        let entry = NewEntry::new(
            AuditAction::Write,
            AuditedKind::User,
            user.id.0,
            after.username.clone(),
            200,
        )
        .changing(&tracked(&before), &tracked(&after));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(after)
    }
}

/// The roles sorted by name and each once, if the actor may give what is new and take what is gone.
fn checked_roles(
    actor: &Actor,
    before: &[SiteRole],
    names: &[String],
) -> Result<Vec<SiteRole>, SetRolesError> {
    let object = Object::of(ResourceKind::AssignRole);
    let mut wanted = Vec::new();
    for name in names {
        match SiteRole::parse(name) {
            Some(role) => wanted.push(role),
            None if actor.may(Action::Assign, &object) => {
                return Err(SetRolesError::UnknownRole(name.clone()));
            }
            None => return Err(SetRolesError::Denied),
        }
    }
    wanted.sort_by_key(|role| role.as_str());
    wanted.dedup();
    let added = wanted.iter().filter(|role| !before.contains(role));
    let removed = before.iter().filter(|role| !wanted.contains(role));
    for (action, role) in added
        .map(|role| (Action::Assign, *role))
        .chain(removed.map(|role| (Action::Delete, *role)))
    {
        if !actor.may(action, &object) {
            return Err(SetRolesError::Denied);
        }
        if !actor.may_assign(role) {
            return Err(SetRolesError::RoleDenied(role));
        }
    }
    Ok(wanted)
}
