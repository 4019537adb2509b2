//! Broken requests of every kind, through the real router on a real Postgres: whatever a client
//! sends, the answer is no 500, nothing panics, and memory stays bounded.
//!
//! Requests begin as good ones, made after the API's own description, and are then damaged in
//! their path, query, headers and body. What fails is shrunk to the least damage that shows it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Body;
use http::Method;
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixture::{Client, PASSWORD, TestApp, at};

/// Requests in one run, unless `FUZZ_REQUESTS` says otherwise.
const REQUESTS: u32 = 10_000;
/// Runners at once, each with random numbers of its own.
const RUNNERS: u32 = 4;
/// After this many requests a runner makes what it aims at anew: it may have deleted it.
const RENEW_AFTER: u32 = 500;
/// What the process may grow between the first tenth of the requests and the last, in KiB.
const MOST_GROWTH: u64 = 400 * 1024;

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Owner,
    Member,
    Nobody,
    Broken,
}

/// What stands in a path where a parameter is.
#[derive(Clone, Debug)]
enum Piece {
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
struct Change {
    place: Index,
    value: Value,
}

#[derive(Clone, Debug)]
enum Payload {
    Nothing,
    Bytes(Vec<u8>),
    Text(String),
    /// What the description asks for, with some values changed and cut off after some bytes.
    Json(Vec<Change>, Option<Index>),
    Deep(usize),
}

#[derive(Clone, Debug)]
struct Attempt {
    operation: Index,
    /// Whether it may end the session of those who ask, if the operation can.
    daring: bool,
    caller: Caller,
    pieces: Vec<Piece>,
    query: Vec<(Index, String)>,
    headers: Vec<(Index, String)>,
    payload: Payload,
}

const WORDS: &[&str] = &[
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
const KEYS: &[&str] = &[
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
const HEADERS: &[&str] = &[
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

/// After one of these whoever asks well may have lost the session, or the account.
const ENDS_SESSIONS: &[(&str, &str)] = &[
    ("POST", "/api/v2/users/logout"),
    ("DELETE", "/api/v2/users/{user}"),
    ("PUT", "/api/v2/users/{user}/password"),
    ("PUT", "/api/v2/users/{user}/status/suspend"),
    ("DELETE", "/api/v2/users/{user}/keys/{keyid}"),
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => (1_usize..3000).prop_map(|length| "x".repeat(length)),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        12 => Just(Piece::Good),
        3 => text().prop_map(Piece::Text),
        1 => vec(any::<u8>(), 0..12).prop_map(Piece::Bytes),
        1 => text().prop_map(Piece::Raw),
    ]
}

fn value() -> impl Strategy<Value = Value> {
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

fn payload() -> impl Strategy<Value = Payload> {
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

fn attempt() -> impl Strategy<Value = Attempt> {
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

/// An operation of the description.
struct Operation {
    method: Method,
    path: String,
    /// A body that fits, or null.
    body: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else {
                continue;
            };
            let schema = operation
                .pointer("/requestBody/content/application~1json/schema")
                .unwrap_or(&Value::Null);
            all.push(Operation {
                method,
                path: path.clone(),
                body: example(document, schema, 0),
            });
        }
    }
    assert!(all.len() > 100, "the description lists the operations");
    all
}

/// A value of a schema.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 6 {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#'));
        return example(document, found.unwrap_or(&Value::Null), depth + 1);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let mut choices = schema[several].as_array().into_iter().flatten();
        if let Some(choice) = choices.rfind(|choice| choice["type"] != "null") {
            return example(document, choice, depth + 1);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null"),
        kind => Some(kind),
    };
    match kind.and_then(Value::as_str) {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties
                .map(|(name, schema)| (name.clone(), example(document, schema, depth + 1)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Some("array") => json!([example(document, &schema["items"], depth + 1)]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("string") => match schema["format"].as_str() {
            Some("uuid") => json!("deadbeef-0000-4000-8000-000000000000"),
            Some("date-time") => json!("2026-01-06T09:00:00Z"),
            _ => json!("some-text"),
        },
        _ => Value::Null,
    }
}

/// What a runner aims at.
struct World {
    owner: Client,
    member: Client,
    names: Vec<(&'static str, String)>,
}

impl World {
    /// Makes users, a template and a workspace with the rights of somebody whom no request names.
    async fn make(app: &TestApp, keeper: &Client, name: &str) -> Self {
        let owner = app
            .user_with(keeper, &format!("{name}-owner"), &["owner"], &[])
            .await;
        let member = app.user(keeper, &format!("{name}-member")).await;
        let provisioner = app.provisioner(keeper).await;
        let template = provisioner.template(keeper, name).await;
        let found = keeper
            .get(&format!("/templates/{template}"))
            .await
            .expect(200);
        let order = json!({"name": "fuzzed", "template_id": template});
        let made = member.post("/users/me/workspaces", order).await.expect(201);
        provisioner.work_off().await;
        let me = member.get("/users/me").await.expect(200);
        let text = |value: &Value, path: &str| at(value, path).as_str().unwrap().to_owned();
        let version = text(&found, "active_version_id");
        let names = vec![
            ("user", text(&me, "id")),
            ("organization", text(&me, "organization_ids.0")),
            ("templatename", name.to_owned()),
            ("templateversionname", "v1".to_owned()),
            ("templateversion", version),
            ("template", template),
            ("workspacename", "fuzzed".to_owned()),
            ("workspacebuild", text(&made, "latest_build.id")),
            ("workspace", text(&made, "id")),
            ("buildnumber", "1".to_owned()),
            ("jobID", text(&made, "latest_build.job.id")),
        ];
        Self {
            owner,
            member,
            names,
        }
    }

    fn name(&self, parameter: &str) -> &str {
        let found = self.names.iter().find(|(name, _)| *name == parameter);
        found.map_or("deadbeef-0000-4000-8000-000000000000", |(_, value)| value)
    }
}

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

/// The address of an attempt, as it is sent.
fn address(attempt: &Attempt, operation: &Operation, world: &World) -> String {
    let mut address = String::new();
    let mut pieces = attempt.pieces.iter().cycle();
    for segment in operation.path.split('/').skip(1) {
        address.push('/');
        let parameter = segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'));
        let Some(parameter) = parameter else {
            address.push_str(segment);
            continue;
        };
        match pieces.next().unwrap_or(&Piece::Good) {
            Piece::Good => address.push_str(world.name(parameter)),
            Piece::Text(text) => address.push_str(&encoded(text.as_bytes())),
            Piece::Bytes(bytes) => address.push_str(&encoded(bytes)),
            Piece::Raw(text) => address.push_str(text),
        }
    }
    for (position, (key, value)) in attempt.query.iter().enumerate() {
        address.push(if position == 0 { '?' } else { '&' });
        let _ = write!(address, "{}={}", key.get(KEYS), encoded(value.as_bytes()));
    }
    address
}

/// All places in a value, the whole first.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{here}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{position}"), all);
            }
        }
        _ => {}
    }
}

fn body(payload: &Payload, operation: &Operation) -> Vec<u8> {
    match payload {
        Payload::Nothing => Vec::new(),
        Payload::Bytes(bytes) => bytes.clone(),
        Payload::Text(text) => json!(text).to_string().into_bytes(),
        Payload::Deep(depth) => "[".repeat(*depth).into_bytes(),
        Payload::Json(changes, cut) => {
            let mut whole = operation.body.clone();
            for change in changes {
                let mut all = Vec::new();
                places(&whole, "", &mut all);
                let place = change.place.get(&all);
                if let Some(found) = whole.pointer_mut(place) {
                    *found = change.value.clone();
                }
            }
            let mut bytes = whole.to_string().into_bytes();
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        }
    }
}

/// The request of an attempt; none when it cannot even be written down.
fn request(attempt: &Attempt, operation: &Operation, world: &World) -> Option<http::Request<Body>> {
    let mut request = http::Request::builder()
        .method(operation.method.clone())
        .uri(address(attempt, operation, world));
    for (name, value) in &attempt.headers {
        let value = http::HeaderValue::from_bytes(value.as_bytes()).ok()?;
        request = request.header(*name.get(HEADERS), value);
    }
    let ends_sessions =
        ENDS_SESSIONS.contains(&(operation.method.as_str(), operation.path.as_str()));
    let caller = match attempt.caller {
        Caller::Owner | Caller::Member if ends_sessions && !attempt.daring => Caller::Nobody,
        caller => caller,
    };
    let token = match caller {
        Caller::Owner => world.owner.token.clone(),
        Caller::Member => world.member.token.clone(),
        Caller::Nobody => None,
        Caller::Broken => Some("abcdefghij-0123456789".to_owned()),
    };
    if let Some(token) = token {
        request = request.header("Coder-Session-Token", token);
    }
    let address = axum::extract::ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 40_000)));
    request
        .extension(address)
        .body(Body::from(body(&attempt.payload, operation)))
        .ok()
}

