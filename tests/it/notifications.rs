//! Notifications: kinds of messages, how they are sent, and what users want to be told.

use serde_json::json;

use crate::fixture::TestApp;

const WORKSPACE_DELETED: &str = "f517da0b-cdc9-410f-ab89-a86107c420ed";
const WORKSPACE_CREATED: &str = "281fdf73-c6d6-4cbb-8ff5-888baf8a2fff";

#[tokio::test]
async fn everybody_sees_the_kinds_of_messages() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let methods = ann.get("/notifications/dispatch-methods").await.expect(200);
    assert_eq!(
        methods,
        json!({"available": ["smtp", "webhook"], "default": "smtp"})
    );
    let templates = ann.get("/notifications/templates/system").await.expect(200);
    let templates = templates.as_array().unwrap();
    let created = templates
        .iter()
        .find(|one| one["id"] == WORKSPACE_CREATED)
        .unwrap();
    assert_eq!(
        *created,
        json!({"id": WORKSPACE_CREATED, "name": "Workspace Created", "group": "Workspace Events",
            "title_template": "The workspace {{.Labels.workspace}} is there",
            "body_template": "The workspace {{.Labels.workspace}} is there.", "actions": "[]",
            "method": "", "kind": "system", "enabled_by_default": false})
    );
}

#[tokio::test]
async fn users_decide_what_they_are_told() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let auditor = app.user_with(&owner, "bob", &["auditor"], &[]).await;
    let mine = "/users/me/notifications/preferences";
    assert_eq!(ann.get(mine).await.expect(200), json!(null));
    for nothing in [
        json!({}),
        json!({"template_disabled_map": {}}),
        json!({"template_disabled_map": null}),
    ] {
        assert_eq!(ann.put(mine, nothing).await.expect(200), json!(null));
    }
    let upper = WORKSPACE_DELETED.to_uppercase();
    let wish = json!({"template_disabled_map": {WORKSPACE_DELETED: true, upper: true}});
    let kept = ann.put(mine, wish).await.expect(200);
    assert_eq!(
        kept,
        json!([{"id": WORKSPACE_DELETED, "disabled": true, "updated_at": "2026-01-05T09:00:00Z"}])
    );
    let hers = "/users/ann/notifications/preferences";
    assert_eq!(owner.get(hers).await.expect(200), kept);
    let wish =
        json!({"template_disabled_map": {WORKSPACE_DELETED: false, WORKSPACE_CREATED: true}});
    let kept = owner.put(hers, wish.clone()).await.expect(200);
    assert_eq!(
        (
            kept.as_array().unwrap().len(),
            ann.get(mine).await.expect(200)
        ),
        (2, kept)
    );
    assert_eq!(auditor.get(hers).await.status, 403);
    assert_eq!(auditor.put(hers, wish).await.status, 403);
    assert_eq!(
        ann.get("/users/admin/notifications/preferences")
            .await
            .status,
        400
    );
    for bad in ["none", "deadbeef-0000-4000-8000-000000000000"] {
        let refused = ann
            .put(mine, json!({"template_disabled_map": {bad: true}}))
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (400, vec!["template_disabled_map".to_owned()])
        );
    }
}

#[tokio::test]
async fn owners_decide_how_messages_are_sent() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let settings = "/notifications/settings";
    assert_eq!(
        ann.put(settings, json!({"notifier_paused": true}))
            .await
            .status,
        403
    );
    for (is_paused, status) in [(true, 200), (true, 304), (false, 200), (true, 200)] {
        let answer = owner
            .put(settings, json!({"notifier_paused": is_paused}))
            .await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(
        ann.get(settings).await.expect(200),
        json!({"notifier_paused": true})
    );
    let method = format!("/notifications/templates/{WORKSPACE_DELETED}/method");
    let order = json!({"method": "webhook"});
    assert_eq!(ann.put(&method, order.clone()).await.status, 404);
    for status in [200, 304] {
        assert_eq!(owner.put(&method, order.clone()).await.status, status);
    }
    let refused = owner.put(&method, json!({"method": "pigeon"})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.fields()),
        (400, vec!["method".to_owned()])
    );
    let unknown = "/notifications/templates/deadbeef-0000-4000-8000-000000000000/method";
    assert_eq!(owner.put(unknown, order).await.status, 404);
    let templates = ann.get("/notifications/templates/system").await.expect(200);
    let changed = templates
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == WORKSPACE_DELETED);
    assert_eq!(changed.unwrap()["method"], "webhook");
    let log = owner
        .get("/audit?q=resource_type:notifications_settings")
        .await
        .expect(200);
    assert_eq!(log["count"], 3);
    let log = owner
        .get("/audit?q=resource_type:notification_template")
        .await
        .expect(200);
    assert_eq!(
        log["audit_logs"][0]["diff"],
        json!({"method": {"old": "", "new": "webhook", "secret": false}})
    );
}
