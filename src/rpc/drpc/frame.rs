//! dRPC's frames as bytes: a control byte, three varints and the data. Source: spec/agent.md 4.3.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use thiserror::Error;

/// Most bytes of one packet.
pub const PACKET_LIMIT: usize = 4 << 20;
/// Larger packets are sent in pieces of this size.
const PIECE: usize = 64 << 10;
const VARINT_BYTES: u32 = 10;
const DONE: u8 = 0x01;
const CONTROL: u8 = 0x80;

/// What a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Begins a call; the data is its path.
    Invoke,
    /// One protobuf message.
    Message,
    /// Ends a call badly.
    Error,
    /// The caller no longer wants an answer.
    Cancel,
    /// Ends a call.
    Close,
    /// Nothing more comes from this side.
    CloseSend,
    /// Goes before an invoke, for tracing.
    Metadata,
    /// Something newer that may be passed over.
    Unknown,
}

/// A whole packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// The call it belongs to.
    pub stream: u64,
    /// Its number among those of its side.
    pub message: u64,
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub data: Bytes,
}

/// Bytes that are no frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Malformed {
    /// A number does not end.
    #[error("a number in a frame has too many bytes")]
    Varint,
    /// A kind that nobody knows and that may not be passed over.
    #[error("a frame is of the unknown kind {0}")]
    Kind(u8),
    /// More bytes than a packet may have.
    #[error("a packet is larger than {PACKET_LIMIT} bytes")]
    TooLarge,
    /// A frame stands where it may not.
    #[error("frames come in the wrong order")]
    Order,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Invoke => 1,
            Self::Message => 2,
            Self::Error => 3,
            Self::Cancel => 4,
            Self::Close => 5,
            Self::CloseSend => 6,
            Self::Metadata => 7,
        }
    }

    fn of_control(control: u8) -> Result<Self, Malformed> {
        Ok(match (control & !CONTROL) >> 1 {
            1 => Self::Invoke,
            2 => Self::Message,
            3 => Self::Error,
            4 => Self::Cancel,
            5 => Self::Close,
            6 => Self::CloseSend,
            7 => Self::Metadata,
            _ if control & CONTROL != 0 => Self::Unknown,
            other => return Err(Malformed::Kind(other)),
        })
    }
}

/// Writes a packet as one or more frames.
pub fn encode(packet: &Packet, out: &mut BytesMut) {
    let mut rest = packet.data.as_ref();
    loop {
        let (piece, after) = rest.split_at(rest.len().min(PIECE));
        let mut control = packet.kind.number() << 1;
        if after.is_empty() {
            control |= DONE;
        }
        if packet.kind == Kind::Cancel {
            control |= CONTROL;
        }
        out.put_u8(control);
        put_varint(out, packet.stream);
        put_varint(out, packet.message);
        put_varint(out, piece.len() as u64);
        out.put_slice(piece);
        if after.is_empty() {
            return;
        }
        rest = after;
    }
}

fn put_varint(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.put_u8(number.to_le_bytes()[0]);
}

/// Puts packets together out of frames.
#[derive(Default, Debug)]
pub struct Assembler {
    begun: Option<(u64, u64, Kind)>,
    data: BytesMut,
}

impl Assembler {
    /// The next whole packet in `bytes`, which loses what was read; `None` until there is one.
    ///
    /// # Errors
    /// [`Malformed`] when the connection is of no more use.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Packet>, Malformed> {
        loop {
            let Some(head) = Head::parse(bytes)? else {
                return Ok(None);
            };
            if head.length > PACKET_LIMIT - self.data.len() {
                return Err(Malformed::TooLarge);
            }
            if bytes.len() < head.size + head.length {
                return Ok(None);
            }
            bytes.advance(head.size);
            let data = bytes.split_to(head.length);
            let id = (head.stream, head.message, head.kind);
            if self.begun.is_some_and(|begun| begun != id) {
                return Err(Malformed::Order);
            }
            if head.is_last && self.begun.is_none() {
                return Ok(Some(head.packet(data.freeze())));
            }
            self.data.extend_from_slice(&data);
            self.begun = Some(id);
            if head.is_last {
                self.begun = None;
                return Ok(Some(head.packet(self.data.split().freeze())));
            }
        }
    }
}

