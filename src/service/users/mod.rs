//! Use cases on users: finding them and setting the deployment up. Making and changing users
//! stands in the files beside.

mod autofill;

mod change;

mod create;

mod list;

pub mod password;

mod roles;

pub use change::ChangeUserError;
pub(crate) use create::Provisioned;
pub use create::{CreateUserError, NewUser};
pub use roles::{SetRolesError, UserRoles};

use serde_json::json;
use thiserror::Error;

use super::{Core, commit, git_ssh_keys::GitSshKeys, on, sessions::Sessions};
use crate::{
    domain::{
        audit::{Tracked, shown},
        clock::Timestamp,
        ids::{OrganizationId, UserId},
        organizations::Member,
        passwords::{self, Weakness},
        rights::{Action, Object, actor::Actor, roles::SiteRole},
        users::{LoginType, User, UserRef, UserStatus},
    },
    store::{StoreError, git_ssh_keys, members, organizations, users},
};

/// Why there is no first user now.
#[derive(Debug, Error)]
pub enum FirstUserError {
    /// There is a user already.
    #[error("there is a first user already")]
    Exists,
    /// The password is too easy.
    #[error("the password is too weak")]
    WeakPassword(#[source] Weakness),
    /// The password could not be hashed, or no key pair could be generated.
    #[error("the user's secrets could not be made")]
    Secrets,
    /// The database failed.
    #[error("the first user could not be made")]
    Store(#[from] StoreError),
}

/// Why a user is not shown.
#[derive(Debug, Error)]
pub enum FindUserError {
    /// No such user, or the caller may not see it (spec WS-18).
    #[error("no such user")]
    NotFound,
    /// The database failed.
    #[error("the user could not be read")]
    Store(#[from] StoreError),
}

/// What the first user brings.
pub struct FirstUser {
    /// E-mail address.
    pub email: String,
    /// Username.
    pub username: String,
    /// Full name; may be empty.
    pub name: String,
    /// Password.
    pub password: String,
}

/// Users of the deployment.
#[derive(Clone)]
pub struct Users {
    core: Core,
    sessions: Sessions,
    ssh_keys: GitSshKeys,
}

impl Users {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions, ssh_keys: GitSshKeys) -> Self {
        Self {
            core,
            sessions,
            ssh_keys,
        }
    }

    /// Whether the deployment has been set up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any(&self) -> Result<bool, StoreError> {
        users::any(&mut *self.core.conn().await?).await
    }

    /// Sets the deployment up: the first user is an owner of the site.
    ///
    /// # Errors
    /// [`FirstUserError::Exists`] once there is a user; weak passwords are refused.
    pub async fn create_first(
        &self,
        order: FirstUser,
    ) -> Result<(UserId, OrganizationId), FirstUserError> {
        if self.any().await? {
            return Err(FirstUserError::Exists);
        }
        passwords::check_strength(&order.password).map_err(FirstUserError::WeakPassword)?;
        let hash = self
            .sessions
            .hash(order.password)
            .await
            .ok_or(FirstUserError::Secrets)?;
        let pair = self
            .ssh_keys
            .generate()
            .await
            .ok_or(FirstUserError::Secrets)?;
        let now = self.core.now();
        let user = User {
            id: UserId::random(),
            username: order.username,
            email: order.email,
            name: order.name,
            avatar_url: String::new(),
            theme_preference: String::new(),
            status: UserStatus::Active,
            login_type: LoginType::Password,
            site_roles: vec![SiteRole::Owner],
            organization_ids: Vec::new(),
            created_at: now,
            updated_at: now,
            last_seen_at: now,
        };
        let mut tx = self.core.begin().await?;
        users::lock_first(on(&mut tx)).await?;
        if users::any(on(&mut tx)).await? {
            return Err(FirstUserError::Exists);
        }
        let organization = organizations::default_id(on(&mut tx)).await?;
        users::insert(on(&mut tx), &user, &hash).await?;
        git_ssh_keys::upsert(on(&mut tx), user.id, &pair, now).await?;
        members::insert(on(&mut tx), &member(organization, user.id, now)).await?;
        commit(tx).await?;
        Ok((user.id, organization))
    }

    /// Finds the user that a path names, if the actor may see it.
    ///
    /// # Errors
    /// [`FindUserError::NotFound`] for missing and for hidden users alike.
    pub async fn resolve(&self, actor: &Actor, user: &UserRef) -> Result<User, FindUserError> {
        let mut conn = self.core.conn().await?;
        let found = match user {
            UserRef::Me => users::find(&mut conn, actor.id).await?,
            UserRef::Id(id) => users::find(&mut conn, *id).await?,
            UserRef::Name(name) => users::find_by_name(&mut conn, name).await?,
        };
        found
            .filter(|user| actor.may(Action::Read, &Object::user(user.id)))
            .ok_or(FindUserError::NotFound)
    }
}

/// A membership without extra roles.
fn member(organization: OrganizationId, user: UserId, now: Timestamp) -> Member {
    Member {
        user_id: user,
        organization_id: organization,
        roles: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

/// A user as the audit log sees it.
fn tracked(user: &User) -> Vec<Tracked> {
    vec![
        shown("id", user.id.to_string()),
        shown("email", user.email.clone()),
        shown("username", user.username.clone()),
        shown("name", user.name.clone()),
        shown("status", user.status.as_str()),
        shown("login_type", user.login_type.as_str()),
        shown("rbac_roles", json!(user.site_roles)),
        shown("theme_preference", user.theme_preference.clone()),
    ]
}
