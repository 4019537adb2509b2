//! Settings of what the server listens on and how it is reached.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use url::Url;

use super::{
    ConfigError,
    values::{Address, List, Span, Switch},
};
use crate::domain::networks::IpNetwork;

/// Where the server listens and what it calls itself.
#[derive(Args)]
#[command(next_help_heading = "Networking")]
pub(super) struct NetworkArgs {
    /// Address and port for plain HTTP; empty for none
    #[arg(
        long,
        env = "CODER_HTTP_ADDRESS",
        default_value = "127.0.0.1:3000",
        value_name = "HOST:PORT"
    )]
    http_address: String,
    /// Older name of the address: means the HTTPS address when TLS is on, else the HTTP one
    #[arg(
        long,
        short = 'a',
        env = "CODER_ADDRESS",
        value_name = "HOST:PORT",
        hide = true
    )]
    address: Option<Address>,
    /// URL under which users and workspaces reach this server [default: made from the address]
    #[arg(long, env = "CODER_ACCESS_URL", value_name = "URL")]
    access_url: Option<Url>,
    /// Host pattern for workspace applications, such as *.apps.example.com
    #[arg(long, env = "CODER_WILDCARD_ACCESS_URL", value_name = "PATTERN")]
    wildcard_access_url: Option<WildcardHost>,
    /// Send requests for another host name to the access URL
    #[arg(long, env = "CODER_REDIRECT_TO_ACCESS_URL")]
    redirect_to_access_url: Switch,
    /// Headers that carry the client's address when a trusted proxy sets them
    #[arg(
        long,
        env = "CODER_PROXY_TRUSTED_HEADERS",
        value_name = "HEADERS",
        default_value = ""
    )]
    proxy_trusted_headers: List,
    /// Networks whose proxies are trusted, such as 10.0.0.0/8
    #[arg(
        long,
        env = "CODER_PROXY_TRUSTED_ORIGINS",
        value_name = "NETWORKS",
        default_value = ""
    )]
    proxy_trusted_origins: List,
    /// Mark session cookies for HTTPS only
    #[arg(long, env = "CODER_SECURE_AUTH_COOKIE")]
    secure_auth_cookie: Switch,
    /// Requests a minute that one client may send to one path; zero or less for no limit
    #[arg(
        long,
        env = "CODER_API_RATE_LIMIT",
        default_value = "512",
        value_name = "COUNT",
        allow_negative_numbers = true
    )]
    api_rate_limit: i64,
    /// Switch every rate limit off
    #[arg(long, env = "CODER_DANGEROUS_DISABLE_RATE_LIMITS")]
    dangerous_disable_rate_limits: Switch,
    /// How long a shutdown waits for running requests and jobs
    #[arg(
        long,
        env = "WORKSPACED_DRAIN_LIMIT",
        default_value = "30s",
        value_name = "DURATION"
    )]
    drain_limit: Span,
}

/// TLS of the server's own listener.
#[derive(Args)]
#[command(next_help_heading = "Networking: TLS")]
pub(super) struct TlsArgs {
    /// Listen for HTTPS too
    #[arg(long, env = "CODER_TLS_ENABLE")]
    tls_enable: Switch,
    /// Address and port for HTTPS
    #[arg(
        long,
        env = "CODER_TLS_ADDRESS",
        default_value = "127.0.0.1:3443",
        value_name = "HOST:PORT"
    )]
    tls_address: Address,
    /// Certificate chains in PEM form, the server's own certificate first in each file
    #[arg(
        long,
        env = "CODER_TLS_CERT_FILE",
        value_name = "FILES",
        default_value = ""
    )]
    tls_cert_file: List,
    /// Private keys in PEM form, one for each certificate file and in the same order
    #[arg(
        long,
        env = "CODER_TLS_KEY_FILE",
        value_name = "FILES",
        default_value = ""
    )]
    tls_key_file: List,
    /// Lowest protocol version taken; 1.0 and 1.1 are not offered and mean 1.2
    #[arg(
        long,
        env = "CODER_TLS_MIN_VERSION",
        default_value = "tls12",
        value_name = "VERSION"
    )]
    tls_min_version: MinimumVersion,
    /// Whether clients show a certificate
    #[arg(
        long,
        env = "CODER_TLS_CLIENT_AUTH",
        default_value = "none",
        value_name = "POLICY"
    )]
    tls_client_auth: ClientAuthentication,
    /// Authorities that sign client certificates, in PEM form
    #[arg(long, env = "CODER_TLS_CLIENT_CA_FILE", value_name = "FILE")]
    tls_client_ca_file: Option<PathBuf>,
    /// Answer plain HTTP with the HTTPS access URL
    #[arg(long, env = "CODER_TLS_REDIRECT_HTTP_TO_HTTPS", default_value = "true")]
    tls_redirect_http_to_https: Switch,
    /// Seconds for the Strict-Transport-Security header; zero for no header
    #[arg(
        long,
        env = "CODER_STRICT_TRANSPORT_SECURITY",
        default_value = "0",
        value_name = "SECONDS"
    )]
    strict_transport_security: u64,
    /// Additions to that header: includeSubDomains, preload
    #[arg(
        long,
        env = "CODER_STRICT_TRANSPORT_SECURITY_OPTIONS",
        value_name = "OPTIONS",
        default_value = ""
    )]
    strict_transport_security_options: List,
}

