//! Watching a workspace.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fixture::{Events, TestApp, at};

async fn status(events: &mut Events) -> String {
    let data = events.next_data().await.unwrap();
    at(&data, "latest_build.status")
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_watcher_sees_each_state_once_and_in_order() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "box", "template_id": template});
    let made = owner.post("/users/me/workspaces", order).await.expect(201);
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    let mut events = owner.events(&format!("{path}/watch")).await;
    assert_eq!(events.next().await, Some(("ping".to_owned(), None)));
    let mut seen = vec![status(&mut events).await];
    let job = provisioner.take().await.unwrap();
    seen.push(status(&mut events).await);
    provisioner.finish(job).await;
    seen.push(status(&mut events).await);
    for transition in ["stop", "start", "delete"] {
        let body = json!({"transition": transition});
        owner
            .post(&format!("{path}/builds"), body)
            .await
            .expect(201);
        // The new build is rendered before anybody can take it: it is seen waiting.
        let job = provisioner.take().await.unwrap();
        seen.push(status(&mut events).await);
        seen.push(status(&mut events).await);
        provisioner.finish(job).await;
        seen.push(status(&mut events).await);
    }
    assert_eq!(
        seen,
        [
            "pending", "starting", "running", "pending", "stopping", "stopped", "pending",
            "starting", "running", "pending", "deleting", "deleted"
        ]
    );
    app.lifecycle.shut_down();
    assert_eq!(
        events.next().await,
        None,
        "a stream ends when the server drains"
    );
}

#[tokio::test]
async fn each_watcher_sees_its_own_view() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&ann, "box", &template).await;
    let path = format!("/workspaces/{id}");
    ann.put(&format!("{path}/favorite"), json!({}))
        .await
        .expect(204);
    assert_eq!(bob.get(&format!("{path}/watch")).await.status, 404);
    let mut hers = ann.events(&format!("{path}/watch")).await;
    let mut his = owner.events(&format!("{path}/watch")).await;
    assert_eq!(hers.next_data().await.unwrap()["favorite"], true);
    assert_eq!(his.next_data().await.unwrap()["favorite"], false);
    ann.patch(&path, json!({"name": "crate"})).await.expect(204);
    for events in [&mut hers, &mut his] {
        assert_eq!(events.next_data().await.unwrap()["name"], "crate");
    }
    let read = ann.get(&path).await.expect(200);
    let mut late = ann.events(&format!("{path}/watch")).await;
    assert_eq!(late.next_data().await, Some(read));
}

#[tokio::test]
async fn a_watcher_on_another_replica_sees_changes_too() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let replica = app.replica();
    let elsewhere = crate::fixture::Client::at(&replica, owner.token.clone());
    let mut events = elsewhere.events(&format!("{path}/watch")).await;
    events.next_data().await.unwrap();
    owner
        .patch(&path, json!({"name": "crate"}))
        .await
        .expect(204);
    assert_eq!(events.next_data().await.unwrap()["name"], "crate");
}

#[tokio::test]
async fn a_thousand_watchers_cost_one_look_at_the_database() {
    const WATCHERS: usize = 1000;
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let mut all = Vec::with_capacity(WATCHERS);
    for _ in 0..WATCHERS {
        let mut events = owner.events(&format!("{path}/watch")).await;
        events.next_data().await.unwrap();
        all.push(events);
    }
    let counter = crate::fixture::QueryCounter::start();
    owner
        .patch(&path, json!({"name": "crate"}))
        .await
        .expect(204);
    for events in &mut all {
        let data: Value = events.next_data().await.unwrap();
        assert_eq!(data["name"], "crate");
    }
    let statements = counter.take().len();
    assert!(statements < 20, "{statements} statements");
}

#[tokio::test]
async fn settings_are_not_announced() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let mut events = owner.events(&format!("{path}/watch")).await;
    events.next_data().await.unwrap();
    owner
        .put(&format!("{path}/ttl"), json!({"ttl_ms": 60_000}))
        .await
        .expect(204);
    let more = tokio::time::timeout(Duration::from_millis(200), events.next()).await;
    assert!(more.is_err(), "{more:?}");
    // They come with the next change.
    owner
        .patch(&path, json!({"name": "crate"}))
        .await
        .expect(204);
    assert_eq!(events.next_data().await.unwrap()["ttl_ms"], 60_000);
}
