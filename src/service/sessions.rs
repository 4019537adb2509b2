//! Who a token belongs to, and signing in and out. Owns the authentication cache: in steady
//! state a token costs no statement. Decides nothing about what the actor may do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use moka::future::Cache;
use thiserror::Error;

use super::{
    Core, audit, commit,
    login_delays::{Attempt, LoginDelays},
    on,
    password_hashing::PasswordHashing,
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, shown},
        clock::{Timestamp, never},
        ids::{GroupId, OrganizationId, UserId},
        keys::ApiKey,
        passwords::Hasher,
        rights::{
            actor::{Actor, Scope},
            custom::CustomGrants,
            roles::OrganizationRole,
        },
        tokens::{KeyId, Token},
        users::{LoginType, UserStatus},
    },
    pubsub::Event,
    store::{
        StoreError,
        api_keys::{self, Credential},
        user_secrets::{self, PasswordRow},
        users,
    },
};

/// Most tokens remembered.
const CACHE_TOKENS: u64 = 20_000;
/// How long an answer is believed without asking the database again.
const CACHE_LIFE: Duration = Duration::from_secs(5);
/// Use and expiry of a key are written at most this often (spec CO-8, CO-9).
const TOUCH_EVERY: chrono::TimeDelta = chrono::TimeDelta::hours(1);
/// A refusal of wrong credentials takes a whole number of these: what is done about an account
/// that exists does not show in the time.
const REFUSAL_STEP: Duration = Duration::from_millis(50);

/// Why a token is not accepted.
#[derive(Clone, Debug, Error)]
pub enum AuthenticateError {
    /// The text has not the form of a token.
    #[error("the session token has the wrong form")]
    Malformed,
    /// No such key, or another secret.
    #[error("the session token is not known")]
    Unknown,
    /// It ended.
    #[error("the session has ended")]
    Expired,
    /// Its user is shut out.
    #[error("the user is suspended")]
    Suspended,
    /// The database failed.
    #[error("the session could not be looked up")]
    Store(#[source] Arc<StoreError>),
}

/// Why somebody cannot sign in.
#[derive(Debug, Error)]
pub enum LoginError {
    /// Wrong address or password; which of them is not told.
    #[error("wrong e-mail address or password")]
    WrongCredentials,
    /// Nobody may sign in by password here.
    #[error("signing in by password is switched off")]
    PasswordsOff,
    /// This user signs in another way.
    #[error("the user signs in by {0}")]
    OtherLoginType(&'static str),
    /// The user is shut out.
    #[error("the user is suspended")]
    Suspended,
    /// The database failed.
    #[error("signing in failed")]
    Store(#[from] StoreError),
}

/// A new key and its token, which is told once.
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// `<id>-<secret>`.
    pub token: String,
}

/// Signing in and out, and recognizing who is signed in.
#[derive(Clone)]
pub struct Sessions {
    core: Core,
    cache: Cache<String, Arc<Known>>,
    hashing: PasswordHashing,
    delays: LoginDelays,
}

struct Known {
    actor: Actor,
    hashed_secret: Vec<u8>,
    expires_at: Timestamp,
}

impl Sessions {
    /// The service with an empty cache.
    #[must_use]
    pub fn new(core: Core, hasher: Hasher) -> Self {
        let cache = Cache::builder()
            .max_capacity(CACHE_TOKENS)
            .time_to_live(CACHE_LIFE)
            .support_invalidation_closures()
            .build();
        Self {
            core,
            cache,
            hashing: PasswordHashing::new(hasher),
            delays: LoginDelays::new(),
        }
    }

    /// Forgets cached sessions as other parts, here and in other replicas, report changes.
    pub async fn watch(self) {
        let mut events = self.core.events.subscribe();
        while let Some(event) = events.next().await {
            match event {
                Event::Sessions(user) => self.forget(user),
                Event::Resync => self.cache.invalidate_all(),
                _ => {}
            }
        }
    }

    fn forget(&self, user: UserId) {
        // The closure variant is lazy but applies to every later read.
        if self
            .cache
            .invalidate_entries_if(move |_, known| known.actor.id == user)
            .is_err()
        {
            self.cache.invalidate_all();
        }
    }

    /// Tells what changed: forgets here at once and in the other replicas soon.
    pub fn changed(&self, user: UserId) {
        self.forget(user);
        self.core.events.publish(Event::Sessions(user));
    }

    /// Finds out whose token this is.
    ///
    /// # Errors
    /// When the token is malformed, unknown, expired or its user may not come in.
    pub async fn authenticate(
        &self,
        token: &str,
        origin: Origin,
    ) -> Result<Actor, AuthenticateError> {
        let token = Token::parse(token).ok_or(AuthenticateError::Malformed)?;
        let known = self
            .cache
            .try_get_with(token.id.0.clone(), self.load(&token, &origin))
            .await
            .map_err(|error: Arc<AuthenticateError>| error.as_ref().clone())?;
        if !token.matches(&known.hashed_secret) {
            return Err(AuthenticateError::Unknown);
        }
        if known.expires_at <= self.core.now() {
            return Err(AuthenticateError::Expired);
        }
        Ok(Actor {
            origin,
            ..known.actor.clone()
        })
    }

