//! Templates.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Client, QueryCounter, TestApp, redact};

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

async fn listed(client: &Client, query: &str) -> Vec<String> {
    let found = client.get(&format!("/templates{query}")).await.expect(200);
    names(&found).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_template_is_made_of_a_version() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let version = owner.version(json!({"name": "v1"})).await;
    let order =
        json!({"name": "base", "display_name": "Base", "template_version_id": version["id"]});
    let path = "/organizations/default/templates";
    let made = owner.post(path, order.clone()).await.expect(201);
    assert_json_snapshot!(redact(&made));
    let again = owner.post(path, order).await;
    assert_eq!(
        (again.status.as_u16(), again.fields()),
        (409, vec!["name".to_owned()])
    );
    let taken = json!({"name": "other", "template_version_id": version["id"]});
    let taken = owner.post(path, taken).await;
    assert_eq!(taken.status, 400);
    assert_eq!(taken.fields(), ["template_version_id"]);
    let shown = owner
        .get("/organizations/coder/templates/BASE")
        .await
        .expect(200);
    assert_eq!(shown, made);
    let id = version["id"].as_str().unwrap();
    let version = owner
        .get(&format!("/templateversions/{id}"))
        .await
        .expect(200);
    assert_eq!(version["template_id"], made["id"]);
}

