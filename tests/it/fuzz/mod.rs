//! Broken requests of every kind, through the real router on a real Postgres: whatever a client
//! sends, the answer is no 500, nothing panics, and memory stays bounded.
//!
//! Requests begin as good ones, made after the API's own description, and are then damaged in
//! their path, query, headers and body. What fails is shrunk to the least damage that shows it.

mod attempts;
mod requests;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use attempts::{Attempt, Caller, attempt};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use requests::{Operation, World, operations, request};
use serde_json::json;
use tower::ServiceExt as _;

use crate::fixture::{PASSWORD, TestApp};

/// Requests in one run, unless `FUZZ_REQUESTS` says otherwise.
const REQUESTS: u32 = 10_000;
/// Runners at once, each with random numbers of its own.
const RUNNERS: u32 = 4;
/// After this many requests a runner makes what it aims at anew: it may have deleted it.
const RENEW_AFTER: u32 = 500;
/// What the process may grow between the first tenth of the requests and the last, in KiB.
const MOST_GROWTH: u64 = 400 * 1024;

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
