//! One `OpenID` Connect provider: discovery, the page where users sign in, tokens and claims.
//! Who comes in with which claims is decided elsewhere.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, header};
use moka::future::Cache;
use openidconnect::{
    JsonWebKeySet, PkceCodeChallenge, PkceCodeVerifier,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use url::Url;

use super::{
    id_tokens::{self, Expected, IdTokenError},
    requests::{RequestError, Requests},
    tokens::{TokenEndpoint, TokenError},
};
use crate::domain::{
    clock::Timestamp,
    identity::{Claims, OidcSettings, ProviderTokens},
};

/// How long what a provider says of itself is believed.
const DISCOVERY_LIFE: Duration = Duration::from_hours(1);

/// Why a provider does not say who somebody is.
#[derive(Debug, Error)]
pub enum OidcError {
    /// What the provider says of itself cannot be had.
    #[error("the provider cannot be used: {0}")]
    Discovery(Arc<DiscoveryError>),
    /// No tokens.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is no ID token among the tokens.
    #[error("the provider sent no ID token")]
    NoIdToken,
    /// The ID token does not count.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// More about the user cannot be had.
    #[error("the provider does not tell about the user: {0}")]
    UserInfo(DiscoveryError),
    /// What was said about the user is about another.
    #[error("the provider told about another user")]
    OtherSubject,
}

/// Why a document of a provider cannot be had.
#[derive(Debug, Error)]
pub enum DiscoveryError {
    /// No answer.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The answer is no success, or no JSON of the right form.
    #[error("{0} answered {1} with something else")]
    Unreadable(String, u16),
    /// The document names another issuer.
    #[error("its document names the issuer {0:?}")]
    Issuer(String),
}

/// What a provider says of itself; only what is needed, as many leave out the rest.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<Value>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

struct Known {
    document: Document,
    keys: JsonWebKeySet<CoreJsonWebKey>,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
}

/// A question to a user that waits for the answer.
pub struct Asked<'a> {
    /// What comes back with the answer.
    pub state: &'a str,
    /// What only this browser knows; proves that the answer is to our question.
    pub verifier: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
}

/// A provider. Clones share what they know.
#[derive(Clone)]
pub struct Oidc {
    /// What is set up.
    pub settings: Arc<OidcSettings>,
    requests: Requests,
    known: Cache<(), Arc<Known>>,
}

impl Oidc {
    /// The provider of these settings; it is asked when somebody first signs in.
    #[must_use]
    pub fn new(settings: OidcSettings, requests: Requests) -> Self {
        Self {
            settings: Arc::new(settings),
            requests,
            known: Cache::builder()
                .max_capacity(1)
                .time_to_live(DISCOVERY_LIFE)
                .build(),
        }
    }

