//! Listens where Terraform can reach the plugin, tells it where, and serves its connections
//! until it asks to end or is gone. What is answered is decided in `plugin`.

use std::{
    convert::Infallible,
    fs,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{UnixListener, UnixStream},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::timeout,
};

use super::{
    ProviderError, handshake,
    handshake::Invitation,
    new_id,
    plugin::Plugin,
    tls::{self, Encryption},
};

/// How long the plugin waits for Terraform while no connection is open. Terraform holds one all
/// the time, so that only one that was killed makes it wait for so long.
const LONELY: Duration = Duration::from_secs(30);

/// Serves until the end.
pub(super) async fn serve(
    invitation: &Invitation,
    plugin: Arc<Plugin>,
) -> Result<(), ProviderError> {
    let encryption = invitation.client_certificate.as_deref();
    let encryption = encryption.map(tls::prepare).transpose()?.map(Arc::new);
    // Ctrl-C reaches the whole group; when Terraform has what it needs, it asks to end.
    let _interrupts = signal(SignalKind::interrupt())?;
    let socket = Socket(
        invitation
            .socket_directory
            .join(format!("plugin{}", new_id())),
    );
    let listener = UnixListener::bind(&socket.0)?;
    let certificate = encryption.as_ref().map(|used| used.certificate.as_ref());
    let line = handshake::line(&socket.0, certificate, invitation);
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    output.flush()?;
    tokio::select! {
        () = plugin.asked_to_end() => {}
        served = accept(&listener, encryption, &plugin) => served?,
    }
    Ok(())
}

async fn accept(
    listener: &UnixListener,
    encryption: Option<Arc<Encryption>>,
    plugin: &Arc<Plugin>,
) -> io::Result<()> {
    let mut open = JoinSet::new();
    loop {
        let stream = if open.is_empty() {
            let Ok(accepted) = timeout(LONELY, listener.accept()).await else {
                return Ok(());
            };
            accepted?.0
        } else {
            tokio::select! {
                accepted = listener.accept() => accepted?.0,
                _ = open.join_next() => continue,
            }
        };
        open.spawn(connection(stream, encryption.clone(), Arc::clone(plugin)));
    }
}

async fn connection(stream: UnixStream, encryption: Option<Arc<Encryption>>, plugin: Arc<Plugin>) {
    match encryption {
        None => requests(stream, plugin).await,
        Some(encryption) => match encryption.acceptor.accept(stream).await {
            Ok(stream) => requests(stream, plugin).await,
            Err(error) => complain(&error),
        },
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    plugin: Arc<Plugin>,
) {
    let service = service_fn(move |request| {
        let plugin = Arc::clone(&plugin);
        async move { Ok::<_, Infallible>(plugin.answer(request).await) }
    });
    // How a connection ends tells nothing: Terraform closes it when it likes.
    let _ = Builder::new(TokioExecutor::new())
        .http2_only()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Terraform reads the error output into its own log.
fn complain(error: &io::Error) {
    let _ = writeln!(io::stderr(), "a connection was refused: {error}");
}

/// A socket's file, removed at the end.
struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
