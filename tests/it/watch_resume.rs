//! Streams that go on where an earlier one ended, and what tells watchers of changes beside
//! those of the workspace itself.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fixture::{Client, Events, TestApp, at};

struct Box {
    app: TestApp,
    owner: Client,
    template: String,
    path: String,
}

impl Box {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.owner().await;
        let provisioner = app.provisioner(&owner).await;
        let template = provisioner.template(&owner, "tpl").await;
        let id = provisioner.workspace(&owner, "box", &template).await;
        Self {
            app,
            owner,
            template,
            path: format!("/workspaces/{id}"),
        }
    }

    async fn rename(&self, name: &str) {
        let body = json!({"name": name});
        self.owner.patch(&self.path, body).await.expect(204);
    }

    async fn watch(&self, query: &str) -> Events {
        self.owner
            .events(&format!("{}/watch{query}", self.path))
            .await
    }
}

#[tokio::test]
async fn only_who_asks_for_ids_gets_them() {
    let one = Box::new().await;
    let read = one.owner.get(&one.path).await;
    let body = String::from_utf8(read.raw).unwrap();
    let body = body.trim_end();
    let mut plain = one.watch("").await;
    assert_eq!(plain.next_raw().await.unwrap(), "event: ping\n\n");
    let event = format!("event: data\ndata: {body}\n\n");
    assert_eq!(plain.next_raw().await.unwrap(), event);
    let mut resumed = one.watch("?resume=0").await;
    assert_eq!(resumed.next_raw().await.unwrap(), "event: ping\n\n");
    let with_id = resumed.next_raw().await.unwrap();
    let (id, rest) = with_id.split_once('\n').unwrap();
    assert_eq!(rest, event);
    let revision: i64 = id.strip_prefix("id: ").unwrap().parse().unwrap();
    assert!(revision > 0);
}

#[tokio::test]
async fn a_resumed_stream_begins_with_what_was_missed_at_once() {
    let one = Box::new().await;
    let mut first = one.watch("?resume=0").await;
    first.next_data().await.unwrap();
    let seen = first.last_id.unwrap();
    drop(first);
    // Nothing was missed: the next event is the next change.
    let mut second = one.watch(&format!("?resume={seen}")).await;
    assert_eq!(second.next().await, Some(("ping".to_owned(), None)));
    one.rename("crate").await;
    assert_eq!(second.next_data().await.unwrap()["name"], "crate");
    assert!(second.last_id.unwrap() > seen);
    drop(second);
    // Two changes were missed: one state, the newest. The header is newer than the query.
    one.rename("chest").await;
    one.rename("barrel").await;
    let id = seen.to_string();
    let path = format!("{}/watch?resume=0", one.path);
    let headers = [("last-event-id", id.as_str())];
    let mut third = one.owner.events_with(&path, &headers).await;
    assert_eq!(third.next_data().await.unwrap()["name"], "barrel");
    one.rename("drum").await;
    assert_eq!(third.next_data().await.unwrap()["name"], "drum");
    one.app.lifecycle.shut_down();
    assert_eq!(third.next().await, None);
}

#[tokio::test]
async fn a_malformed_revision_is_refused() {
    let one = Box::new().await;
    for list in [
        format!("{}/watch", one.path),
        "/workspaces/watch".to_owned(),
    ] {
        for text in ["", "-1", "+1", "x", "1.5", "99999999999999999999"] {
            let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let refused = one.owner.get(&format!("{list}?resume={text}")).await;
            assert_eq!(refused.status, 400, "{text}");
            assert_eq!(refused.fields(), ["resume"], "{text}");
        }
        let headers = [("last-event-id", "abc")];
        let refused = one
            .owner
            .send(
                http::Method::GET,
                &list,
                &headers,
                axum::body::Body::empty(),
            )
            .await;
        assert_eq!(refused.fields(), ["Last-Event-ID"]);
    }
}

#[tokio::test]
async fn opening_a_watch_on_what_is_watched_costs_one_statement() {
    let one = Box::new().await;
    let mut first = one.watch("").await;
    first.next_data().await.unwrap();
    let counter = crate::fixture::QueryCounter::start();
    let mut second = one.watch("").await;
    second.next_data().await.unwrap();
    assert_eq!(counter.take().len(), 1);
}

#[tokio::test]
async fn watchers_see_what_is_shown_with_the_workspace() {
    let one = Box::new().await;
    let mut events = one.watch("").await;
    events.next_data().await.unwrap();
    let template = format!("/templates/{}", one.template);
    let body = json!({"name": "renamed", "display_name": "Renamed"});
    one.owner.patch(&template, body).await.expect(200);
    let data = events.next_data().await.unwrap();
    assert_eq!(data["template_name"], "renamed");
    let body = json!({"username": "root", "name": "Ada"});
    one.owner.put("/users/me/profile", body).await.expect(200);
    let data = events.next_data().await.unwrap();
    assert_eq!(data["owner_name"], "root");
    let provisioner = one.app.provisioner(&one.owner).await;
    let version = provisioner
        .version(&one.owner, "v2", Some(&one.template))
        .await;
    let path = format!("{template}/versions");
    let body = json!({"id": version});
    one.owner.patch(&path, body).await.expect(200);
    assert_eq!(events.next_data().await.unwrap()["outdated"], true);
}

#[tokio::test]
async fn watchers_see_an_agent_that_does_not_connect_in_time() {
    let one = Box::new().await;
    let mut events = one.watch("").await;
    let status = |data: &Value| {
        at(data, "latest_build.resources.0.agents.0.status")
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(status(&events.next_data().await.unwrap()), "connecting");
    let watches = &one.app.state.watches;
    assert_eq!(watches.tell_timeouts().await.unwrap(), 0);
    one.app.clock.advance(TimeDelta::seconds(121));
    assert_eq!(watches.tell_timeouts().await.unwrap(), 1);
    assert_eq!(status(&events.next_data().await.unwrap()), "timeout");
    assert_eq!(watches.tell_timeouts().await.unwrap(), 0, "told once");
}

#[tokio::test]
async fn a_refused_extension_shows_watchers_the_present_state() {
    let one = Box::new().await;
    let mut events = one.watch("").await;
    events.next_data().await.unwrap();
    let ttl = json!({"ttl_ms": 3_600_000});
    one.owner
        .put(&format!("{}/ttl", one.path), ttl)
        .await
        .expect(204);
    let refused = json!({"deadline": "2026-01-05T09:00:00Z"});
    let answer = one
        .owner
        .put(&format!("{}/extend", one.path), refused)
        .await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(events.next_data().await.unwrap()["ttl_ms"], 3_600_000);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let one = Box::new().await;
    let mut one_workspace = one.watch("").await;
    let mut all = one.owner.events("/workspaces/watch").await;
    one_workspace.next_data().await.unwrap();
    all.next().await.unwrap();
    one.owner.post("/users/logout", json!({})).await.expect(200);
    assert_eq!(one_workspace.next().await, None);
    assert_eq!(all.next().await, None);
}