    async fn load(&self, token: &Token, origin: &Origin) -> Result<Arc<Known>, AuthenticateError> {
        let store = |error: StoreError| AuthenticateError::Store(Arc::new(error));
        let mut conn = self.core.conn().await.map_err(store)?;
        let found = api_keys::find_credential(&mut conn, &token.id)
            .await
            .map_err(store)?;
        let Some(found) = found.filter(|found| token.matches(&found.hashed_secret)) else {
            return Err(AuthenticateError::Unknown);
        };
        let now = self.core.now();
        if found.key.expires_at <= now {
            return Err(AuthenticateError::Expired);
        }
        match found.status {
            UserStatus::Active => {}
            UserStatus::Suspended => return Err(AuthenticateError::Suspended),
            UserStatus::Dormant => self.wake(found.key.user_id, origin).await.map_err(store)?,
        }
        let expires_at = self.extended(&found.key, now);
        let is_stale = now - found.key.last_used >= TOUCH_EVERY;
        if is_stale || expires_at != found.key.expires_at {
            api_keys::touch(&mut conn, &found.key.id, &origin.ip, expires_at, now)
                .await
                .map_err(store)?;
        }
        Ok(Arc::new(Known {
            hashed_secret: found.hashed_secret.clone(),
            expires_at,
            actor: self.actor_of(found),
        }))
    }

    /// Who a key belongs to now, with its present rights; `None` when it may not be used any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor(&self, key: &KeyId) -> Result<Option<Actor>, StoreError> {
        let mut conn = self.core.conn().await?;
        let found = api_keys::find_credential(&mut conn, key).await?;
        Ok(found
            .filter(|found| found.status != UserStatus::Suspended)
            .filter(|found| found.key.expires_at > self.core.now())
            .map(|found| self.actor_of(found)))
    }

    fn actor_of(&self, found: Credential) -> Actor {
        Actor {
            owners_enter_workspaces: self.core.settings.owners_enter_workspaces,
            ..actor(found)
        }
    }

    /// Makes a dormant user active again.
    async fn wake(&self, user: UserId, origin: &Origin) -> Result<(), StoreError> {
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let Some(before) = users::lock(on(&mut tx), user).await? else {
            return Ok(());
        };
        if before.status == UserStatus::Dormant {
            users::update_status(on(&mut tx), user, UserStatus::Active, now).await?;
            let entry = NewEntry::new(
                AuditAction::Write,
                AuditedKind::User,
                user.0,
                before.username,
                200,
            )
            .changing(
                &[shown("status", UserStatus::Dormant.as_str())],
                &[shown("status", UserStatus::Active.as_str())],
            );
            audit::record(on(&mut tx), user, origin, entry, now).await?;
        }
        commit(tx).await
    }

    /// The expiry after this use (spec CO-9).
    fn extended(&self, key: &ApiKey, now: Timestamp) -> Timestamp {
        let lifetime = chrono::TimeDelta::seconds(key.lifetime_seconds);
        let due = key.expires_at - now <= lifetime - TOUCH_EVERY;
        if due && !self.core.settings.disable_session_expiry_refresh {
            now + lifetime
        } else {
            key.expires_at
        }
    }

    /// Computes the stored form of a password, away from the threads that serve requests.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.hashing.hash(password).await
    }

    /// Compares a password with its stored form; an empty form costs the same time.
    pub async fn verify(&self, password: String, stored: String) -> bool {
        self.hashing.verify(password, stored).await
    }

    /// How many password hashes were computed since the process began.
    #[must_use]
    pub fn hashes_computed(&self) -> u64 {
        self.hashing.computed()
    }

    /// Signs a user in by e-mail address and password. After failed attempts it waits first.
    ///
    /// # Errors
    /// When the credentials are wrong or the user may not sign in this way.
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<NewKey, LoginError> {
        let attempt = Attempt::new(email, &origin.ip);
        let delay = self.delays.before(attempt, self.core.now()).await;
        self.core.clock.wait(delay).await;
        let began = Instant::now();
        let tried = self.try_login(email, password, origin).await;
        match &tried {
            Ok(_) => self.delays.succeeded(attempt).await,
            Err(LoginError::WrongCredentials) => {
                self.delays.failed(attempt, self.core.now()).await;
                let steps = began.elapsed().as_millis() / REFUSAL_STEP.as_millis() + 1;
                let end = REFUSAL_STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
                tokio::time::sleep(end.saturating_sub(began.elapsed())).await;
            }
            Err(_) => {}
        }
        tried
    }

