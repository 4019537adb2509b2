//! Who may bring a daemon: whoever knows the shared secret or has a key, or a user with the
//! right to it.

use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::Jobs;
use crate::{
    domain::{
        daemons::{SHARED_SECRET_KEY, USER_KEY},
        ids::{OrganizationId, ProvisionerKeyId, UserId},
        rights::{Action, Object, ResourceKind, actor::Actor},
        tags::{self, Tags},
        tokens::hash_secret,
        users::OrganizationRef,
    },
    service::organizations,
    store::{self, StoreError},
};

/// What a daemon shows to be let in.
#[derive(Debug)]
pub enum Credential {
    /// The deployment's shared secret.
    SharedSecret(String),
    /// The secret of a provisioner key.
    Key(String),
    /// A user's session.
    User(Box<Actor>),
}

/// What a daemon is let in as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// Whose jobs it takes.
    pub organization_id: OrganizationId,
    /// By which credential it came.
    pub key_id: ProvisionerKeyId,
    /// Its tags, normalized.
    pub tags: Tags,
}

/// Why a daemon is not let in.
#[derive(Debug, Error)]
pub enum AdmitError {
    /// The shared secret is another one, or there is none.
    #[error("the shared secret is not the right one")]
    WrongSecret,
    /// No key of the organization has this secret.
    #[error("the key is not known in the organization")]
    UnknownKey,
    /// The shared secret opens the default organization only.
    #[error("the shared secret works in the default organization only")]
    OtherOrganization,
    /// The user may not bring a daemon of this scope.
    #[error("the user may not bring a daemon for a whole organization")]
    Denied,
    /// There is no such organization, or the user may not see it.
    #[error("no such organization")]
    NotFound,
    /// The database failed.
    #[error("the organization could not be read")]
    Store(#[from] StoreError),
}

impl Jobs {
    /// Decides whether a daemon is let in with these tags.
    ///
    /// # Errors
    /// When its credential is wrong or does not reach that far.
    pub async fn admit(
        &self,
        credential: &Credential,
        organization: &OrganizationRef,
        wished: &Tags,
    ) -> Result<Admission, AdmitError> {
        let (id, name) = match organization {
            OrganizationRef::Default => (None, None),
            OrganizationRef::Id(id) => (Some(*id), None),
            OrganizationRef::Name(name) => (None, Some(name.as_str())),
        };
        if let Credential::SharedSecret(secret) = credential {
            self.check_secret(secret)?;
        }
        let found = store::organizations::find(&mut *self.core.conn().await?, id, name).await?;
        let found = found.ok_or(AdmitError::NotFound)?;
        match credential {
            Credential::SharedSecret(_) if !found.is_default => Err(AdmitError::OtherOrganization),
            Credential::SharedSecret(_) => Ok(Admission {
                organization_id: found.id,
                key_id: SHARED_SECRET_KEY,
                tags: tags::merge(UserId::default(), [wished]),
            }),
            Credential::Key(secret) => {
                let mut conn = self.core.conn().await?;
                let hash = hash_secret(secret);
                let key = store::provisioner_keys::find_by_secret(&mut conn, &hash).await?;
                let key = key.filter(|key| key.organization_id == found.id);
                let key = key.ok_or(AdmitError::UnknownKey)?;
                Ok(Admission {
                    organization_id: found.id,
                    key_id: key.id,
                    // The key decides what its daemons may run, whatever they wish.
                    tags: tags::merge(UserId::default(), [&key.tags]),
                })
            }
            Credential::User(actor) => {
                if !actor.may(Action::Read, &organizations::object(found.id)) {
                    return Err(AdmitError::NotFound);
                }
                let tags = tags::merge(actor.id, [wished]);
                let daemon = Object::of(ResourceKind::ProvisionerDaemon).in_organization(found.id);
                if !tags::is_personal(&tags) && !actor.may(Action::Create, &daemon) {
                    return Err(AdmitError::Denied);
                }
                Ok(Admission {
                    organization_id: found.id,
                    key_id: USER_KEY,
                    tags,
                })
            }
        }
    }

    fn check_secret(&self, given: &str) -> Result<(), AdmitError> {
        let known = &self.core.settings.provisioner_daemon_psk;
        let is_right: bool = known.as_bytes().ct_eq(given.as_bytes()).into();
        if is_right && !known.is_empty() {
            Ok(())
        } else {
            Err(AdmitError::WrongSecret)
        }
    }
}
