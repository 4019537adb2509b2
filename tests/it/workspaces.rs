//! Workspaces: making, reading, listing, renaming and setting them up.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Client, TestApp, at, parameter, redact};

const LOST: &str = "deadbeef-0000-4000-8000-000000000000";

fn names(list: &Value) -> Vec<&str> {
    let workspaces = list["workspaces"].as_array().unwrap();
    workspaces
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_workspace_is_made_built_and_shown() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let mut provisioner = app.provisioner(&owner).await;
    provisioner.parameters = vec![parameter("size", "s")];
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "Box", "template_id": template, "ttl_ms": 7_200_000,
        "autostart_schedule": "CRON_TZ=Europe/Berlin 30 9 * * 1-5"});
    let made = owner.post("/users/me/workspaces", order).await.expect(201);
    assert_json_snapshot!("made", redact(&made));
    provisioner.work_off().await;
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    let built = owner.get(&path).await.expect(200);
    assert_json_snapshot!("built", redact(&built));
    let by_name = owner.get("/users/admin/workspace/BOX").await.expect(200);
    assert_eq!(by_name, built);
    let list = owner.get("/workspaces?q=owner:me").await.expect(200);
    assert_eq!(list, json!({"workspaces": [built], "count": 1}));
}

#[tokio::test]
async fn a_refused_workspace_leaves_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let mut provisioner = app.provisioner(&owner).await;
    let mut pick = parameter("pick", "");
    pick.required = true;
    provisioner.parameters = vec![pick];
    let template = provisioner.template(&owner, "tpl").await;
    let post = async |body: Value| owner.post("/users/me/workspaces", body).await;
    for (body, status, fields) in [
        (
            json!({}),
            400,
            vec!["template_id", "template_version_id", "name"],
        ),
        (
            json!({"name": "a b", "template_id": LOST}),
            400,
            vec!["name"],
        ),
        (
            json!({"name": "w", "template_id": LOST}),
            400,
            vec!["template_id"],
        ),
        (
            json!({"name": "w", "template_version_id": LOST}),
            400,
            vec!["template_version_id"],
        ),
        (
            json!({"name": "w", "template_id": template, "ttl_ms": 1}),
            400,
            vec!["ttl_ms"],
        ),
        (
            json!({"name": "w", "template_id": template, "autostart_schedule": "x"}),
            400,
            vec!["schedule"],
        ),
        (
            json!({"name": "w", "template_id": template, "automatic_updates": "x"}),
            400,
            vec!["automatic_updates"],
        ),
        // The parameter has no value.
        (json!({"name": "w", "template_id": template}), 400, vec![]),
    ] {
        let answer = post(body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.fields(), fields, "{body}");
    }
    let values = json!([{"name": "pick", "value": "x"}]);
    let good = json!({"name": "w", "template_id": template, "rich_parameter_values": values});
    post(good).await.expect(201);
    let taken = post(json!({"name": "W", "template_id": template})).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (409, vec!["name".to_owned()])
    );
    assert_eq!(owner.get("/workspaces").await.expect(200)["count"], 1);
}