    async fn try_login(
        &self,
        email: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<NewKey, LoginError> {
        let mut conn = self.core.conn().await?;
        let found = user_secrets::find_password(&mut conn, email).await?;
        drop(conn);
        let who = found.as_ref().map(|user| user.id);
        let user = match (self.admit(found, password).await, who) {
            (Ok(user), _) => user,
            (Err(reason), None) => return Err(reason),
            (Err(reason), Some(who)) => {
                self.log_refusal(who, &reason, origin).await?;
                return Err(reason);
            }
        };
        if user.status == UserStatus::Dormant {
            self.wake(user.id, origin).await?;
        }
        let now = self.core.now();
        let mut tx = self.core.begin().await?;
        let made = new_key(
            user.id,
            LoginType::Password,
            Scope::All,
            "",
            self.core.settings.session_duration,
            now,
        );
        api_keys::insert(on(&mut tx), &made.key, &hashed(&made), &origin.ip).await?;
        let entry = session_entry(AuditAction::Login, user.id, 201);
        audit::record(on(&mut tx), user.id, origin, entry, now).await?;
        commit(tx).await?;
        Ok(made)
    }

    /// Writes down that somebody tried to sign in as this user.
    async fn log_refusal(
        &self,
        user: UserId,
        reason: &LoginError,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let status = match reason {
            LoginError::PasswordsOff | LoginError::OtherLoginType(_) => 403,
            _ => 401,
        };
        let entry = session_entry(AuditAction::Login, user, status);
        let mut conn = self.core.conn().await?;
        audit::record(&mut conn, user, origin, entry, self.core.now()).await
    }

    /// The user, if it is one, knows the password and may sign in with it.
    async fn admit(
        &self,
        found: Option<PasswordRow>,
        password: &str,
    ) -> Result<PasswordRow, LoginError> {
        let stored = found
            .as_ref()
            .map(|user| user.password_hash.clone())
            .unwrap_or_default();
        let is_right = self.verify(password.to_owned(), stored).await;
        let Some(user) = found.filter(|_| is_right) else {
            return Err(LoginError::WrongCredentials);
        };
        if self.core.settings.disable_password_auth {
            return Err(LoginError::PasswordsOff);
        }
        if user.login_type != LoginType::Password {
            return Err(LoginError::OtherLoginType(user.login_type.as_str()));
        }
        if user.status == UserStatus::Suspended {
            return Err(LoginError::Suspended);
        }
        Ok(user)
    }

    /// Ends the session that the actor used, and all its app sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(&self, actor: &Actor) -> Result<(), StoreError> {
        let mut tx = self.core.begin().await?;
        api_keys::delete(on(&mut tx), &actor.key_id).await?;
        api_keys::delete_by_scope(on(&mut tx), actor.id, Scope::ApplicationConnect).await?;
        let entry = session_entry(AuditAction::Logout, actor.id, 200);
        audit::record(on(&mut tx), actor.id, &actor.origin, entry, self.core.now()).await?;
        commit(tx).await?;
        self.changed(actor.id);
        Ok(())
    }
}

/// Sessions have no name, and their id is no UUID: the entry speaks of the user.
fn session_entry(action: AuditAction, user: UserId, status: u16) -> NewEntry {
    NewEntry::new(action, AuditedKind::ApiKey, user.0, "", status)
}

/// Makes a key that is not yet kept.
#[must_use]
pub fn new_key(
    user: UserId,
    login_type: LoginType,
    scope: Scope,
    name: &str,
    lifetime: Duration,
    now: Timestamp,
) -> NewKey {
    let token = Token::generate();
    let lifetime_seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let expires_at = chrono::TimeDelta::from_std(lifetime)
        .ok()
        .and_then(|lifetime| now.checked_add_signed(lifetime))
        .unwrap_or(Timestamp::MAX_UTC);
    let key = ApiKey {
        id: token.id.clone(),
        user_id: user,
        login_type,
        scope,
        token_name: name.to_owned(),
        lifetime_seconds,
        // The first use always counts as one (spec CO-8).
        last_used: never(),
        expires_at,
        created_at: now,
        updated_at: now,
    };
    NewKey {
        key,
        token: token.reveal(),
    }
}

/// The stored form of a new key's secret.
#[must_use]
pub fn hashed(made: &NewKey) -> Vec<u8> {
    Token::parse(&made.token)
        .map(|token| token.hashed_secret())
        .unwrap_or_default()
}

fn actor(found: Credential) -> Actor {
    let roles = found.organization_roles.iter().map(|joined| {
        // What roles permit that were made here comes with them.
        joined
            .split(',')
            .filter_map(OrganizationRole::parse)
            .collect()
    });
    let mut custom_grants = CustomGrants::new();
    for grant in found.custom_grants {
        let permissions = custom_grants.entry(grant.organization).or_default();
        permissions.extend(grant.permissions);
    }
    Actor {
        id: found.key.user_id,
        username: found.username,
        email: found.email,
        status: UserStatus::Active,
        login_type: found.user_login_type,
        site_roles: found.site_roles,
        // The deployment says.
        owners_enter_workspaces: false,
        organization_roles: found
            .organizations
            .into_iter()
            .map(OrganizationId)
            .zip(roles)
            .collect(),
        custom_grants,
        groups: found.groups.into_iter().map(GroupId).collect(),
        scope: found.key.scope,
        key_id: found.key.id,
        // Set for each request.
        origin: Origin::default(),
    }
}
