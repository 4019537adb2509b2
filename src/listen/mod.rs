//! Sockets and connections: binds, takes connections within bounds, and serves a router
//! on them until the process drains. What a request means is not known here.

mod tls;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::connect_info::IntoMakeServiceWithConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tower::Service;
use tracing::{debug, warn};

pub use self::tls::{ClientCertificates, TlsError, TlsSettings};
use crate::lifecycle::Lifecycle;

/// How long a client may take to send a request's head, and an idle connection may stay open.
const HEAD_LIMIT: Duration = Duration::from_mins(1);
/// How long the TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections at once; more wait in the system's queue.
const MOST_CONNECTIONS: usize = 32_768;

/// A bound socket that takes no connections yet.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {host}:{port}: {reason}")]
pub struct ListenError {
    host: String,
    port: u16,
    reason: io::Error,
}

impl Listener {
    /// Binds plain HTTP to a host name or address; an empty one means every address of the machine.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn bind(host: &str, port: u16) -> Result<Self, ListenError> {
        let bound = if host.is_empty() {
            // One socket of IPv6 takes IPv4 too; some machines have IPv4 only.
            match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
                Ok(socket) => Ok(socket),
                Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await,
            }
        } else {
            TcpListener::bind((host, port)).await
        };
        let refused = |reason| ListenError {
            host: host.to_owned(),
            port,
            reason,
        };
        let socket = bound.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        Ok(Self {
            socket,
            address,
            tls: None,
        })
    }

    /// Makes it an HTTPS listener.
    ///
    /// # Errors
    /// When the certificates cannot be read or do not fit their keys.
    pub fn with_tls(mut self, settings: &TlsSettings) -> Result<Self, TlsError> {
        self.tls = Some(tls::acceptor(settings)?);
        Ok(self)
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the router until the process drains. Handlers find the client's address in
    /// `ConnectInfo<SocketAddr>`. Requests that run at the drain may finish; the abort drops them.
    pub fn serve(self, name: &'static str, router: Router, lifecycle: &Lifecycle) {
        let inner = lifecycle.clone();
        lifecycle.spawn(
            name,
            async move { self.take_connections(router, inner).await },
        );
    }

    async fn take_connections(self, router: Router, lifecycle: Lifecycle) {
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut services = router.into_make_service_with_connect_info::<SocketAddr>();
        let mut draining = pin!(lifecycle.draining());
        loop {
            let (permit, stream, client) = tokio::select! {
                biased;
                () = &mut draining => return,
                next = next_connection(&self.socket, &room) => next,
            };
            // An answer is written whole, so waiting to fill a packet only delays it.
            stream.set_nodelay(true).ok();
            let service = service_for(&mut services, client).await;
            let (tls, inner) = (self.tls.clone(), lifecycle.clone());
            lifecycle.spawn_brief("connection", async move {
                // Boxed, so that a plain connection does not keep room for an encrypted one's state.
                match tls {
                    None => Box::pin(converse(stream, service, &inner)).await,
                    Some(tls) => {
                        let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream));
                        match Box::pin(handshake).await {
                            Ok(Ok(stream)) => Box::pin(converse(stream, service, &inner)).await,
                            Ok(Err(error)) => debug!(%client, %error, "a TLS handshake failed"),
                            Err(_) => debug!(%client, "a TLS handshake took too long"),
                        }
                    }
                }
                drop(permit);
            });
        }
    }
}

/// Lets the process hold as many connections as the system allows at all, rather than the
/// usual 1,024; returns the number.
///
/// # Errors
/// When the system refuses.
pub fn raise_connection_limit() -> io::Result<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // macOS names no limit and then refuses what is above its own.
    let wanted = hard.min(1 << 20);
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    Ok(wanted)
}

async fn next_connection(
    socket: &TcpListener,
    room: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    // The semaphore is never closed, so there is always a permit.
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match socket.accept().await {
            Ok((stream, client)) => return (permit, stream, client),
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

type Services = IntoMakeServiceWithConnectInfo<Router, SocketAddr>;
type ClientService = <Services as Service<SocketAddr>>::Response;

async fn service_for(services: &mut Services, client: SocketAddr) -> ClientService {
    let made: Result<ClientService, Infallible> = services.call(client).await;
    match made {
        Ok(service) => service,
        Err(never) => match never {},
    }
}

async fn converse<S>(stream: S, service: ClientService, lifecycle: &Lifecycle)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = lifecycle.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        debug!(%error, "a connection ended in disorder");
    }
}

#[cfg(test)]
mod tests {
    use axum::{extract::ConnectInfo, routing::get};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::lifecycle::{Ending, Signals};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    async fn end(lifecycle: &Lifecycle, drain_limit: Duration) -> Ending {
        let mut signals = Signals::listen().unwrap();
        lifecycle.run_to_end(&mut signals, drain_limit).await
    }

    async fn listener() -> Listener {
        Listener::bind("127.0.0.1", 0).await.unwrap()
    }

    /// Reads until the text arrives; what was read.
    async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
        let mut read = String::new();
        let mut buffer = [0; 1024];
        while !read.contains(wanted) {
            let length = stream.read(&mut buffer).await.unwrap();
            assert_ne!(length, 0, "the connection ended after {read:?}");
            read.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        read
    }

    #[tokio::test]
    async fn handlers_know_the_client_and_idle_connections_end_with_the_drain() {
        let lifecycle = Lifecycle::new();
        let listener = listener().await;
        let address = listener.address();
        let show = |ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.to_string() };
        listener.serve("http", Router::new().route("/", get(show)), &lifecycle);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        read_until(&mut stream, &own).await;
        lifecycle.shut_down();
        let ending = end(&lifecycle, Duration::from_mins(1)).await;
        assert_eq!(ending, Ending::Asked);
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn running_requests_finish_during_the_drain() {
        let lifecycle = Lifecycle::new();
        let listener = listener().await;
        let address = listener.address();
        let inner = lifecycle.clone();
        let finish = async move || {
            inner.shut_down();
            inner.draining().await;
            "finished"
        };
        listener.serve("http", Router::new().route("/", get(finish)), &lifecycle);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let (read, ending) = tokio::join!(
            read_until(&mut stream, "finished"),
            end(&lifecycle, Duration::from_mins(1))
        );
        assert!(read.starts_with("HTTP/1.1 200"), "{read}");
        assert_eq!(ending, Ending::Asked);
    }

    #[tokio::test]
    async fn endless_answers_are_cut_by_the_abort() {
        let lifecycle = Lifecycle::new();
        let listener = listener().await;
        let address = listener.address();
        let endless = || async {
            let first = futures::stream::iter([Ok::<_, Infallible>("begun")]);
            axum::body::Body::from_stream(futures::StreamExt::chain(
                first,
                futures::stream::pending(),
            ))
        };
        listener.serve("http", Router::new().route("/", get(endless)), &lifecycle);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        read_until(&mut stream, "begun").await;
        lifecycle.shut_down();
        let ending = end(&lifecycle, Duration::from_millis(50)).await;
        assert_eq!(ending, Ending::Asked);
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn a_taken_address_is_one_sentence() {
        let taken = listener().await;
        let Err(error) = Listener::bind("127.0.0.1", taken.address().port()).await else {
            panic!("bound twice");
        };
        let expected = format!("cannot listen on {}: ", taken.address());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
