//! Use cases on memberships: who belongs to an organization, and with which roles.

use serde_json::json;
use thiserror::Error;

use super::{Core, audit, commit, on, sessions::Sessions};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        ids::{OrganizationId, UserId},
        organizations::{Member, MemberWithUser},
        rights::{
            Action, Object, ResourceKind, actor::Actor, custom::RoleTitles, roles::OrganizationRole,
        },
        users::{User, UserRef},
    },
    store::{StoreError, custom_roles, members, users},
};

/// Why a membership is not shown or changed.
#[derive(Debug, Error)]
pub enum MemberError {
    /// No such user.
    #[error("no such user")]
    NoUser,
    /// No such member, or the caller may not see or change it.
    #[error("no such member")]
    NotFound,
    /// The user belongs to the organization already.
    #[error("the user is a member already")]
    Exists,
    /// Nobody ends their own membership or changes their own roles.
    #[error("one's own membership is for others to change")]
    Oneself,
    /// The caller may not give or take roles.
    #[error("roles may not be given by the caller")]
    Denied,
    /// There is no such role.
    #[error("{0:?} is no role of an organization")]
    UnknownRole(String),
    /// The caller may not give or take this role.
    #[error("the role {0:?} may not be given or taken by the caller")]
    RoleDenied(String),
    /// The database failed.
    #[error("the membership could not be read or changed")]
    Store(#[from] StoreError),
}

/// Memberships of organizations.
#[derive(Clone)]
pub struct Members {
    core: Core,
    sessions: Sessions,
}

impl Members {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions) -> Self {
        Self { core, sessions }
    }

