//! Where provisioner daemons on other machines come in: who they are and what they offer is
//! read here; what follows on their websocket is another part's.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, State, ws::WebSocketUpgrade},
    response::Response,
};
use http::{StatusCode, request::Parts};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Path, QueryMap, session_token},
    provisioner_keys,
    state::AppState,
};
use crate::{
    domain::{
        daemons::NewDaemon, jobs::ProvisionerKind, random, rights::actor::Actor, tags::Tags,
        users::OrganizationRef,
    },
    service::{
        jobs::{Admission, AdmitError, Credential},
        version::PROVISIONER_API_VERSION,
    },
    wire::response::Response as Body,
};

const SECRET_HEADER: &str = "coder-provisioner-daemon-psk";
const KEY_HEADER: &str = "coder-provisioner-daemon-key";
const VERSION_HEADER: &str = "x-coder-build-version";
/// The protocol of a daemon that names none.
const OLDEST_VERSION: &str = "1.0";
/// Letters of a name that is made up for a daemon without one.
const NAME_LENGTH: usize = 10;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(serve))
}

impl From<AdmitError> for ApiError {
    fn from(reason: AdmitError) -> Self {
        match reason {
            AdmitError::WrongSecret => Self::unauthenticated("The shared secret is another one."),
            AdmitError::UnknownKey => provisioner_keys::unknown(),
            AdmitError::OtherOrganization | AdmitError::Denied => {
                Self::forbidden().detail(reason.to_string())
            }
            AdmitError::NotFound => Self::not_found(),
            AdmitError::Store(source) => Self::internal(source),
        }
    }
}

/// Serves a provisioner daemon over a websocket.
#[utoipa::path(get, path = "/organizations/{organization}/provisionerdaemons/serve", tag = "Enterprise",
    params(("organization" = String, Path), ("version" = Option<String>, Query), ("name" = Option<String>, Query),
        ("provisioner" = Vec<String>, Query), ("tag" = Option<Vec<String>>, Query)),
    responses((status = 101, description = "Yamux with dRPC calls in binary messages"), (status = "4XX", body = Body)))]
async fn serve(
    State(state): State<AppState>,
    Visitor(credential): Visitor,
    Path((organization,)): Path<(String,)>,
    offer: Offer,
    Upgrade(upgrade): Upgrade,
) -> Result<Response, ApiError> {
    let organization = OrganizationRef::from(organization.as_str());
    let tags = offer.tags()?;
    let admission = state.jobs.admit(&credential, &organization, &tags).await?;
    let daemon = offer.daemon(admission)?;
    let upgrade = upgrade.ok_or_else(|| {
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "A daemon needs a websocket.")
    })?;
    let worker = state.jobs.register(daemon).await;
    let worker = worker.map_err(ApiError::internal)?;
    let running = state.lifecycle.hold();
    Ok(upgrade.on_upgrade(async move |socket| {
        state.daemon_sessions.0(socket, worker).await;
        drop(running);
    }))
}

/// Who brings the daemon.
struct Visitor(Credential);

impl FromRequestParts<AppState> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let secret = header(parts, SECRET_HEADER);
        match (secret, header(parts, KEY_HEADER)) {
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "A daemon comes with a shared secret or with a key, not with both.",
            )),
            (None, Some(key)) => Ok(Self(Credential::Key(key))),
            (Some(secret), None) => Ok(Self(Credential::SharedSecret(secret))),
            (None, None) if session_token(parts).is_none() => Err(ApiError::unauthenticated(
                "A daemon needs a session token, a key or the shared secret.",
            )),
            (None, None) => {
                let actor = Actor::from_request_parts(parts, state).await?;
                Ok(Self(Credential::User(Box::new(actor))))
            }
        }
    }
}

/// What the daemon says about itself.
struct Offer {
    query: QueryMap,
    version: String,
}

impl FromRequestParts<AppState> for Offer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let query = QueryMap::from_request_parts(parts, state).await?;
        let version = header(parts, VERSION_HEADER).unwrap_or_default();
        Ok(Self { query, version })
    }
}

impl Offer {
    fn tags(&self) -> Result<Tags, ApiError> {
        let pairs = self.query.0.get("tag").map_or(&[][..], Vec::as_slice);
        let pair = |text: &String| {
            let pair = text.split_once('=').filter(|_| !text.contains('\0'));
            let (key, value) = pair.ok_or_else(|| {
                ApiError::bad_request(format!("The tag {text:?} is not of the form KEY=VALUE."))
                    .field("tag", "must be of the form KEY=VALUE")
            })?;
            Ok((key.to_owned(), value.to_owned()))
        };
        pairs.iter().map(pair).collect()
    }

    fn daemon(self, admission: Admission) -> Result<NewDaemon, ApiError> {
        let named = self.query.first("version").filter(|text| !text.is_empty());
        let api_version = named.unwrap_or(OLDEST_VERSION);
        check_version(api_version)?;
        let name = self.query.first("name").unwrap_or_default();
        Ok(NewDaemon {
            organization_id: admission.organization_id,
            name: if name.is_empty() {
                random::alphanumeric(NAME_LENGTH)
            } else {
                name.replace('\0', "")
            },
            provisioners: self.provisioners()?,
            tags: admission.tags,
            api_version: api_version.to_owned(),
            version: self.version,
            key_id: admission.key_id,
        })
    }

    fn provisioners(&self) -> Result<Vec<ProvisionerKind>, ApiError> {
        let wrong = |message: String| {
            ApiError::bad_request(message).field("provisioner", "must be terraform or echo")
        };
        let Some(names) = self.query.0.get("provisioner") else {
            return Err(wrong(
                "The query must say what the daemon offers.".to_owned(),
            ));
        };
        let kind = |name: &String| {
            ProvisionerKind::parse(name)
                .ok_or_else(|| wrong(format!("There is no provisioner {name:?}.")))
        };
        let mut kinds = names.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
        kinds.dedup();
        Ok(kinds)
    }
}

/// A newer minor version than ours, or another major one, is not understood.
fn check_version(wished: &str) -> Result<(), ApiError> {
    let parse = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let ours = parse(PROVISIONER_API_VERSION).unwrap_or_default();
    let detail = match parse(wished) {
        None => format!("invalid version string: {wished}"),
        Some((major, _)) if major > ours.0 => {
            format!(
                "server is at version {PROVISIONER_API_VERSION}, behind requested major version {wished}"
            )
        }
        Some((major, _)) if major < ours.0 => format!("version {wished} is no longer supported"),
        Some((_, minor)) if minor > ours.1 => {
            format!(
                "server is at version {PROVISIONER_API_VERSION}, behind requested minor version {wished}"
            )
        }
        Some(_) => return Ok(()),
    };
    Err(ApiError::bad_request("The daemon speaks another version.").field("version", detail))
}

/// The key that a daemon brings.
pub(super) fn daemon_key(parts: &Parts) -> Option<String> {
    header(parts, KEY_HEADER)
}

fn header(parts: &Parts, name: &str) -> Option<String> {
    let value = parts.headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// The upgrade to a websocket, where the request asks for one.
struct Upgrade(Option<WebSocketUpgrade>);

impl FromRequestParts<AppState> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        Ok(Self(upgrade.ok()))
    }
}
