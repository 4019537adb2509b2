//! The client's real address where trusted proxies stand before the server. From here on
//! `ConnectInfo` names the client, not the proxy.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use http::{HeaderMap, HeaderName};

use crate::domain::networks::IpNetwork;

/// Which proxies are believed, and which of their headers.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    /// Headers that carry the client's address, the first that is there.
    pub headers: Vec<HeaderName>,
    /// Where trusted proxies are.
    pub networks: Vec<IpNetwork>,
}

impl TrustedProxies {
    /// Wraps a router so that handlers see the client's address.
    pub fn around(self, router: Router) -> Router {
        if self.headers.is_empty() || self.networks.is_empty() {
            return router;
        }
        router.layer(from_fn_with_state(Arc::new(self), name_client))
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }

    /// The client's address, if a proxy that is believed names one.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.trust(peer) {
            return None;
        }
        let values = |name| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
        };
        let name = self
            .headers
            .iter()
            .find(|name| headers.contains_key(*name))?;
        // Each proxy adds the address it saw at the end. What stands before the last
        // address that is no proxy of ours was written by the client itself.
        let addresses: Vec<IpAddr> = values(name)
            .flat_map(|value| value.split(','))
            .map_while(|text| text.trim().parse().ok())
            .collect();
        let outermost = addresses.iter().rfind(|address| !self.trust(**address));
        outermost.or_else(|| addresses.first()).copied()
    }
}

async fn name_client(
    State(proxies): State<Arc<TrustedProxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0);
    let client = peer.and_then(|peer| proxies.client(peer.ip(), request.headers()));
    if let Some(client) = client {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(client, 0)));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Option<String> {
        let proxies = TrustedProxies {
            headers: vec![
                HeaderName::from_static("cf-connecting-ip"),
                HeaderName::from_static("x-forwarded-for"),
            ],
            networks: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let client = proxies.client(peer.parse().unwrap(), &headers);
        client.map(|client| client.to_string())
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let header = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("192.0.2.1", &header), None);
        assert_eq!(client("10.1.1.1", &header), Some("203.0.113.9".into()));
        assert_eq!(
            client("::ffff:10.1.1.1", &header),
            Some("203.0.113.9".into())
        );
    }

    #[test]
    fn what_a_client_writes_before_the_proxy_does_is_not_believed() {
        let forged = [("x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.2.2.2")];
        assert_eq!(client("10.1.1.1", &forged), Some("203.0.113.9".into()));
        assert_eq!(client("10.1.1.1", &[("x-forwarded-for", "nonsense")]), None);
    }

    #[test]
    fn the_first_named_header_counts() {
        let both = [
            ("x-forwarded-for", "203.0.113.9"),
            ("cf-connecting-ip", "203.0.113.7"),
        ];
        assert_eq!(client("10.1.1.1", &both), Some("203.0.113.7".into()));
    }
}