    /// The page where a user signs in.
    ///
    /// # Errors
    /// When the provider cannot be used.
    pub async fn sign_in_page(&self, asked: &Asked<'_>) -> Result<Url, OidcError> {
        let known = self.known().await?;
        let mut page = known.document.authorization_endpoint.clone();
        let mut query = page.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", asked.redirect_uri)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", asked.state)
            .append_pair("nonce", &nonce(asked.verifier));
        if known.takes_challenges() {
            let verifier = PkceCodeVerifier::new(asked.verifier.to_owned());
            let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
            query
                .append_pair("code_challenge", challenge.as_str())
                .append_pair("code_challenge_method", "S256");
        }
        query.extend_pairs(&self.settings.auth_url_parameters);
        drop(query);
        Ok(page)
    }

    /// What the provider says of who answered, and the tokens.
    ///
    /// # Errors
    /// When it says nothing that counts.
    pub async fn claims(
        &self,
        code: &str,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<(Claims, ProviderTokens), OidcError> {
        let known = self.known().await?;
        let verifier = known.takes_challenges().then_some(asked.verifier);
        let granted = self
            .endpoint(&known)
            .exchange(&self.requests, code, asked.redirect_uri, verifier, now)
            .await?;
        let token = granted.id_token.ok_or(OidcError::NoIdToken)?;
        let mut claims = match self.verify(&token, &known, asked, now) {
            // The provider may have got new keys since it was asked.
            Err(IdTokenError::UnknownKey) => {
                self.known.invalidate_all();
                self.verify(&token, &*self.known().await?, asked, now)?
            }
            other => other?,
        };
        let endpoint = known.document.userinfo_endpoint.as_deref();
        if let Some(endpoint) = endpoint.filter(|_| !self.settings.ignore_user_info) {
            let more = self.user_info(endpoint, &granted.tokens.access).await?;
            let subject = more.get("sub").or(claims.get("sub"));
            if subject != claims.get("sub") {
                return Err(OidcError::OtherSubject);
            }
            claims.extend(more);
        }
        Ok((claims, granted.tokens))
    }

    fn verify(
        &self,
        token: &str,
        known: &Known,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Claims, IdTokenError> {
        let expected = Expected {
            issuer: Some(self.settings.issuer.as_str())
                .filter(|_| !self.settings.skip_issuer_checks),
            client_id: &self.settings.client_id,
            nonce: &nonce(asked.verifier),
            algorithms: &known.algorithms,
            now,
        };
        id_tokens::verify(token, &known.keys, &expected)
    }

    fn endpoint<'a>(&'a self, known: &'a Known) -> TokenEndpoint<'a> {
        let ways = &known.document.token_endpoint_auth_methods_supported;
        let has = |way: &str| ways.iter().any(|found| found == way);
        TokenEndpoint {
            url: &known.document.token_endpoint,
            client_id: &self.settings.client_id,
            client_secret: &self.settings.client_secret,
            // A provider that names no way takes the header (OpenID Connect Discovery 1.0).
            secret_in_body: has("client_secret_post") && !has("client_secret_basic"),
        }
    }

    async fn user_info(&self, url: &str, access_token: &str) -> Result<Claims, OidcError> {
        // Some providers answer `null` when they have nothing to tell.
        let found: Result<Option<Claims>, _> = self.document(url, Some(access_token)).await;
        Ok(found.map_err(OidcError::UserInfo)?.unwrap_or_default())
    }

    async fn known(&self) -> Result<Arc<Known>, OidcError> {
        let known = self.known.try_get_with((), self.discover()).await;
        known.map_err(OidcError::Discovery)
    }

    async fn discover(&self) -> Result<Arc<Known>, DiscoveryError> {
        let issuer = &self.settings.issuer;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let document: Document = self.document(&url, None).await?;
        if document.issuer != *issuer && !self.settings.skip_issuer_checks {
            return Err(DiscoveryError::Issuer(document.issuer));
        }
        let keys = usable_keys(self.document(&document.jwks_uri, None).await?);
        let algorithms = document.algorithms();
        Ok(Arc::new(Known {
            document,
            keys,
            algorithms,
        }))
    }

    async fn document<T: DeserializeOwned>(
        &self,
        url: &str,
        access_token: Option<&str>,
    ) -> Result<T, DiscoveryError> {
        let mut request = Request::get(url).header(header::ACCEPT, "application/json");
        if let Some(token) = access_token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Bytes::new()).map_err(RequestError::from)?;
        let answer = self.requests.send(request).await?;
        let status = answer.status();
        let unreadable = || DiscoveryError::Unreadable(url.to_owned(), status.as_u16());
        if !status.is_success() {
            return Err(unreadable());
        }
        serde_json::from_slice(answer.body()).map_err(|_unreadable| unreadable())
    }
}

impl Known {
    /// Whether the provider compares a code's challenge with its verifier (RFC 7636).
    fn takes_challenges(&self) -> bool {
        let methods = &self.document.code_challenge_methods_supported;
        methods.iter().any(|method| method == "S256")
    }
}

impl Document {
    /// The algorithms that the provider signs with and this server knows; never none at all.
    fn algorithms(&self) -> Vec<CoreJwsSigningAlgorithm> {
        let named = &self.id_token_signing_alg_values_supported;
        let known = named
            .iter()
            .filter_map(|name| serde_json::from_value(name.clone()).ok())
            .filter(|algorithm| *algorithm != CoreJwsSigningAlgorithm::None);
        let mut known: Vec<_> = known.collect();
        if known.is_empty() {
            known.push(CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256);
        }
        known
    }
}

/// A provider's keys. Where the algorithm of one is no algorithm, it counts as not said: some give
/// the kind of key there, and the library would leave such a key out. Which algorithms may sign
/// is decided by the provider's document, and a key of another kind never fits.
fn usable_keys(mut set: Value) -> JsonWebKeySet<CoreJsonWebKey> {
    let keys = set.get_mut("keys").and_then(Value::as_array_mut);
    for key in keys.into_iter().flatten().filter_map(Value::as_object_mut) {
        let is_algorithm = |value: &Value| CoreJwsSigningAlgorithm::deserialize(value).is_ok();
        if !key.get("alg").is_some_and(is_algorithm) {
            key.remove("alg");
        }
    }
    serde_json::from_value(set).unwrap_or_else(|_unreadable| JsonWebKeySet::new(Vec::new()))
}

/// What the ID token must repeat; made of the browser's secret, which it does not give away.
fn nonce(verifier: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let hash = Sha256::digest(format!("nonce:{verifier}"));
    URL_SAFE_NO_PAD.encode(hash)
}