/// What the server listens on and how it is reached.
#[derive(Clone, Debug)]
pub struct Network {
    /// The plain HTTP listener, if there is one.
    pub http: Option<Address>,
    /// The HTTPS listener, if there is one.
    pub tls: Option<Tls>,
    /// What was given as the access URL; see [`Network::access_url`].
    pub given_access_url: Option<Url>,
    /// The host pattern of workspace applications.
    pub wildcard_access_url: Option<WildcardHost>,
    /// Send requests for another host name to the access URL.
    pub redirect_to_access_url: bool,
    /// Headers, in lower case, that carry the client's address when a trusted proxy sets them.
    pub proxy_trusted_headers: Vec<http::HeaderName>,
    /// Networks whose proxies are trusted.
    pub proxy_trusted_origins: Vec<IpNetwork>,
    /// Mark session cookies for HTTPS only.
    pub secure_auth_cookie: bool,
    /// Value of the Strict-Transport-Security header.
    pub strict_transport_security: Option<String>,
    /// Requests a minute per client and path; `None` for no limit.
    pub api_rate_limit: Option<u32>,
    /// Whether the limits that no setting changes (sign-in, files) hold too.
    pub rate_limits: bool,
    /// How long a shutdown waits for running requests and jobs.
    pub drain_limit: std::time::Duration,
}

/// The HTTPS listener.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Where it listens.
    pub address: Address,
    /// Certificate chain and private key files; at least one pair.
    pub certificates: Vec<(PathBuf, PathBuf)>,
    /// The lowest protocol version taken.
    pub minimum_version: MinimumVersion,
    /// Whether clients show a certificate.
    pub client_authentication: ClientAuthentication,
    /// Authorities that sign client certificates; given whenever certificates are checked.
    pub client_authorities: Option<PathBuf>,
    /// Answer plain HTTP with the HTTPS access URL.
    pub redirect_http: bool,
}

/// The lowest TLS version taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum MinimumVersion {
    /// TLS 1.2.
    #[value(name = "tls12", aliases = ["tls10", "tls11"])]
    Tls12,
    /// TLS 1.3.
    #[value(name = "tls13")]
    Tls13,
}

/// What is asked of clients in the TLS handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ClientAuthentication {
    /// Nothing.
    None,
    /// A certificate is checked if the client shows one.
    VerifyIfGiven,
    /// A certificate is needed and checked.
    RequireAndVerify,
}

impl Network {
    /// The URL under which the server is reached: the given one, else one made from the bound address.
    ///
    /// # Panics
    /// Never: an address and a port always make a URL.
    #[must_use]
    pub fn access_url(&self, bound: SocketAddr) -> Url {
        if let Some(given) = &self.given_access_url {
            return given.clone();
        }
        let scheme = if self.http.is_some() { "http" } else { "https" };
        let mut url = bound;
        if url.ip().is_unspecified() {
            url.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let text = format!("{scheme}://{url}");
        #[expect(
            clippy::expect_used,
            reason = "a socket address is always a valid authority"
        )]
        Url::parse(&text).expect("an address makes a URL")
    }
}

