//! Good requests after the API's own description, and what an attempt makes of them.

use std::fmt::Write as _;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use super::attempts::{Attempt, Caller, HEADERS, KEYS, Payload, Piece};
use crate::fixture::{Client, TestApp, at};

/// After one of these whoever asks well may have lost the session, or the account.
pub const ENDS_SESSIONS: &[(&str, &str)] = &[
    ("POST", "/api/v2/users/logout"),
    ("DELETE", "/api/v2/users/{user}"),
    ("PUT", "/api/v2/users/{user}/password"),
    ("PUT", "/api/v2/users/{user}/status/suspend"),
    ("DELETE", "/api/v2/users/{user}/keys/{keyid}"),
];

/// An operation of the description.
pub struct Operation {
    pub method: Method,
    pub path: String,
    /// A body that fits, or null.
    pub body: Value,
}

pub fn operations(document: &Value) -> Vec<Operation> {
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
pub fn example(document: &Value, schema: &Value, depth: usize) -> Value {
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
pub struct World {
    pub owner: Client,
    pub member: Client,
    pub names: Vec<(&'static str, String)>,
}

impl World {
    /// Makes users, a template and a workspace with the rights of somebody whom no request names.
    pub async fn make(app: &TestApp, keeper: &Client, name: &str) -> Self {
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

pub fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

/// The address of an attempt, as it is sent.
pub fn address(attempt: &Attempt, operation: &Operation, world: &World) -> String {
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
pub fn places(value: &Value, here: &str, all: &mut Vec<String>) {
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

pub fn body(payload: &Payload, operation: &Operation) -> Vec<u8> {
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
pub fn request(
    attempt: &Attempt,
    operation: &Operation,
    world: &World,
) -> Option<http::Request<Body>> {
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