/// Sends one attempt and looks at its answer; gives the status, 0 for what cannot be sent.
async fn try_one(
    app: &TestApp,
    attempt: &Attempt,
    operation: &Operation,
    world: &World,
) -> Result<u16, TestCaseError> {
    let Some(request) = request(attempt, operation, world) else {
        return Ok(0);
    };
    let shown = format!("{} {}", operation.method, request.uri());
    let patience = std::time::Duration::from_mins(1);
    let answer = tokio::time::timeout(patience, app.router.clone().oneshot(request));
    let Ok(Ok(answer)) = answer.await else {
        return Err(TestCaseError::fail(format!("{shown}: no answer")));
    };
    let status = answer.status();
    if status.is_server_error() {
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        return Err(TestCaseError::fail(format!("{shown}: {status} {body:?}")));
    }
    // A stream has no end: what it says first is enough.
    let is_stream = answer
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        let body = axum::body::to_bytes(answer.into_body(), 64 << 20).await;
        prop_assert!(body.is_ok(), "{shown}: the answer breaks off");
    }
    Ok(status.as_u16())
}

/// The memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let figure = line.unwrap().split_whitespace().nth(1);
    figure.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_requests_get_clear_answers() {
    let app = Arc::new(TestApp::start().await);
    let keeper = app.owner().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200);
    let operations = Arc::new(operations(&document));
    let memory = Arc::new(Mutex::new(Vec::new()));
    // One at a time: a provisioner takes whatever job waits, also another runner's.
    let requests = std::env::var("FUZZ_REQUESTS").map_or(REQUESTS, |text| text.parse().unwrap());
    let statuses = Arc::new(Mutex::new(BTreeMap::<u16, u32>::new()));
    let worlds = Arc::new(tokio::sync::Mutex::new(0_u32));
    let mut runners = Vec::new();
    for number in 0..RUNNERS {
        let (app, keeper) = (Arc::clone(&app), keeper.clone());
        let (operations, memory) = (Arc::clone(&operations), Arc::clone(&memory));
        let (worlds, statuses) = (Arc::clone(&worlds), Arc::clone(&statuses));
        let runtime = tokio::runtime::Handle::current();
        runners.push(tokio::task::spawn_blocking(move || {
            let seed = [u8::try_from(number).unwrap(); 32];
            let config = Config {
                cases: requests / RUNNERS,
                failure_persistence: None,
                max_shrink_iters: 200,
                ..Config::default()
            };
            let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let mut runner = TestRunner::new_with_rng(config, random);
            let world = Mutex::new((0_u32, None::<World>));
            let outcome = runner.run(&attempt(), |attempt| {
                let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
                let (sent, aim) = &mut *world;
                if sent.is_multiple_of(RENEW_AFTER) || aim.is_none() {
                    *aim = Some(runtime.block_on(async {
                        let mut worlds = worlds.lock().await;
                        *worlds += 1;
                        World::make(&app, &keeper, &format!("world{worlds}")).await
                    }));
                    memory.lock().unwrap().push(resident());
                }
                *sent += 1;
                let operation = attempt.operation.get(&operations);
                let target = aim.as_ref().unwrap();
                let status = runtime.block_on(try_one(&app, &attempt, operation, target))?;
                // Signed out, or deleted: nothing more would get through.
                if status == 401 && matches!(attempt.caller, Caller::Owner | Caller::Member) {
                    *aim = None;
                }
                *statuses.lock().unwrap().entry(status).or_default() += 1;
                Ok(())
            });
            outcome.map_err(|failure| failure.to_string())
        }));
    }
    let mut failures = String::new();
    for runner in runners {
        if let Err(failure) = runner.await.unwrap() {
            let _ = writeln!(failures, "{failure}");
        }
    }
    assert!(failures.is_empty(), "{failures}");
    // It is still at work for those who ask well.
    app.sign_in("admin")
        .await
        .get("/users/me")
        .await
        .expect(200);
    let wrong = json!({"email": "admin@example.com", "password": format!("not {PASSWORD}")});
    app.anonymous()
        .post("/users/login", wrong)
        .await
        .expect(401);
    // Damage that is always seen at the first look tests nothing behind it.
    let statuses = statuses.lock().unwrap();
    let fine: u32 = statuses.range(200..300).map(|(_, count)| count).sum();
    assert!(
        fine > requests / 5,
        "too few requests get through: {statuses:?}"
    );
    let memory = memory.lock().unwrap();
    let early = memory[memory.len() / 10];
    let late = *memory.last().unwrap();
    assert!(
        late.saturating_sub(early) < MOST_GROWTH,
        "memory grew from {early} KiB to {late} KiB"
    );
}