impl NetworkArgs {
    pub(super) fn resolve(self, tls: TlsArgs) -> Result<Network, ConfigError> {
        let http = match self.http_address.as_str() {
            "" => None,
            text => Some(text.parse::<Address>().map_err(|reason| {
                ConfigError::new(format!("CODER_HTTP_ADDRESS cannot be {text:?}: {reason}"))
            })?),
        };
        let strict_transport_security = tls.strict_transport_security()?;
        let (mut http, mut tls) = (http, tls.resolve()?);
        match (self.address, &mut tls) {
            (Some(address), Some(tls)) => tls.address = address,
            (Some(address), None) => http = Some(address),
            (None, _) => {}
        }
        if http.is_none() && tls.is_none() {
            return Err(ConfigError::new(
                "there is nothing to listen on: set CODER_HTTP_ADDRESS or switch CODER_TLS_ENABLE on",
            ));
        }
        if let Some(url) = &self.access_url
            && (!matches!(url.scheme(), "http" | "https") || !url.has_host())
        {
            return Err(ConfigError::new(format!(
                "CODER_ACCESS_URL cannot be {url}: write a URL that begins with http:// or https://"
            )));
        }
        let rate_limits = !self.dangerous_disable_rate_limits.0;
        Ok(Network {
            http,
            tls,
            given_access_url: self.access_url,
            wildcard_access_url: self.wildcard_access_url,
            redirect_to_access_url: self.redirect_to_access_url.0,
            proxy_trusted_headers: parse_each(
                "CODER_PROXY_TRUSTED_HEADERS",
                &self.proxy_trusted_headers,
            )?,
            proxy_trusted_origins: parse_each(
                "CODER_PROXY_TRUSTED_ORIGINS",
                &self.proxy_trusted_origins,
            )?,
            secure_auth_cookie: self.secure_auth_cookie.0,
            strict_transport_security,
            api_rate_limit: Some(self.api_rate_limit)
                .filter(|limit| rate_limits && *limit > 0)
                .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            rate_limits,
            drain_limit: self.drain_limit.0,
        })
    }
}

impl TlsArgs {
    fn resolve(self) -> Result<Option<Tls>, ConfigError> {
        if !self.tls_enable.0 {
            return Ok(None);
        }
        let (certificates, keys) = (self.tls_cert_file.0, self.tls_key_file.0);
        if certificates.is_empty() || certificates.len() != keys.len() {
            return Err(ConfigError::new(format!(
                "TLS needs as many files in CODER_TLS_CERT_FILE ({}) as in CODER_TLS_KEY_FILE ({}), and at least one",
                certificates.len(),
                keys.len(),
            )));
        }
        if self.tls_client_auth != ClientAuthentication::None && self.tls_client_ca_file.is_none() {
            return Err(ConfigError::new(
                "CODER_TLS_CLIENT_AUTH needs CODER_TLS_CLIENT_CA_FILE, the authorities to check with",
            ));
        }
        Ok(Some(Tls {
            address: self.tls_address,
            certificates: certificates
                .into_iter()
                .map(PathBuf::from)
                .zip(keys.into_iter().map(PathBuf::from))
                .collect(),
            minimum_version: self.tls_min_version,
            client_authentication: self.tls_client_auth,
            client_authorities: self.tls_client_ca_file,
            redirect_http: self.tls_redirect_http_to_https.0,
        }))
    }

    fn strict_transport_security(&self) -> Result<Option<String>, ConfigError> {
        const NAME: &str = "CODER_STRICT_TRANSPORT_SECURITY_OPTIONS";
        let mut header = format!("max-age={}", self.strict_transport_security);
        for option in &self.strict_transport_security_options.0 {
            if !["includesubdomains", "preload"].contains(&option.to_lowercase().as_str()) {
                return Err(ConfigError::new(format!(
                    "{NAME} cannot hold {option:?}: write includeSubDomains or preload"
                )));
            }
            header.push_str("; ");
            header.push_str(option);
        }
        match self.strict_transport_security {
            0 if !self.strict_transport_security_options.0.is_empty() => Err(ConfigError::new(
                format!("{NAME} needs CODER_STRICT_TRANSPORT_SECURITY above zero"),
            )),
            0 => Ok(None),
            _ => Ok(Some(header)),
        }
    }
}

/// The host names of workspace applications: one label of any name, then a fixed rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WildcardHost(String);

impl FromStr for WildcardHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.split_once("://").map_or(text, |(_, host)| host);
        let host = host.trim_end_matches(['/', '.']).to_lowercase();
        let well_formed = host.starts_with('*')
            && host.matches('*').count() == 1
            && host.contains('.')
            && !host.contains(['/', ' ']);
        if well_formed {
            Ok(Self(host))
        } else {
            Err(
                "write a host name whose first label holds one *, such as *.apps.example.com"
                    .to_owned(),
            )
        }
    }
}

impl fmt::Display for WildcardHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn parse_each<T>(name: &str, list: &List) -> Result<Vec<T>, ConfigError>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let parse = |text: &String| {
        text.parse()
            .map_err(|reason| ConfigError::new(format!("{name} cannot hold {text:?}: {reason}")))
    };
    list.0.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_hosts_have_one_star_in_front() {
        let read = |text: &str| text.parse::<WildcardHost>().map(|host| host.to_string());
        assert_eq!(read("*.Apps.example.com"), Ok("*.apps.example.com".into()));
        assert_eq!(
            read("https://*--x.example.com"),
            Ok("*--x.example.com".into())
        );
        for wrong in ["apps.example.com", "*", "a.*.com", "*.*.com"] {
            assert!(read(wrong).is_err(), "{wrong} was taken");
        }
    }
}
