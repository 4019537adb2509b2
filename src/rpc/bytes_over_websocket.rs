//! A websocket as one stream of bytes. Binary messages carry the bytes; where one ends and the
//! next begins means nothing.

use std::io;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};

/// Reads and writes the bytes of a websocket; it ends when the other side closes.
pub fn bytes_of(socket: WebSocket) -> impl AsyncRead + AsyncWrite + Send + Unpin + 'static {
    let (sink, stream) = socket.split();
    let incoming = stream.filter_map(|message| async {
        match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            Ok(Message::Text(text)) => Some(Ok(Bytes::from(text))),
            // Pings are answered by the websocket itself; after a close the stream ends.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => None,
            Err(source) => Some(Err(io::Error::other(source))),
        }
    });
    let outgoing = sink
        .sink_map_err(io::Error::other)
        .with(|bytes: Bytes| std::future::ready(Ok::<_, io::Error>(Message::Binary(bytes))));
    tokio::io::join(
        StreamReader::new(Box::pin(incoming)),
        SinkWriter::new(CopyToBytes::new(outgoing)),
    )
}
