//! Many streams over one: yamux. A stream is acknowledged as soon as it is taken, which the
//! other side insists on even where nothing is answered for hours.

use std::io;

use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
pub use tokio_yamux::StreamHandle;
use tokio_yamux::{Config, Control, Session};

/// The side that takes streams.
pub struct Server<T> {
    session: Session<T>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Server<T> {
    /// Speaks yamux over a stream of bytes.
    pub fn new(bytes: T) -> Self {
        Self {
            session: Session::new_server(bytes, Config::default()),
        }
    }

    /// The next stream that the other side opens; `None` when the connection has ended. It must
    /// be polled as long as any stream lives: it moves their bytes.
    ///
    /// # Errors
    /// When the connection breaks or the other side breaks the rules.
    pub async fn accept(&mut self) -> io::Result<Option<StreamHandle>> {
        self.session.next().await.transpose()
    }
}

/// The side that opens streams: the future moves their bytes and must be polled as long as any
/// stream lives.
pub fn client<T: AsyncRead + AsyncWrite + Unpin>(bytes: T) -> (Control, impl Future<Output = ()>) {
    let mut session = Session::new_client(bytes, Config::default());
    let control = session.control();
    let drive = async move { while let Some(Ok(_)) = session.next().await {} };
    (control, drive)
}
