//! Requests with an idempotency key: carried out once, answered alike each time.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use workspaced::{
    pubsub::Events,
    service::{Core, idempotency::IdempotencyKeys},
};

use crate::fixture::{Answer, Client, TestApp};

const MINE: &str = "/users/me/workspaces";

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("idempotency-key", key)];
    client
        .send(Method::POST, path, &headers, body.to_string())
        .await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some()
}

async fn count(app: &TestApp, what: &'static str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {what}")))
        .fetch_one(&app.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_repeated_creation_gets_the_first_answer() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "box", "template_id": template});
    let first = post(&owner, MINE, "one", &order).await;
    assert_eq!(first.status, 201);
    assert!(!is_replayed(&first));
    provisioner.work_off().await;
    let path = format!("/workspaces/{}", first.json()["id"].as_str().unwrap());
    owner
        .patch(&path, json!({"name": "crate"}))
        .await
        .expect(204);
    let second = post(&owner, MINE, "\"one\"", &order).await;
    assert_eq!(second.status, 201);
    assert!(is_replayed(&second));
    assert_eq!(second.raw, first.raw, "the first answer, byte for byte");
    assert_eq!(
        second.headers["content-type"],
        first.headers["content-type"]
    );
    assert_eq!(count(&app, "workspaces").await, 1);
    // Without the key the same request is another one.
    owner.post(MINE, order).await.expect(201);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_user() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = |name| json!({"name": name, "template_id": template});
    post(&owner, MINE, "one", &order("box")).await.expect(201);
    post(&owner, MINE, "one", &order("crate")).await.expect(422);
    post(&owner, "/users/admin/workspaces", "one", &order("box"))
        .await
        .expect(422);
    let hers = post(&ann, MINE, "one", &order("box")).await;
    assert!(!is_replayed(&hers));
    assert_eq!(hers.expect(201)["owner_name"], "ann");
    post(&owner, MINE, "two", &order("box")).await.expect(409);
    assert_eq!(count(&app, "workspaces").await, 2);
}

#[tokio::test]
async fn a_repeated_build_gets_the_first_answer() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}/builds");
    let stop = json!({"transition": "stop"});
    let first = post(&owner, &path, "one", &stop).await;
    assert_eq!(first.status, 201);
    // While the build is active, and after it has ended.
    let second = post(&owner, &path, "one", &stop).await;
    provisioner.work_off().await;
    let third = post(&owner, &path, "one", &stop).await;
    for again in [second, third] {
        assert_eq!(again.status, 201);
        assert!(is_replayed(&again));
        assert_eq!(again.raw, first.raw);
    }
    assert_eq!(count(&app, "workspace_builds").await, 2);
    let start = json!({"transition": "start"});
    post(&owner, &path, "one", &start).await.expect(422);
}

#[tokio::test]
async fn what_wrote_nothing_does_not_use_the_key_up() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let order = json!({"name": "box", "template_id": template});
    let refused = post(&owner, MINE, "one", &order).await;
    assert_eq!(refused.fields(), ["name"]);
    assert_eq!(count(&app, "idempotency_keys").await, 0);
    let path = format!("/workspaces/{id}");
    owner
        .patch(&path, json!({"name": "crate"}))
        .await
        .expect(204);
    let made = post(&owner, MINE, "one", &order).await;
    assert!(!is_replayed(&made));
    made.expect(201);
    // Nor does another body that is refused.
    let other = json!({"name": "third", "template_id": template});
    let bad = json!({"name": "third", "template_id": template, "ttl_ms": 1});
    post(&owner, MINE, "two", &bad).await.expect(400);
    post(&owner, MINE, "two", &other).await.expect(201);
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_neither_workspace_nor_answer() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "box", "template_id": template});
    // The commit is what fails: the check is made when everything was written.
    for statement in [
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'the power went'; END $$",
        "CREATE CONSTRAINT TRIGGER crash AFTER INSERT ON idempotency_keys
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()",
    ] {
        sqlx::query(statement).execute(&app.db).await.unwrap();
    }
    post(&owner, MINE, "one", &order).await.expect(500);
    assert_eq!(count(&app, "workspaces").await, 0);
    assert_eq!(count(&app, "idempotency_keys").await, 0);
    sqlx::query("DROP TRIGGER crash ON idempotency_keys")
        .execute(&app.db)
        .await
        .unwrap();
    let made = post(&owner, MINE, "one", &order).await;
    assert!(!is_replayed(&made));
    made.expect(201);
    assert_eq!(count(&app, "workspaces").await, 1);
}

#[tokio::test]
async fn fifty_requests_at_once_with_one_key_make_one_workspace() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "box", "template_id": template});
    let answers = join_all((0..50).map(|_| post(&owner, MINE, "one", &order))).await;
    let mut by_status: BTreeMap<u16, Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        let status = answer.status.as_u16();
        by_status.entry(status).or_default().push(answer);
    }
    let made = by_status.remove(&201).unwrap();
    let first = made.iter().filter(|answer| !is_replayed(answer)).count();
    assert_eq!(first, 1);
    assert!(made.iter().all(|answer| answer.raw == made[0].raw));
    by_status.remove(&409);
    assert!(by_status.is_empty(), "{by_status:?}");
    assert_eq!(count(&app, "workspaces").await, 1);
}

#[tokio::test]
async fn a_key_lives_for_a_day() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = |name| json!({"name": name, "template_id": template});
    post(&owner, MINE, "one", &order("box")).await.expect(201);
    app.clock.advance(TimeDelta::hours(23));
    let again = post(&owner, MINE, "one", &order("box")).await;
    assert!(is_replayed(&again));
    app.clock.advance(TimeDelta::hours(1));
    let owner = app.sign_in("admin").await;
    post(&owner, MINE, "one", &order("crate")).await.expect(201);
    let again = post(&owner, MINE, "one", &order("crate")).await;
    assert!(
        is_replayed(&again),
        "the new answer took the old one's place"
    );
    let keys = IdempotencyKeys::new(Core {
        db: app.db.clone(),
        clock: app.clock.clone(),
        events: Events::new().0,
        settings: Arc::clone(&app.state.settings),
    });
    assert_eq!(keys.purge().await.unwrap(), 0);
    app.clock.advance(TimeDelta::hours(24));
    assert_eq!(keys.purge().await.unwrap(), 1);
    assert_eq!(count(&app, "idempotency_keys").await, 0);
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let order = json!({"name": "box", "template_id": "deadbeef-0000-4000-8000-000000000000"});
    for key in ["", "two words", "\"\"", &"x".repeat(256)] {
        let refused = post(&owner, MINE, key, &order).await;
        assert_eq!(refused.status, 400, "{key:?}");
        assert_eq!(refused.fields(), ["Idempotency-Key"], "{key:?}");
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let body = order.to_string();
    let refused = owner.send(Method::POST, MINE, &twice, body).await;
    assert_eq!(refused.fields(), ["Idempotency-Key"]);
}