    /// The members that the actor may see: all, or only itself; with the titles of the roles
    /// that were made for the organization, where a member has one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<(Vec<MemberWithUser>, RoleTitles), StoreError> {
        let all = Object::of(ResourceKind::OrganizationMember).in_organization(organization);
        let only = (!actor.may(Action::Read, &all)).then_some(actor.id);
        let mut conn = self.core.conn().await?;
        let found = members::list(&mut conn, organization, only).await?;
        let mut titles = RoleTitles::new();
        if found.iter().any(|found| found.member.has_custom_role()) {
            let made = custom_roles::list(&mut conn, organization).await?;
            titles.extend(made.into_iter().map(|role| (role.name, role.display_name)));
        }
        Ok((found, titles))
    }

    /// The memberships of one user.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_of_user(&self, user: UserId) -> Result<Vec<Member>, StoreError> {
        members::list_of_user(&mut *self.core.conn().await?, user).await
    }

    /// Finds a member, if the actor may see the membership (spec WS-20).
    ///
    /// # Errors
    /// [`MemberError::NoUser`] for an unknown user, [`MemberError::NotFound`] for a user that
    /// is no member or whose membership is hidden.
    pub async fn find(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        user: &UserRef,
    ) -> Result<UserId, MemberError> {
        let mut conn = self.core.conn().await?;
        let user = match user {
            UserRef::Me => users::find(&mut conn, actor.id).await?,
            UserRef::Id(id) => users::find(&mut conn, *id).await?,
            UserRef::Name(name) => users::find_by_name(&mut conn, name).await?,
        };
        let user = user.ok_or(MemberError::NoUser)?;
        let is_shown = actor.may(Action::Read, &Object::member(user.id, organization));
        if is_shown && user.organization_ids.contains(&organization) {
            Ok(user.id)
        } else {
            Err(MemberError::NotFound)
        }
    }

    /// Makes a user a member without extra roles.
    ///
    /// # Errors
    /// [`MemberError::Exists`] for a member, [`MemberError::NotFound`] without the right.
    pub async fn add(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        user: &User,
    ) -> Result<Member, MemberError> {
        if !actor.may(Action::Create, &Object::member(user.id, organization)) {
            return Err(MemberError::NotFound);
        }
        let now = self.core.now();
        let member = Member {
            user_id: user.id,
            organization_id: organization,
            roles: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.core.begin().await?;
        if members::lock(on(&mut tx), organization, user.id)
            .await?
            .is_some()
        {
            return Err(MemberError::Exists);
        }
        match members::insert(on(&mut tx), &member).await {
            Err(StoreError::Unique { .. }) => return Err(MemberError::Exists),
            other => other?,
        }
        let entry = entry(AuditAction::Create, &member, user, 200).changing(&[], &tracked(&member));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(member)
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// [`MemberError::Oneself`] for the actor's own, [`MemberError::NotFound`] without the right.
    pub async fn remove(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        user: &UserRef,
    ) -> Result<(), MemberError> {
        let mut tx = self.core.begin().await?;
        let (member, user) = self.lock(&mut tx, actor, organization, user).await?;
        if user.id == actor.id {
            return Err(MemberError::Oneself);
        }
        if !actor.may(Action::Delete, &Object::member(user.id, organization)) {
            return Err(MemberError::NotFound);
        }
        members::delete(on(&mut tx), organization, user.id).await?;
        let entry =
            entry(AuditAction::Delete, &member, &user, 204).changing(&tracked(&member), &[]);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(())
    }

    /// Sets a member's roles, and gives the titles of those that were made there.
    ///
    /// # Errors
    /// When the roles are the actor's own, unknown, or not the actor's to give or take.
    pub async fn set_roles(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        user: &UserRef,
        roles: &[String],
    ) -> Result<(Member, RoleTitles), MemberError> {
        let mut tx = self.core.begin().await?;
        let (before, user) = self.lock(&mut tx, actor, organization, user).await?;
        if user.id == actor.id {
            return Err(MemberError::Oneself);
        }
        let made = custom_roles::existing(on(&mut tx), organization, roles).await?;
        let roles = checked_roles(actor, organization, &before, roles, &made)?;
        let now = self.core.now();
        members::update_roles(on(&mut tx), organization, user.id, &roles, now).await?;
        let after = Member {
            roles,
            updated_at: now,
            ..before.clone()
        };
        let entry = entry(AuditAction::Write, &after, &user, 200)
            .changing(&tracked(&before), &tracked(&after));
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok((after, made))
    }

    /// Finds and locks a membership that the actor may see.
    async fn lock(
        &self,
        tx: &mut sqlx::PgTransaction<'_>,
        actor: &Actor,
        organization: OrganizationId,
        user: &UserRef,
    ) -> Result<(Member, User), MemberError> {
        let found = match user {
            UserRef::Me => users::find(on(tx), actor.id).await?,
            UserRef::Id(id) => users::find(on(tx), *id).await?,
            UserRef::Name(name) => users::find_by_name(on(tx), name).await?,
        };
        let user = found.ok_or(MemberError::NoUser)?;
        let member = members::lock(on(tx), organization, user.id)
            .await?
            .filter(|_| actor.may(Action::Read, &Object::member(user.id, organization)))
            .ok_or(MemberError::NotFound)?;
        Ok((member, user))
    }
}

/// The roles sorted and each once, if the actor may give what is new and take what is gone;
/// `made` are those of the wished ones that were made for the organization.
fn checked_roles(
    actor: &Actor,
    organization: OrganizationId,
    before: &Member,
    roles: &[String],
    made: &RoleTitles,
) -> Result<Vec<String>, MemberError> {
    let mut wanted = roles.to_vec();
    wanted.sort();
    wanted.dedup();
    let object = Object::of(ResourceKind::AssignOrgRole).in_organization(organization);
    let added = wanted.iter().filter(|role| !before.roles.contains(role));
    let removed = before.roles.iter().filter(|role| !wanted.contains(role));
    for (action, role) in added
        .map(|role| (Action::Assign, role))
        .chain(removed.map(|role| (Action::Delete, role)))
    {
        if !actor.may(action, &object) {
            return Err(MemberError::Denied);
        }
        let may_assign = match OrganizationRole::parse(role) {
            Some(role) => actor.may_assign_in(organization, role),
            None if made.contains_key(role) || before.roles.contains(role) => {
                actor.may_assign_custom_in(organization)
            }
            None => return Err(MemberError::UnknownRole(role.clone())),
        };
        if !may_assign {
            return Err(MemberError::RoleDenied(role.clone()));
        }
    }
    Ok(wanted)
}

fn entry(action: AuditAction, member: &Member, user: &User, status: u16) -> NewEntry {
    NewEntry::new(
        action,
        AuditedKind::OrganizationMember,
        user.id.0,
        user.username.clone(),
        status,
    )
    .in_organization(member.organization_id)
}

fn tracked(member: &Member) -> Vec<Tracked> {
    vec![
        shown("organization_id", member.organization_id.to_string()),
        shown("user_id", member.user_id.to_string()),
        shown("roles", json!(member.roles)),
    ]
}
