//! dRPC calls, one on each stream, of both sides. Owns the order of packets; a call's messages
//! are bytes here.

pub mod frame;

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};

use frame::{Assembler, Kind, Malformed, PACKET_LIMIT, Packet};

/// The code of an error that says no more.
const NO_CODE: u64 = 0;

/// Why a call cannot go on.
#[derive(Debug, Error)]
pub enum CallError {
    /// The stream broke.
    #[error("the stream broke")]
    Io(#[from] io::Error),
    /// The other side broke the rules.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The other side ended the call with an error.
    #[error("the call failed: {0}")]
    Remote(String),
    /// The other side left in the middle.
    #[error("the other side ended the call")]
    Gone,
}

/// One call on a stream of its own.
pub struct Call<T> {
    reader: ReadHalf<T>,
    writer: WriteHalf<T>,
    arrived: BytesMut,
    assembler: Assembler,
    stream: u64,
    next_message: u64,
}

impl<T: AsyncRead + AsyncWrite> Call<T> {
    fn on(io: T) -> Self {
        let (reader, writer) = tokio::io::split(io);
        Self {
            reader,
            writer,
            arrived: BytesMut::new(),
            assembler: Assembler::default(),
            stream: 1,
            next_message: 1,
        }
    }

    /// Waits for the other side's invoke; its path comes along. `None` when the stream ends.
    ///
    /// # Errors
    /// When the stream breaks or something else than an invoke comes.
    pub async fn accept(io: T) -> Result<Option<(String, Self)>, CallError> {
        let mut call = Self::on(io);
        while let Some(packet) = call.packet().await? {
            match packet.kind {
                Kind::Metadata | Kind::Unknown => {}
                Kind::Invoke => {
                    call.stream = packet.stream;
                    let path = String::from_utf8_lossy(&packet.data).into_owned();
                    return Ok(Some((path, call)));
                }
                _ => return Err(Malformed::Order.into()),
            }
        }
        Ok(None)
    }

    /// Begins a call.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn invoke(io: T, path: &str) -> Result<Self, CallError> {
        let mut call = Self::on(io);
        let path = Bytes::copy_from_slice(path.as_bytes());
        call.write(Kind::Invoke, path).await?;
        Ok(call)
    }

    /// The next message; `None` when no more come. May be dropped at any time without losing one.
    ///
    /// # Errors
    /// When the call ends otherwise.
    pub async fn receive(&mut self) -> Result<Option<Bytes>, CallError> {
        while let Some(packet) = self.packet().await? {
            if packet.stream < self.stream {
                continue;
            }
            match packet.kind {
                Kind::Message => return Ok(Some(packet.data)),
                Kind::CloseSend => return Ok(None),
                Kind::Close | Kind::Cancel => return Err(CallError::Gone),
                Kind::Error => {
                    let text = packet.data.get(8..).unwrap_or_default();
                    return Err(CallError::Remote(
                        String::from_utf8_lossy(text).into_owned(),
                    ));
                }
                Kind::Metadata | Kind::Unknown => {}
                Kind::Invoke => return Err(Malformed::Order.into()),
            }
        }
        Err(CallError::Gone)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn send(&mut self, message: Bytes) -> Result<(), CallError> {
        self.write(Kind::Message, message).await
    }

    /// Says that no more messages come from this side.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn close_send(&mut self) -> Result<(), CallError> {
        self.write(Kind::CloseSend, Bytes::new()).await
    }

    /// Ends the call and the stream.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn close(mut self) -> Result<(), CallError> {
        self.write(Kind::Close, Bytes::new()).await?;
        Ok(self.writer.shutdown().await?)
    }

    /// Ends the call with an error that the caller sees.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn fail(&mut self, text: &str) -> Result<(), CallError> {
        let mut data = NO_CODE.to_be_bytes().to_vec();
        data.extend_from_slice(text.as_bytes());
        self.write(Kind::Error, data.into()).await
    }

    /// Waits until the caller has ended the stream, so that what was sent arrives.
    pub async fn finished(mut self) {
        while let Ok(Some(_)) = self.packet().await {}
        // The other side may have gone; there is nothing left to lose.
        let _ = self.writer.shutdown().await;
    }

    async fn packet(&mut self) -> Result<Option<Packet>, CallError> {
        loop {
            if let Some(packet) = self.assembler.next(&mut self.arrived)? {
                return Ok(Some(packet));
            }
            if self.reader.read_buf(&mut self.arrived).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn write(&mut self, kind: Kind, data: Bytes) -> Result<(), CallError> {
        let packet = Packet {
            stream: self.stream,
            message: self.next_message,
            kind,
            data,
        };
        self.next_message += 1;
        let mut out = BytesMut::new();
        frame::encode(&packet, &mut out);
        let mut can_read = true;
        while out.has_remaining() {
            // Leave to send more arrives only where somebody reads.
            let may_read = can_read && self.arrived.len() < PACKET_LIMIT;
            tokio::select! {
                written = self.writer.write_buf(&mut out) => {
                    if written? == 0 {
                        return Err(CallError::Gone);
                    }
                }
                read = self.reader.read_buf(&mut self.arrived), if may_read => can_read = read? > 0,
            }
        }
        Ok(self.writer.flush().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_of_a_call_meet() {
        let (here, there) = tokio::io::duplex(1000);
        let large = Bytes::from(vec![3; 300_000]);
        let answer = large.clone();
        let server = async {
            let (path, mut call) = Call::accept(there).await.unwrap().unwrap();
            assert_eq!(path, "/a.B/C");
            assert_eq!(call.receive().await.unwrap().unwrap(), "ping");
            assert!(call.receive().await.unwrap().is_none());
            call.send(answer).await.unwrap();
            call.fail("no more").await.unwrap();
            call.finished().await;
        };
        let client = async {
            let mut call = Call::invoke(here, "/a.B/C").await.unwrap();
            call.send("ping".into()).await.unwrap();
            call.close_send().await.unwrap();
            assert_eq!(call.receive().await.unwrap().unwrap(), large);
            let error = call.receive().await.unwrap_err();
            assert!(matches!(error, CallError::Remote(text) if text == "no more"));
            call.close().await.unwrap();
        };
        tokio::join!(server, client);
    }
}