#[tokio::test]
async fn a_race_for_a_name_has_one_winner() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let tries = (0..6).map(|_| async {
        let body = json!({"name": "same", "template_id": template});
        owner
            .post("/users/me/workspaces", body)
            .await
            .status
            .as_u16()
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn others_see_and_change_what_their_roles_allow() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let reader = app.user_with(&owner, "tad", &["template-admin"], &[]).await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&ann, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let status = async |client: &Client, path: &str| client.get(path).await.status.as_u16();
    assert_eq!(status(&owner, &path).await, 200);
    assert_eq!(status(&reader, &path).await, 200);
    assert_eq!(status(&bob, &path).await, 404);
    assert_eq!(status(&bob, "/users/ann/workspace/box").await, 400);
    assert_eq!(owner.get("/workspaces").await.expect(200)["count"], 1);
    assert_eq!(bob.get("/workspaces").await.expect(200)["count"], 0);
    for (setting, body) in [
        ("ttl", json!({"ttl_ms": null})),
        ("autostart", json!({"schedule": ""})),
        ("dormant", json!({"dormant": true})),
        ("extend", json!({"deadline": "2026-01-06T00:00:00Z"})),
        ("favorite", json!({})),
    ] {
        let path = format!("{path}/{setting}");
        assert_eq!(
            reader.put(&path, body.clone()).await.status,
            403,
            "{setting}"
        );
        // What is hidden stays hidden, whatever the body says.
        assert_eq!(bob.put(&path, json!([])).await.status, 404, "{setting}");
    }
    assert_eq!(
        owner
            .put(&format!("{path}/favorite"), json!({}))
            .await
            .status,
        403
    );
    let order = json!({"name": "for-bob", "template_id": template});
    assert_eq!(
        ann.post("/users/bob/workspaces", order.clone())
            .await
            .status,
        400
    );
    owner.post("/users/bob/workspaces", order).await.expect(201);
}

#[tokio::test]
async fn settings_are_kept_and_shown() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let put = async |setting: &str, body: Value| {
        owner
            .put(&format!("{path}/{setting}"), body)
            .await
            .status
            .as_u16()
    };
    assert_eq!(put("ttl", json!({"ttl_ms": 90_500})).await, 204);
    assert_eq!(put("ttl", json!({"ttl_ms": 59_999})).await, 400);
    assert_eq!(
        put("autostart", json!({"schedule": "0 9 * * *"})).await,
        204
    );
    assert_eq!(
        put("autoupdates", json!({"automatic_updates": "always"})).await,
        204
    );
    assert_eq!(
        put("autoupdates", json!({"automatic_updates": ""})).await,
        400
    );
    assert_eq!(put("favorite", json!({})).await, 204);
    assert_eq!(put("dormant", json!({"dormant": false})).await, 304);
    let shown = owner.get(&path).await.expect(200);
    assert_eq!(shown["ttl_ms"], 60_000);
    assert_eq!(shown["autostart_schedule"], "0 9 * * *");
    assert_eq!(shown["next_start_at"], "2026-01-06T09:00:00Z");
    assert_eq!(shown["automatic_updates"], "always");
    assert_eq!(shown["favorite"], true);
    assert_eq!(put("dormant", json!({"dormant": true})).await, 200);
    assert_eq!(
        owner.get(&path).await.expect(200)["next_start_at"],
        Value::Null
    );
    let start = json!({"transition": "start"});
    assert_eq!(
        owner.post(&format!("{path}/builds"), start).await.status,
        403
    );
    let renamed = owner.patch(&path, json!({"name": "BOX"})).await;
    assert_eq!(renamed.status, 204);
    assert_eq!(owner.get(&path).await.expect(200)["name"], "BOX");
}

#[tokio::test]
async fn a_deadline_can_be_moved() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let order = json!({"name": "box", "template_id": template, "ttl_ms": 3_600_000});
    let made = owner.post("/users/me/workspaces", order).await.expect(201);
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    let extend = async |deadline: &str| {
        let body = json!({"deadline": deadline});
        owner
            .put(&format!("{path}/extend"), body)
            .await
            .status
            .as_u16()
    };
    assert_eq!(extend("2026-01-05T12:00:00Z").await, 409);
    provisioner.work_off().await;
    let deadline = async || {
        let shown = owner.get(&path).await.expect(200);
        at(&shown, "latest_build.deadline").clone()
    };
    assert_eq!(deadline().await, "2026-01-05T10:00:00Z");
    assert_eq!(extend("2026-01-05T09:28:59Z").await, 400);
    assert_eq!(extend("2026-01-05T12:00:00Z").await, 200);
    assert_eq!(deadline().await, "2026-01-05T12:00:00Z");
    // Without a time to live there is no deadline either.
    owner
        .put(&format!("{path}/ttl"), json!({"ttl_ms": 0}))
        .await
        .expect(204);
    assert_eq!(deadline().await, Value::Null);
    assert_eq!(extend("2026-01-05T12:00:00Z").await, 409);
}