#[tokio::test]
async fn faults_of_a_new_template_are_told_in_order() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let version = owner.version(json!({})).await;
    let path = "/organizations/default/templates";
    let empty = owner.post(path, json!({})).await;
    assert_eq!(empty.fields(), ["name", "template_version_id"]);
    let order = json!({
        "name": "base",
        "template_version_id": version["id"],
        "default_ttl_ms": -1,
        "autostart_requirement": {"days_of_week": ["blursday"]},
        "max_port_share_level": "friends",
    });
    let refused = owner.post(path, order.clone()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.fields(),
        [
            "default_ttl_ms",
            "autostart_requirement.days_of_week",
            "max_port_share_level"
        ]
    );
    let order = json!({"name": "base", "template_version_id": version["id"]});
    assert_eq!(ann.post(path, order).await.status, 403);
    assert_eq!(
        owner
            .post("/organizations/nowhere/templates", json!({}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_change_replaces_what_it_leaves_out() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let (id, _) = app.template(&owner, "base").await;
    app.template(&owner, "other").await;
    let path = format!("/templates/{id}");
    let full = json!({
        "name": "base", "display_name": "Shown", "default_ttl_ms": 3_600_000, "activity_bump_ms": 60_000,
        "allow_user_autostart": true, "allow_user_autostop": true, "allow_user_cancel_workspace_jobs": true,
    });
    let changed = owner.patch(&path, full.clone()).await.expect(200);
    assert_eq!(changed["display_name"], "Shown");
    assert_eq!(changed["default_ttl_ms"], 3_600_000);
    let same = owner.patch(&path, full).await;
    assert_eq!((same.status.as_u16(), same.raw.len()), (304, 0));
    let changed = owner
        .patch(&path, json!({"name": "base2"}))
        .await
        .expect(200);
    assert_eq!(changed["name"], "base2");
    assert_eq!(changed["display_name"], "");
    assert_eq!(changed["activity_bump_ms"], 0);
    assert_eq!(changed["allow_user_cancel_workspace_jobs"], false);
    let taken = owner.patch(&path, json!({"name": "other"})).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (409, vec!["name".to_owned()])
    );
    let bad = owner
        .patch(&path, json!({"failure_ttl_ms": 1, "activity_bump_ms": -1}))
        .await;
    assert_eq!(bad.fields(), ["activity_bump_ms", "failure_ttl_ms"]);
    assert_eq!(ann.patch(&path, json!({"name": "mine"})).await.status, 403);
    let nothing = "/templates/deadbeef-0000-4000-8000-000000000000";
    assert_eq!(
        owner
            .patch(nothing, json!({"name": "bad name"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_closed_template_is_hidden_from_members() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let ted = app.user_with(&owner, "ted", &["template-admin"], &[]).await;
    let (id, version) = app.template(&owner, "base").await;
    assert_eq!(listed(&ann, "").await, ["base"]);
    let path = format!("/templates/{id}");
    let shut = json!({"disable_everyone_group_access": true});
    ted.patch(&path, shut).await.expect(200);
    assert!(listed(&ann, "").await.is_empty());
    assert_eq!(listed(&ted, "").await, ["base"]);
    for path in [
        path.clone(),
        format!("{path}/versions"),
        format!("/templateversions/{version}"),
        "/organizations/default/templates/base".to_owned(),
        "/organizations/default/templates/base/versions/x".to_owned(),
    ] {
        assert_eq!(ann.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(ann.delete(&path).await.status, 404);
}

#[tokio::test]
async fn a_search_names_its_faults() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (id, _) = app.template(&owner, "base").await;
    app.template(&owner, "data-base").await;
    assert_eq!(listed(&owner, "?q=BASE").await, ["base", "data-base"]);
    assert_eq!(listed(&owner, "?q=exact_name:Base").await, ["base"]);
    assert_eq!(listed(&owner, &format!("?q=ids:{id}")).await, ["base"]);
    assert_eq!(listed(&owner, "?q=organization:coder").await.len(), 2);
    assert!(listed(&owner, "?q=deprecated:true").await.is_empty());
    owner.delete(&format!("/templates/{id}")).await.expect(200);
    assert_eq!(listed(&owner, "").await, ["data-base"]);
    assert_eq!(listed(&owner, "?q=deleted:true").await, ["base"]);
    for (query, field) in [
        ("deprecated:maybe", "deprecated"),
        ("organization:none", "organization"),
        ("shape:round", "shape"),
        ("two%20words", "name"),
    ] {
        let refused = owner.get(&format!("/templates?q={query}")).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.fields(), [field]);
    }
}

#[tokio::test]
async fn only_an_imported_version_can_become_active() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let (id, first) = app.template(&owner, "base").await;
    let (_, foreign) = app.template(&owner, "other").await;
    let second = owner
        .version(json!({"template_id": id, "name": "v2"}))
        .await;
    let second = second["id"].as_str().unwrap();
    let path = format!("/templates/{id}/versions");
    assert_eq!(owner.patch(&path, json!({"id": second})).await.status, 403);
    app.provisioner(&owner).await.work_off().await;
    assert_eq!(ann.patch(&path, json!({"id": second})).await.status, 403);
    owner.patch(&path, json!({"id": second})).await.expect(200);
    let shown = owner.get(&format!("/templates/{id}")).await.expect(200);
    assert_eq!(shown["active_version_id"], second);
    assert_eq!(owner.patch(&path, json!({"id": foreign})).await.status, 400);
    assert_eq!(owner.patch(&path, json!({"id": id})).await.status, 404);
    assert_eq!(owner.patch(&path, json!({})).await.fields(), ["id"]);
    owner
        .post(&format!("/templateversions/{first}/archive"), json!({}))
        .await
        .expect(200);
    assert_eq!(owner.patch(&path, json!({"id": first})).await.status, 400);
}

#[tokio::test]
async fn unused_versions_are_archived() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let (id, first) = app.template(&owner, "base").await;
    let failed = owner
        .version(json!({"template_id": id, "name": "failed"}))
        .await;
    let job = provisioner.take().await.unwrap();
    provisioner.fail(job, "no").await;
    let unused = owner
        .version(json!({"template_id": id, "name": "unused"}))
        .await;
    provisioner.work_off().await;
    owner
        .version(json!({"template_id": id, "name": "waits"}))
        .await;
    let path = format!("/templates/{id}/versions");
    let archive = format!("{path}/archive");
    let done = owner.post(&archive, json!({})).await.expect(200);
    assert_eq!(done["archived_ids"], json!([failed["id"]]));
    let done = owner.post(&archive, json!({"all": true})).await.expect(200);
    assert_eq!(
        done,
        json!({"template_id": id, "archived_ids": [unused["id"]]})
    );
    let left = owner.get(&path).await.expect(200);
    assert_eq!(names(&left)[1..], ["waits"]);
    let all = owner
        .get(&format!("{path}?include_archived=true"))
        .await
        .expect(200);
    assert_eq!(all.as_array().unwrap().len(), 4);
    let first = format!("/templateversions/{first}/archive");
    assert_eq!(owner.post(&first, json!({})).await.status, 409);
    let unused = unused["id"].as_str().unwrap();
    let back = format!("/templateversions/{unused}/unarchive");
    owner.post(&back, json!({})).await.expect(200);
    assert_eq!(owner.post(&back, json!({})).await.status, 400);
}

#[tokio::test]
async fn a_list_costs_the_same_however_long_it_is() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (id, _) = app.template(&owner, "first").await;
    let cost = async |path: &str| {
        // The first look fills the cache of counts.
        owner.get(path).await.expect(200);
        let counter = QueryCounter::start();
        owner.get(path).await.expect(200);
        counter.take().len()
    };
    let versions = format!("/templates/{id}/versions");
    let before = (cost("/templates").await, cost(&versions).await);
    for n in 0..3 {
        app.template(&owner, &format!("more{n}")).await;
        owner
            .version(json!({"template_id": id, "name": format!("w{n}")}))
            .await;
    }
    assert_eq!((cost("/templates").await, cost(&versions).await), before);
}

#[tokio::test]
async fn days_without_use_are_told_as_such() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (id, _) = app.template(&owner, "base").await;
    let days = owner
        .get(&format!("/templates/{id}/daus?tz_offset=10"))
        .await
        .expect(200);
    assert_eq!(days["tz_hour_offset"], 10);
    let entries = days["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 61);
    assert_eq!(entries[60], json!({"date": "2026-01-04", "amount": 0}));
    let bad = owner
        .get(&format!("/templates/{id}/daus?tz_offset=x"))
        .await;
    assert_eq!(bad.fields(), ["tz_offset"]);
}