struct Head {
    is_last: bool,
    kind: Kind,
    stream: u64,
    message: u64,
    length: usize,
    /// Bytes that the head itself takes.
    size: usize,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let Some((&control, mut rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let kind = Kind::of_control(control)?;
        let mut numbers = [0; 3];
        for number in &mut numbers {
            match varint(&mut rest)? {
                Some(read) => *number = read,
                None => return Ok(None),
            }
        }
        let [stream, message, length] = numbers;
        Ok(Some(Self {
            is_last: control & DONE != 0,
            kind,
            stream,
            message,
            length: usize::try_from(length).map_err(|_beyond_memory| Malformed::TooLarge)?,
            size: bytes.len() - rest.len(),
        }))
    }

    fn packet(&self, data: Bytes) -> Packet {
        Packet {
            stream: self.stream,
            message: self.message,
            kind: self.kind,
            data,
        }
    }
}

fn varint(rest: &mut &[u8]) -> Result<Option<u64>, Malformed> {
    let mut number = 0;
    for place in 0..VARINT_BYTES {
        let Some((&byte, after)) = rest.split_first() else {
            return Ok(None);
        };
        *rest = after;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some(number));
        }
    }
    Err(Malformed::Varint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packets(bytes: &[u8]) -> Vec<Packet> {
        let mut assembler = Assembler::default();
        let mut bytes = BytesMut::from(bytes);
        let mut found = Vec::new();
        while let Some(packet) = assembler.next(&mut bytes).unwrap() {
            found.push(packet);
        }
        assert!(bytes.is_empty(), "bytes are left over");
        found
    }

    /// As a real client sent it: invoke, an empty message, the end of sending, the close.
    #[test]
    fn a_recorded_call_is_read() {
        let path = "/coder.agent.v2.Agent/GetAnnouncementBanners";
        let mut bytes = vec![0x03, 0x01, 0x01, 0x2c];
        bytes.extend_from_slice(path.as_bytes());
        bytes.extend_from_slice(&[0x05, 1, 2, 0, 0x0d, 1, 3, 0, 0x0b, 1, 4, 0]);
        let read: Vec<_> = packets(&bytes)
            .into_iter()
            .map(|packet| (packet.message, packet.kind, packet.data))
            .collect();
        assert_eq!(
            read,
            [
                (1, Kind::Invoke, Bytes::from(path)),
                (2, Kind::Message, Bytes::new()),
                (3, Kind::CloseSend, Bytes::new()),
                (4, Kind::Close, Bytes::new()),
            ]
        );
    }

    /// As a real client accepted it.
    #[test]
    fn an_answer_is_written_as_recorded() {
        let mut out = BytesMut::new();
        for (message, kind) in [(1, Kind::Message), (2, Kind::CloseSend)] {
            let packet = Packet {
                stream: 1,
                message,
                kind,
                data: Bytes::new(),
            };
            encode(&packet, &mut out);
        }
        assert_eq!(out.as_ref(), [0x05, 1, 1, 0, 0x0d, 1, 2, 0]);
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let refused = |bytes: &[u8]| Assembler::default().next(&mut BytesMut::from(bytes));
        assert_eq!(refused(&[0x13, 1, 1, 0]), Err(Malformed::Kind(9)));
        assert_eq!(refused(&[0x05, 0xff, 0xff]), Ok(None));
        assert_eq!(
            refused(&[
                5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
            ]),
            Err(Malformed::Varint)
        );
        assert_eq!(
            refused(&[5, 1, 1, 0x81, 0x80, 0x80, 0x02]),
            Err(Malformed::TooLarge)
        );
        assert_eq!(
            refused(&[4, 1, 1, 1, b'a', 5, 1, 2, 0]),
            Err(Malformed::Order)
        );
        let newer = refused(&[0x93, 1, 1, 0]).unwrap().unwrap();
        assert_eq!(newer.kind, Kind::Unknown);
    }

    proptest! {
        #[test]
        fn packets_survive_the_way(stream in 1u64.., message in 1u64.., size in 0usize..200_000, cut in 1usize..70_000) {
            let packet = Packet { stream, message, kind: Kind::Message, data: vec![7; size].into() };
            let mut out = BytesMut::new();
            encode(&packet, &mut out);
            let mut assembler = Assembler::default();
            let mut arrived = BytesMut::new();
            let mut found = Vec::new();
            for piece in out.chunks(cut) {
                arrived.extend_from_slice(piece);
                found.extend(assembler.next(&mut arrived).unwrap());
            }
            prop_assert_eq!(found, vec![packet]);
        }
    }
}