#[tokio::test]
async fn a_deleted_workspace_is_gone_but_not_forgotten() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}");
    owner
        .post(&format!("{path}/builds"), json!({"transition": "delete"}))
        .await
        .expect(201);
    let job = provisioner.take().await.unwrap();
    provisioner.finish(job).await;
    assert_eq!(owner.get(&path).await.status, 410);
    let shown = owner
        .get(&format!("{path}?include_deleted=true"))
        .await
        .expect(200);
    assert_eq!(at(&shown, "latest_build.status"), "deleted");
    assert_eq!(owner.get("/users/me/workspace/box").await.status, 404);
    let found = owner
        .get("/users/me/workspace/box?include_deleted=true")
        .await
        .expect(200);
    assert_eq!(found["id"], shown["id"]);
    assert_eq!(owner.get("/workspaces").await.expect(200)["count"], 0);
    let again = provisioner.workspace(&owner, "box", &template).await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn lists_are_searched_ordered_and_paged() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let pia = app.user(&owner, "pia").await;
    let mut provisioner = app.provisioner(&owner).await;
    provisioner.parameters = vec![parameter("size", "s")];
    let template = provisioner.template(&owner, "tpl").await;
    for name in ["bravo", "alpha"] {
        provisioner.workspace(&pia, name, &template).await;
    }
    for name in ["delta", "charlie", "echo"] {
        provisioner.workspace(&owner, name, &template).await;
    }
    let found = async |query: &str| {
        let list = owner.get(&format!("/workspaces?{query}")).await.expect(200);
        let names: Vec<String> = names(&list).into_iter().map(str::to_owned).collect();
        (list["count"].as_i64().unwrap(), names.join(" "))
    };
    let all = "charlie delta echo alpha bravo".to_owned();
    assert_eq!(found("").await, (5, all));
    assert_eq!(
        found("limit=2&offset=3").await,
        (5, "alpha bravo".to_owned())
    );
    assert_eq!(found("offset=9").await, (5, String::new()));
    let delta = owner.get("/users/me/workspace/delta").await.expect(200);
    let delta = format!("/workspaces/{}", delta["id"].as_str().unwrap());
    owner
        .post(&format!("{delta}/builds"), json!({"transition": "stop"}))
        .await
        .expect(201);
    provisioner.work_off().await;
    assert_eq!(found("").await.1, "charlie echo alpha bravo delta");
    owner
        .put(&format!("{delta}/favorite"), json!({}))
        .await
        .expect(204);
    assert_eq!(found("").await.1, "delta charlie echo alpha bravo");
    assert_eq!(found("q=status:stopped").await, (1, "delta".to_owned()));
    assert_eq!(found("q=pia/alp").await, (1, "alpha".to_owned()));
    assert_eq!(found("q=template:TPL+owner:me").await.0, 3);
    assert_eq!(found("q=organization:coder").await.0, 5);
    assert_eq!(found("q=has-agent:connecting").await.0, 4);
    assert_eq!(found("q=param:size%3Ds").await.0, 5);
    assert_eq!(found("q=param:size%3Dl").await.0, 0);
    assert_eq!(found("q=param:%5C").await.0, 0);
    assert_eq!(found("q=outdated:true").await.0, 0);
    assert_eq!(found("q=dormant:true").await.0, 0);
    for (query, field) in [
        ("q=colour:red", "colour"),
        ("limit=x", "limit"),
        ("q=organization:no", "organization"),
    ] {
        let answer = owner.get(&format!("/workspaces?{query}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (400, vec![field.to_owned()]),
            "{query}"
        );
    }
}
