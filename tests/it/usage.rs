//! Use of workspaces: when it is noted, and what it does to deadlines.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, TestApp, at};

const LOST: &str = "deadbeef-0000-4000-8000-000000000000";

/// An application that looks at what clients say of their use.
async fn by_app() -> TestApp {
    let mut options = Options::default();
    options.settings.experiments = vec!["workspace-usage".to_owned()];
    TestApp::with(options).await
}

async fn shown(client: &Client, workspace: &str) -> Value {
    let path = format!("/workspaces/{workspace}");
    client.get(&path).await.expect(200)
}

async fn deadline(client: &Client, workspace: &str) -> Value {
    at(&shown(client, workspace).await, "latest_build.deadline").clone()
}

/// Makes and builds a workspace with these fields beside the necessary ones.
async fn workspace(app: &TestApp, client: &Client, template: &str, more: Value) -> String {
    let mut order = json!({"name": "box", "template_id": template});
    let fields = more.as_object().unwrap().clone();
    order.as_object_mut().unwrap().extend(fields);
    let made = client.post("/users/me/workspaces", order).await.expect(201);
    app.provisioner(client).await.work_off().await;
    made["id"].as_str().unwrap().to_owned()
}

/// Says that the workspace is used through SSH.
async fn use_it(client: &Client, workspace: &str) {
    let shown = shown(client, workspace).await;
    let agent = at(&shown, "latest_build.resources.0.agents.0.id");
    let path = format!("/workspaces/{workspace}/usage");
    let body = json!({"agent_id": agent, "app_name": "ssh"});
    client.post(&path, body).await.expect(204);
}

#[tokio::test]
async fn uses_are_noted_together_and_never_backwards() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (template, _) = app.template(&owner, "tpl").await;
    let id = workspace(&app, &owner, &template, json!({"ttl_ms": 7_200_000})).await;
    let before = shown(&owner, &id).await;
    app.clock.advance(TimeDelta::minutes(90));
    let path = format!("/workspaces/{id}/usage");
    // Without the experiment nothing of the body is looked at.
    for body in [
        "",
        "{}",
        "{",
        r#"{"agent_id": "abc", "app_name": "telnet"}"#,
    ] {
        let noted = owner.send(Method::POST, &path, &[], body).await;
        assert_eq!(noted.status, 204, "{body}");
    }
    let later = shown(&owner, &id).await;
    assert_eq!(later["last_used_at"], before["last_used_at"]);
    app.state.usage.flush().await.unwrap();
    let noted = shown(&owner, &id).await;
    assert_eq!(noted["last_used_at"], "2026-01-05T10:30:00Z");
    assert_eq!(
        at(&noted, "latest_build.deadline"),
        at(&before, "latest_build.deadline"),
        "a plain use moves no deadline"
    );
    let ahead = "UPDATE workspaces SET last_used_at = '2026-01-05 12:00:00+00'";
    sqlx::query(ahead).execute(&app.db).await.unwrap();
    owner.post(&path, json!({})).await.expect(204);
    app.state.usage.flush().await.unwrap();
    let kept = shown(&owner, &id).await;
    assert_eq!(kept["last_used_at"], "2026-01-05T12:00:00Z");
}

