//! Signing in through an identity provider: the question, the answer, and the session that comes
//! of it. Who the answer speaks of is found or made here; memberships follow in `sync`.

mod sync;

use serde_json::json;
use thiserror::Error;
use url::Url;

use super::{
    Core, audit, commit,
    git_ssh_keys::GitSshKeys,
    on,
    sessions::{NewKey, Sessions, hashed, new_key},
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, shown},
        clock::Timestamp,
        identity::{ClaimsError, Identity, other_username},
        ids::UserId,
        random,
        rights::actor::Scope,
        users::{LoginType, User, UserStatus},
    },
    outbound::{
        oidc::{Asked, Oidc, OidcError},
        requests::Requests,
    },
    store::{StoreError, api_keys, git_ssh_keys, user_links, user_secrets, users},
};

/// Usernames that are tried for a new user before it is given up.
const NAME_ATTEMPTS: usize = 8;

/// Why nobody came in.
#[derive(Debug, Error)]
pub enum ExternalLoginError {
    /// Nothing is set up.
    #[error("signing in through this provider is not set up")]
    Off,
    /// The provider does not say who it is.
    #[error(transparent)]
    Provider(#[from] OidcError),
    /// The claims let nobody in.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// The user signs in another way.
    #[error("the user of this e-mail address signs in by {0}")]
    OtherLoginType(LoginType),
    /// The address belongs to a user that is somebody else at the provider.
    #[error("the user of this e-mail address is somebody else at the provider")]
    OtherIdentity,
    /// Nobody has made a user for this person.
    #[error("{0}")]
    SignupsOff(String),
    /// The user is shut out.
    #[error("the user is suspended")]
    Suspended,
    /// The name or the address became somebody's meanwhile.
    #[error("the e-mail address or username was just taken; sign in again")]
    Taken,
    /// No key pair could be generated.
    #[error("the user's key pair could not be made")]
    Secrets,
    /// The database failed.
    #[error("signing in failed")]
    Store(#[from] StoreError),
}

/// A question that the browser takes to the provider.
pub struct Question {
    /// Where the browser goes.
    pub page: Url,
    /// What comes back with the answer.
    pub state: String,
    /// What stays in the browser.
    pub verifier: String,
}

/// Signing in through identity providers.
#[derive(Clone)]
pub struct ExternalLogin {
    core: Core,
    sessions: Sessions,
    ssh_keys: GitSshKeys,
    oidc: Option<Oidc>,
}

impl ExternalLogin {
    /// The service.
    #[must_use]
    pub fn new(core: Core, sessions: Sessions, ssh_keys: GitSshKeys, requests: &Requests) -> Self {
        let settings = core.settings.oidc.as_deref().cloned();
        Self {
            oidc: settings.map(|settings| Oidc::new(settings, requests.clone())),
            core,
            sessions,
            ssh_keys,
        }
    }

    fn oidc(&self) -> Result<&Oidc, ExternalLoginError> {
        self.oidc.as_ref().ok_or(ExternalLoginError::Off)
    }

    fn redirect_uri(&self) -> String {
        let base = self.core.settings.access_url.as_str().trim_end_matches('/');
        format!("{base}/api/v2/users/oidc/callback")
    }

    /// The question of a new sign-in.
    ///
    /// # Errors
    /// When no provider is set up, or it cannot be used.
    pub async fn ask(&self) -> Result<Question, ExternalLoginError> {
        let (state, verifier) = (random::alphanumeric(32), random::alphanumeric(64));
        let redirect_uri = self.redirect_uri();
        let asked = Asked {
            state: &state,
            verifier: &verifier,
            redirect_uri: &redirect_uri,
        };
        let page = self.oidc()?.sign_in_page(&asked).await?;
        Ok(Question {
            page,
            state,
            verifier,
        })
    }

    /// Signs in who answered.
    ///
    /// # Errors
    /// When the provider does not say who it is, or that person may not come in.
    pub async fn answer(
        &self,
        code: &str,
        state: &str,
        verifier: &str,
        origin: &Origin,
    ) -> Result<NewKey, ExternalLoginError> {
        let oidc = self.oidc()?;
        let redirect_uri = self.redirect_uri();
        let asked = Asked {
            state,
            verifier,
            redirect_uri: &redirect_uri,
        };
        let now = self.core.now();
        let (claims, tokens) = oidc.claims(code, &asked, now).await?;
        let identity = oidc.settings.identity(claims, tokens)?;
        self.sign_in(oidc, &identity, origin, now).await
    }

    async fn sign_in(
        &self,
        oidc: &Oidc,
        identity: &Identity,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<NewKey, ExternalLoginError> {
        let mut tx = self.core.begin().await?;
        let conn = on(&mut tx);
        // A provider that names no subject knows people by their addresses alone.
        let known = match identity.linked_id.as_str() {
            "" => None,
            linked => user_links::find_user(conn, identity.login_type, linked).await?,
        };
        let known = match known {
            Some(id) => Some(id),
            None => user_secrets::find_password(conn, &identity.email)
                .await?
                .map(|row| row.id),
        };
        let found = match known {
            Some(id) => users::lock(conn, id).await?,
            None => None,
        };
        let (user, action) = if let Some(user) = found {
            admit(conn, &user, identity).await?;
            refresh(conn, &user, identity, origin, now).await?;
            (user, AuditAction::Login)
        } else {
            let user = self.sign_up(conn, oidc, identity, now).await?;
            (user, AuditAction::Register)
        };
        user_links::upsert(conn, user.id, identity, now).await?;
        let is_new = action == AuditAction::Register;
        sync::memberships(conn, &oidc.settings, &user, is_new, &identity.claims, now).await?;
        let made = new_key(
            user.id,
            identity.login_type,
            Scope::All,
            "",
            self.core.settings.session_duration,
            now,
        );
        api_keys::insert(conn, &made.key, &hashed(&made), &origin.ip).await?;
        let entry = NewEntry::new(action, AuditedKind::ApiKey, user.id.0, "", 201);
        audit::record(conn, user.id, origin, entry, now).await?;
        commit(tx).await?;
        self.sessions.changed(user.id);
        Ok(made)
    }

    async fn sign_up(
        &self,
        conn: &mut sqlx::PgConnection,
        oidc: &Oidc,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<User, ExternalLoginError> {
        if !oidc.settings.allow_signups {
            let text = &oidc.settings.signups_disabled_text;
            let text = if text.is_empty() {
                "nobody has made a user for you, and signing up is switched off"
            } else {
                text
            };
            return Err(ExternalLoginError::SignupsOff(text.to_owned()));
        }
        let mut username = identity.username.clone();
        for _ in 0..NAME_ATTEMPTS {
            if users::find_by_name(conn, &username).await?.is_none() {
                break;
            }
            username = other_username(&identity.username);
        }
        let pair = self
            .ssh_keys
            .generate()
            .await
            .ok_or(ExternalLoginError::Secrets)?;
        let user = User {
            id: UserId::random(),
            username,
            email: identity.email.clone(),
            name: identity.name.clone(),
            avatar_url: identity.avatar_url.clone(),
            theme_preference: String::new(),
            status: UserStatus::Active,
            login_type: identity.login_type,
            site_roles: Vec::new(),
            organization_ids: Vec::new(),
            created_at: now,
            updated_at: now,
            last_seen_at: now,
        };
        match users::insert(conn, &user, "").await {
            Err(StoreError::Unique { .. }) => return Err(ExternalLoginError::Taken),
            other => other?,
        }
        git_ssh_keys::upsert(conn, user.id, &pair, now).await?;
        users::update_from_provider(conn, user.id, identity, UserStatus::Active, now).await?;
        Ok(user)
    }
}

/// Whether a user may come in with this identity.
async fn admit(
    conn: &mut sqlx::PgConnection,
    user: &User,
    identity: &Identity,
) -> Result<(), ExternalLoginError> {
    if user.login_type != identity.login_type {
        return Err(ExternalLoginError::OtherLoginType(user.login_type));
    }
    // An address that the provider gave to another person opens nothing.
    let linked = user_links::find_linked_id(conn, user.id, identity.login_type).await?;
    if linked.is_some_and(|linked| !linked.is_empty() && linked != identity.linked_id) {
        return Err(ExternalLoginError::OtherIdentity);
    }
    if user.status == UserStatus::Suspended {
        return Err(ExternalLoginError::Suspended);
    }
    Ok(())
}

/// Takes over what the provider says of a user, who wakes if dormant.
async fn refresh(
    conn: &mut sqlx::PgConnection,
    user: &User,
    identity: &Identity,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), ExternalLoginError> {
    let is_same = user.email == identity.email
        && user.name == identity.name
        && user.avatar_url == identity.avatar_url
        && user.status == UserStatus::Active;
    if is_same {
        return Ok(());
    }
    let updated = users::update_from_provider(conn, user.id, identity, UserStatus::Active, now);
    match updated.await {
        Err(StoreError::Unique { .. }) => return Err(ExternalLoginError::Taken),
        other => other?,
    }
    let fields = |email: &str, name: &str, status: UserStatus| {
        vec![
            shown("email", json!(email)),
            shown("name", json!(name)),
            shown("status", status.as_str()),
        ]
    };
    let entry = NewEntry::new(
        AuditAction::Write,
        AuditedKind::User,
        user.id.0,
        user.username.clone(),
        200,
    )
    .changing(
        &fields(&user.email, &user.name, user.status),
        &fields(&identity.email, &identity.name, UserStatus::Active),
    );
    audit::record(conn, user.id, origin, entry, now).await?;
    Ok(())
}
