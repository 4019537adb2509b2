//! Making users.

use thiserror::Error;

use super::{Users, member, tracked};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, secret},
        clock::never,
        ids::{OrganizationId, UserId},
        passwords::{self, Weakness},
        rights::{Action, Object, ResourceKind, actor::Actor},
        users::{LoginType, User, UserStatus},
    },
    service::{audit, commit, on},
    store::{StoreError, git_ssh_keys, members, organizations, users},
};

/// Why a user was not made.
#[derive(Debug, Error)]
pub enum CreateUserError {
    /// The caller may not make users.
    #[error("users may not be made by the caller")]
    Denied,
    /// A password was given for a user that signs in another way.
    #[error("a user that signs in by {0} has no password")]
    PasswordNotUsed(LoginType),
    /// Nobody may sign in by password here.
    #[error("signing in by password is switched off")]
    PasswordsOff,
    /// Only keys have the login type `token`, and no provider is set up for `oidc`.
    #[error("users cannot sign in by {0} here")]
    LoginTypeUnavailable(LoginType),
    /// A user belongs to one organization at least.
    #[error("no organization specified")]
    NoOrganization,
    /// There is no such organization.
    #[error("there is no organization {0}")]
    UnknownOrganization(OrganizationId),
    /// The username or the e-mail address belongs to somebody.
    #[error("the username or e-mail address is taken")]
    Taken,
    /// The password is too easy.
    #[error("the password is too weak")]
    WeakPassword(#[source] Weakness),
    /// The password could not be hashed, or no key pair could be generated.
    #[error("the user's secrets could not be made")]
    Secrets,
    /// The database failed.
    #[error("the user could not be made")]
    Store(#[from] StoreError),
}

/// What a new user is made of.
pub struct NewUser {
    /// E-mail address.
    pub email: String,
    /// Username.
    pub username: String,
    /// Full name; may be empty.
    pub name: String,
    /// Password; empty for none.
    pub password: String,
    /// How the user signs in.
    pub login_type: LoginType,
    /// Whether the user may come in, and has; dormant unless said.
    pub status: Option<UserStatus>,
    /// Where the user belongs; the nil id stands for the default organization.
    pub organizations: Vec<OrganizationId>,
}

/// A user as an identity provider describes it.
pub(crate) struct Provisioned {
    /// E-mail address.
    pub(crate) email: String,
    /// Username.
    pub(crate) username: String,
    /// Full name; may be empty.
    pub(crate) name: String,
    /// Whether it may come in, and has.
    pub(crate) status: UserStatus,
}

impl Users {
    /// Makes a user with a key pair for git and its memberships.
    ///
    /// # Errors
    /// When the caller may not, or the order contradicts itself or what exists.
    pub async fn create(&self, actor: &Actor, order: NewUser) -> Result<User, CreateUserError> {
        if !actor.may(Action::Create, &Object::of(ResourceKind::User)) {
            return Err(refusal(actor, &order.organizations));
        }
        self.check_login(&order)?;
        if order.organizations.is_empty() {
            return Err(CreateUserError::NoOrganization);
        }
        let mut conn = self.core.conn().await?;
        if users::is_taken(&mut conn, &order.username, &order.email).await? {
            return Err(CreateUserError::Taken);
        }
        let organization_ids = self
            .organizations(&mut conn, actor, &order.organizations)
            .await?;
        drop(conn);
        let hash = match order.login_type {
            LoginType::Password => self.hash(&order.password).await?,
            LoginType::Oidc if self.core.settings.oidc.is_none() => {
                return Err(CreateUserError::LoginTypeUnavailable(LoginType::Oidc));
            }
            _ => String::new(),
        };
        let now = self.core.now();
        let user = User {
            id: UserId::random(),
            username: order.username,
            email: order.email,
            name: order.name,
            avatar_url: String::new(),
            theme_preference: String::new(),
            status: order.status.unwrap_or(UserStatus::Dormant),
            login_type: order.login_type,
            site_roles: Vec::new(),
            organization_ids,
            created_at: now,
            updated_at: now,
            last_seen_at: never(),
        };
        self.keep_new(actor.id, &actor.origin, user, hash).await
    }

    /// Makes a user of the default organization that signs in by OIDC; for who has
    /// shown that it speaks for the identity provider.
    ///
    /// # Errors
    /// When the username or the e-mail address is taken.
    pub(crate) async fn provision(
        &self,
        origin: &Origin,
        order: Provisioned,
    ) -> Result<User, CreateUserError> {
        let organization = organizations::default_id(&mut *self.core.conn().await?).await?;
        let now = self.core.now();
        let user = User {
            id: UserId::random(),
            username: order.username,
            email: order.email,
            name: order.name,
            avatar_url: String::new(),
            theme_preference: String::new(),
            status: order.status,
            login_type: LoginType::Oidc,
            site_roles: Vec::new(),
            organization_ids: vec![organization],
            created_at: now,
            updated_at: now,
            last_seen_at: never(),
        };
        self.keep_new(UserId::default(), origin, user, String::new())
            .await
    }

    /// Keeps a user with a key pair for git, its memberships and the log's entry.
    async fn keep_new(
        &self,
        by: UserId,
        origin: &Origin,
        user: User,
        hash: String,
    ) -> Result<User, CreateUserError> {
        let pair = self
            .ssh_keys
            .generate()
            .await
            .ok_or(CreateUserError::Secrets)?;
        let now = user.created_at;
        let mut tx = self.core.begin().await?;
        match users::insert(on(&mut tx), &user, &hash).await {
            Err(StoreError::Unique { .. }) => return Err(CreateUserError::Taken),
            other => other?,
        }
        git_ssh_keys::upsert(on(&mut tx), user.id, &pair, now).await?;
        for organization in &user.organization_ids {
            members::insert(on(&mut tx), &member(*organization, user.id, now)).await?;
        }
        let mut fields = tracked(&user);
        fields.push(secret("hashed_password", hash));
        let entry = NewEntry::new(
            AuditAction::Create,
            AuditedKind::User,
            user.id.0,
            user.username.clone(),
            201,
        )
        .changing(&[], &fields);
        audit::record(on(&mut tx), by, origin, entry, now).await?;
        commit(tx).await?;
        Ok(user)
    }

    fn check_login(&self, order: &NewUser) -> Result<(), CreateUserError> {
        if order.login_type != LoginType::Password && !order.password.is_empty() {
            return Err(CreateUserError::PasswordNotUsed(order.login_type));
        }
        if order.login_type == LoginType::Password && self.core.settings.disable_password_auth {
            return Err(CreateUserError::PasswordsOff);
        }
        if order.login_type == LoginType::Token {
            return Err(CreateUserError::LoginTypeUnavailable(LoginType::Token));
        }
        Ok(())
    }

    /// The organizations, each once, the nil id replaced by the default one.
    async fn organizations(
        &self,
        conn: &mut sqlx::PgConnection,
        actor: &Actor,
        named: &[OrganizationId],
    ) -> Result<Vec<OrganizationId>, CreateUserError> {
        let mut ids: Vec<OrganizationId> = Vec::new();
        for id in named {
            let id = if id.is_nil() {
                organizations::default_id(conn).await?
            } else {
                *id
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let existing = organizations::existing(conn, &ids).await?;
        let is_known = |id: &OrganizationId| existing.contains(id) && may_see(actor, *id);
        match ids.iter().find(|id| !is_known(id)) {
            Some(unknown) => Err(CreateUserError::UnknownOrganization(*unknown)),
            None => Ok(ids),
        }
    }

    async fn hash(&self, password: &str) -> Result<String, CreateUserError> {
        passwords::check_strength(password).map_err(CreateUserError::WeakPassword)?;
        self.sessions
            .hash(password.to_owned())
            .await
            .ok_or(CreateUserError::Secrets)
    }
}

fn may_see(actor: &Actor, organization: OrganizationId) -> bool {
    let object = Object::of(ResourceKind::Organization).with_id(organization.0);
    actor.may(Action::Read, &object.in_organization(organization))
}

/// What is told to who may not make users: an organization that they may not see is not there.
fn refusal(actor: &Actor, named: &[OrganizationId]) -> CreateUserError {
    named
        .iter()
        .find(|id| !id.is_nil() && !may_see(actor, **id))
        .map_or(CreateUserError::Denied, |hidden| {
            CreateUserError::UnknownOrganization(*hidden)
        })
}
