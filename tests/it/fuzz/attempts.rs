//! What is tried: who asks, and what is damaged in path, query, headers and body.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Caller {
    Owner,
    Member,
    Nobody,
    Broken,
}

/// What stands in a path where a parameter is.
#[derive(Clone, Debug)]
pub enum Piece {
    /// What belongs there.
    Good,
    /// Any text, encoded as it must be.
    Text(String),
    /// Any bytes, encoded.
    Bytes(Vec<u8>),
    /// Text as it is, when a path can hold it.
    Raw(String),
}

/// One value of a body replaced by another.
#[derive(Clone, Debug)]
pub struct Change {
    pub place: Index,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Payload {
    Nothing,
    Bytes(Vec<u8>),
    Text(String),
    /// What the description asks for, with some values changed and cut off after some bytes.
    Json(Vec<Change>, Option<Index>),
    Deep(usize),
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub operation: Index,
    /// Whether it may end the session of those who ask, if the operation can.
    pub daring: bool,
    pub caller: Caller,
    pub pieces: Vec<Piece>,
    pub query: Vec<(Index, String)>,
    pub headers: Vec<(Index, String)>,
    pub payload: Payload,
}

pub const WORDS: &[&str] = &[
    "",
    " ",
    "\0",
    "a\0b",
    "%00",
    "me",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "NaN",
    "\u{202e}",
    "'\"`;--",
    "../..",
    "{}",
    "[]",
    "\u{10ffff}",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "00000000-0000-0000-0000-000000000000",
    "urn:uuid:deadbeef-0000-4000-8000-000000000000",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "+262143-12-31T23:59:59Z",
    "CRON_TZ=Europe/Berlin 0 9 * * 1-5",
    "owner:me \"",
    "status:running",
    "a:b:c",
    "last_used_before:\"0000-00-00\"",
    "param:\"a=b\"",
    "*",
    "W/\"x\"",
    "\"\"",
];
/// Query parameters that some operation reads, for all of them.
pub const KEYS: &[&str] = &[
    "q",
    "limit",
    "offset",
    "after_id",
    "since",
    "include_deleted",
    "deleted",
    "include_archived",
    "after",
    "before",
    "follow",
    "status",
    "tags",
    "format",
    "resume",
    "template_ids",
    "start_time",
    "end_time",
    "interval",
    "redirect",
    "state",
    "code",
    "ids",
    "deprecated",
    "include_all",
    "tz_offset",
    "",
];
pub const HEADERS: &[&str] = &[
    "content-type",
    "cookie",
    "accept",
    "accept-encoding",
    "if-none-match",
    "if-match",
    "idempotency-key",
    "last-event-id",
    "origin",
    "access-control-request-method",
    "user-agent",
    "x-forwarded-for",
    "x-real-ip",
    "sec-websocket-key",
    "upgrade",
    "authorization",
    "content-encoding",
    "x-csrf-token",
    "host",
    "range",
    "expect",
];

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => (1_usize..3000).prop_map(|length| "x".repeat(length)),
    ]
}

pub fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        12 => Just(Piece::Good),
        3 => text().prop_map(Piece::Text),
        1 => vec(any::<u8>(), 0..12).prop_map(Piece::Bytes),
        1 => text().prop_map(Piece::Raw),
    ]
}

pub fn value() -> impl Strategy<Value = Value> {
    let numbers = &[0_i64, -1, 1, i64::MAX, i64::MIN, 2_147_483_648][..];
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => prop::sample::select(numbers).prop_map(Value::from),
        4 => text().prop_map(Value::from),
        1 => vec(text(), 0..4).prop_map(Value::from),
        1 => (text(), text()).prop_map(|(key, value)| json!({key: value})),
        1 => Just(json!([[], {}, null])),
    ]
}

pub fn payload() -> impl Strategy<Value = Payload> {
    let changes = vec(
        (any::<Index>(), value()).prop_map(|(place, value)| Change { place, value }),
        0..3,
    );
    prop_oneof![
        1 => Just(Payload::Nothing),
        1 => vec(any::<u8>(), 0..40).prop_map(Payload::Bytes),
        1 => text().prop_map(Payload::Text),
        12 => (changes, prop::option::weighted(0.05, any::<Index>()))
            .prop_map(|(changes, cut)| Payload::Json(changes, cut)),
        1 => (1_usize..5000).prop_map(Payload::Deep),
    ]
}

pub fn attempt() -> impl Strategy<Value = Attempt> {
    let caller = prop_oneof![
        8 => Just(Caller::Owner),
        4 => Just(Caller::Member),
        1 => Just(Caller::Nobody),
        1 => Just(Caller::Broken),
    ];
    let query = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((any::<Index>(), text()), 0..3),
    ];
    let headers = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec((any::<Index>(), text()), 0..3),
    ];
    (
        any::<Index>(),
        prop::bool::weighted(0.05),
        caller,
        vec(piece(), 4),
        query,
        headers,
        payload(),
    )
        .prop_map(
            |(operation, daring, caller, pieces, query, headers, payload)| Attempt {
                operation,
                daring,
                caller,
                pieces,
                query,
                headers,
                payload,
            },
        )
}