#[tokio::test]
async fn a_use_through_an_app_names_app_and_agent() {
    let app = by_app().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let looker = app
        .user_with(&owner, "looker", &["template-admin"], &[])
        .await;
    let (template, _) = app.template(&owner, "tpl").await;
    let id = workspace(&app, &ann, &template, json!({})).await;
    let agent = shown(&ann, &id).await;
    let agent = at(&agent, "latest_build.resources.0.agents.0.id").clone();
    let path = format!("/workspaces/{id}/usage");
    for (body, status, fields) in [
        (json!({}), 204, vec![]),
        (json!({"agent_id": "", "app_name": ""}), 400, vec![]),
        (json!({"agent_id": agent}), 400, vec!["app_name"]),
        (json!({"app_name": "ssh"}), 400, vec!["agent_id"]),
        (
            json!({"agent_id": agent, "app_name": "telnet"}),
            400,
            vec!["app_name"],
        ),
        (json!({"agent_id": LOST, "app_name": "ssh"}), 404, vec![]),
        (
            json!({"agent_id": agent, "app_name": "vscode"}),
            204,
            vec![],
        ),
        (
            json!({"agent_id": agent, "app_name": "reconnecting-pty"}),
            204,
            vec![],
        ),
    ] {
        let answer = ann.post(&path, body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        if status == 400 && !fields.is_empty() {
            assert_eq!(answer.fields(), fields, "{body}");
        }
    }
    let empty = ann.send(Method::POST, &path, &[], "").await;
    assert_eq!(empty.status, 204);
    let broken = ann.send(Method::POST, &path, &[], "{").await;
    assert_eq!(broken.status, 400);
    // Rights come first, whatever the body says.
    assert_eq!(
        looker.post(&path, json!({"app_name": "x"})).await.status,
        403
    );
    assert_eq!(bob.post(&path, json!({})).await.status, 404);
    // Bob cannot see the agent of Ann's workspace from his own either.
    let own = workspace(&app, &bob, &template, json!({})).await;
    let body = json!({"agent_id": agent, "app_name": "ssh"});
    let hidden = bob.post(&format!("/workspaces/{own}/usage"), body).await;
    assert_eq!(hidden.status, 404);
}

#[tokio::test]
async fn a_use_moves_a_deadline_that_is_near_and_tells_watchers() {
    let app = by_app().await;
    let owner = app.owner().await;
    let (template, _) = app.template(&owner, "tpl").await;
    let id = workspace(&app, &owner, &template, json!({"ttl_ms": 7_200_000})).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-05T11:00:00Z");
    // Less than a twentieth of the hour would be gained.
    app.clock.advance(TimeDelta::minutes(60));
    use_it(&owner, &id).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-05T11:00:00Z");
    let mut events = owner.events(&format!("/workspaces/{id}/watch")).await;
    events.next_data().await.unwrap();
    app.clock.advance(TimeDelta::minutes(30));
    use_it(&owner, &id).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-05T11:30:00Z");
    let told = events.next_data().await.unwrap();
    assert_eq!(at(&told, "latest_build.deadline"), "2026-01-05T11:30:00Z");
    app.state.usage.flush().await.unwrap();
    let noted = shown(&owner, &id).await;
    assert_eq!(noted["last_used_at"], "2026-01-05T10:30:00Z");
}

#[tokio::test]
async fn a_template_bounds_what_a_use_moves() {
    let app = by_app().await;
    let owner = app.owner().await;
    let (template, _) = app.template(&owner, "tpl").await;
    let id = workspace(&app, &owner, &template, json!({"ttl_ms": 7_200_000})).await;
    app.clock.advance(TimeDelta::minutes(90));
    let set = async |sql: &'static str| {
        sqlx::query(sql).execute(&app.db).await.unwrap();
    };
    set("UPDATE templates SET activity_bump_ns = 0").await;
    use_it(&owner, &id).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-05T11:00:00Z");
    set("UPDATE templates SET activity_bump_ns = 7200000000000").await;
    set("UPDATE workspace_builds SET max_deadline = '2026-01-05 11:45:00+00'").await;
    use_it(&owner, &id).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-05T11:45:00Z");
    // Without a deadline there is nothing to move.
    owner
        .put(&format!("/workspaces/{id}/ttl"), json!({"ttl_ms": null}))
        .await
        .expect(204);
    use_it(&owner, &id).await;
    assert_eq!(deadline(&owner, &id).await, Value::Null);
}

#[tokio::test]
async fn a_use_shortly_before_the_next_start_lasts_through_that_day() {
    let app = by_app().await;
    let owner = app.owner().await;
    let (template, _) = app.template(&owner, "tpl").await;
    app.clock.advance(TimeDelta::minutes(30));
    let daily = json!({"ttl_ms": 82_800_000, "autostart_schedule": "0 9 * * *"});
    let id = workspace(&app, &owner, &template, daily).await;
    assert_eq!(deadline(&owner, &id).await, "2026-01-06T08:30:00Z");
    app.clock.advance(TimeDelta::minutes(22 * 60 + 45));
    use_it(&owner, &id).await;
    // From 08:15 until the start at 09:00, and 23 hours from there.
    assert_eq!(deadline(&owner, &id).await, "2026-01-07T08:00:00Z");
}
