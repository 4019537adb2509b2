//! Sends clients to the access URL that came another way: by plain HTTP where HTTPS is
//! served, or under another host name.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect as Answer, Response},
};
use http::{Uri, header, uri::Authority};
use url::Url;

/// Paths that probes and relays ask for by address, whatever the host is called.
const EXEMPT: &[&str] = &["/healthz", "/derp"];

/// Who is sent to the access URL.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// Where to.
    pub access_url: Url,
    /// Everyone who does not ask for an address of this machine or its own network.
    pub all_from_afar: bool,
    /// Those who ask for another host.
    pub other_hosts: bool,
    /// Hosts of workspace applications, such as `*.apps.example.com`; they stay.
    pub application_hosts: Option<String>,
}

impl Redirect {
    /// Wraps a router so that those who came another way are sent to the access URL.
    pub fn around(self, router: Router) -> Router {
        if !self.all_from_afar && !self.other_hosts {
            return router;
        }
        router.layer(from_fn_with_state(Arc::new(self), redirect))
    }

    /// Where a request for this host and path is sent; `None` if it may stay.
    fn target(&self, host: &Authority, uri: &Uri) -> Option<String> {
        let exempt = |start: &&str| {
            let rest = uri.path().strip_prefix(*start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let leaves = (self.all_from_afar && !is_near(host.host()))
            || (self.other_hosts && !self.is_own(host));
        if !leaves || EXEMPT.iter().any(exempt) {
            return None;
        }
        let mut target = self.access_url.clone();
        target.set_path(uri.path());
        target.set_query(uri.query());
        Some(target.into())
    }

    fn is_own(&self, host: &Authority) -> bool {
        let port = self.access_url.port_or_known_default();
        let same_port = host.port_u16().is_none_or(|given| Some(given) == port);
        let same_host = self.access_url.host_str() == Some(host.host());
        (same_host && same_port) || self.is_application(host.host())
    }

    fn is_application(&self, host: &str) -> bool {
        let pattern = self.application_hosts.as_deref();
        let parts = pattern.and_then(|pattern| pattern.split_once('*'));
        parts.is_some_and(|(start, end)| {
            let label = host
                .strip_prefix(start)
                .and_then(|host| host.strip_suffix(end));
            label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        })
    }
}

async fn redirect(State(redirect): State<Arc<Redirect>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(header::HOST);
    let host = header
        .and_then(|host| Authority::try_from(host.as_bytes()).ok())
        .or_else(|| request.uri().authority().cloned());
    match host.and_then(|host| redirect.target(&host, request.uri())) {
        Some(target) => Answer::temporary(&target).into_response(),
        None => next.run(request).await,
    }
}

/// Whether the host is an address of this machine or its own network.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(all_from_afar: bool, host: &'static str, uri: &'static str) -> Option<String> {
        let redirect = Redirect {
            access_url: Url::parse("https://dev.example.com").unwrap(),
            all_from_afar,
            other_hosts: !all_from_afar,
            application_hosts: Some("*.apps.example.com".to_owned()),
        };
        redirect.target(&Authority::from_static(host), &Uri::from_static(uri))
    }

    #[test]
    fn plain_requests_from_afar_go_to_the_access_url() {
        assert_eq!(
            target(true, "dev.example.com", "/login?next=1"),
            Some("https://dev.example.com/login?next=1".into())
        );
        for near in ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "10.0.0.4"] {
            assert_eq!(target(true, near, "/login"), None);
        }
        assert_eq!(target(true, "dev.example.com", "/healthz"), None);
    }

    #[test]
    fn other_hosts_go_to_the_access_url_and_applications_stay() {
        let sent = Some("https://dev.example.com/".to_owned());
        assert_eq!(target(false, "10.0.0.4:3000", "/"), sent);
        assert_eq!(target(false, "dev.example.com:8080", "/"), sent);
        assert_eq!(target(false, "a.b.apps.example.com", "/"), sent);
        assert_eq!(target(false, "a.apps.example.com", "/"), None);
        assert_eq!(target(false, "dev.example.com", "/"), None);
        assert_eq!(target(false, "dev.example.com:443", "/"), None);
    }
}
