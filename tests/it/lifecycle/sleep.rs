//! Dormancy and the deletion that follows it.

use serde_json::json;

use super::{FIRST, STOPPED, Scene, hours, minutes};
use crate::fixture::at;

const DAY: &str = "time_til_dormant_ns = 86400000000000";
const KEPT_FOR_A_DAY: &str =
    "time_til_dormant_ns = 86400000000000, time_til_dormant_autodelete_ns = 86400000000000";

#[tokio::test]
async fn what_lies_unused_is_stopped_and_sleeps() {
    let scene = Scene::set().await;
    scene.template_has(KEPT_FOR_A_DAY).await;
    let ann = scene.app.user(&scene.owner, "ann").await;
    let runs = scene.started(&ann, "runs", json!({})).await;
    let rests = scene
        .stopped(&ann, "rests", json!({"autostart_schedule": "0 0 * * 0"}))
        .await;
    scene.wait(hours(24));
    assert_eq!(scene.pass().await, 0);
    scene.wait(minutes(1));
    assert_eq!(scene.pass_and_work().await, 2);
    assert_eq!(scene.pass().await, 0);
    assert_eq!(scene.builds(&runs).await, [FIRST, "stop dormancy"]);
    assert_eq!(scene.builds(&rests).await, [FIRST, STOPPED]);
    for id in [&runs, &rests] {
        let shown = scene.workspace(id).await;
        assert_eq!(at(&shown, "dormant_at"), "2026-01-06T09:01:00Z");
        assert_eq!(at(&shown, "deleting_at"), "2026-01-07T09:01:00Z");
        assert_eq!(at(&shown, "last_used_at"), "2026-01-05T09:00:00Z");
        assert_eq!(at(&shown, "next_start_at"), &json!(null));
    }
    let path = format!("/workspaces/{rests}/builds");
    let start = json!({"transition": "start"});
    ann.post(&path, start).await.expect(403);
    let log = scene
        .owner
        .get("/audit?q=resource_type:workspace&limit=20")
        .await
        .expect(200);
    let slept = log["audit_logs"].as_array().unwrap().iter().find(|entry| {
        entry["resource_id"] == json!(rests) && entry["diff"]["dormant_at"].is_object()
    });
    let slept = slept.expect("an entry about the sleep");
    assert_eq!(at(slept, "action"), "write");
    assert_eq!(at(slept, "ip"), "127.0.0.1");
    assert_eq!(at(slept, "user.username"), "ann");
}

#[tokio::test]
async fn a_use_puts_sleep_off_and_waking_counts_as_one() {
    let scene = Scene::set().await;
    scene.template_has(DAY).await;
    let schedule = json!({"autostart_schedule": "0 12 * * 6"});
    let id = scene.stopped(&scene.owner, "box", schedule).await;
    scene.wait(hours(20));
    let path = format!("/workspaces/{id}");
    scene
        .owner
        .post(&format!("{path}/usage"), json!({}))
        .await
        .expect(204);
    scene.app.state.usage.flush().await.unwrap();
    scene.wait(hours(24));
    assert_eq!(scene.pass().await, 0);
    scene.wait(minutes(1));
    assert_eq!(scene.pass().await, 1);
    scene.wait(hours(5));
    let awake = json!({"dormant": false});
    let woken = scene
        .owner
        .put(&format!("{path}/dormant"), awake)
        .await
        .expect(200);
    assert_eq!(at(&woken, "next_start_at"), &json!(null));
    // The next tick works the next start out; nothing else happens.
    assert_eq!(scene.pass().await, 1);
    let shown = scene.workspace(&id).await;
    assert_eq!(at(&shown, "next_start_at"), "2026-01-10T12:00:00Z");
    assert_eq!(at(&shown, "deleting_at"), &json!(null));
    assert_eq!(scene.builds(&id).await, [FIRST, STOPPED]);
    scene.go_to("2026-01-08T10:02:00Z");
    assert_eq!(scene.pass().await, 1);
    assert!(at(&scene.workspace(&id).await, "dormant_at").is_string());
}

#[tokio::test]
async fn a_sleeping_workspace_neither_starts_nor_gets_a_next_start() {
    let scene = Scene::set().await;
    let schedule = json!({"autostart_schedule": "0 12 * * *", "ttl_ms": 3_600_000});
    let id = scene.started(&scene.owner, "box", schedule).await;
    let path = format!("/workspaces/{id}/dormant");
    scene
        .owner
        .put(&path, json!({"dormant": true}))
        .await
        .expect(200);
    scene.go_to("2026-01-05T12:00:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.provisioner.build(&scene.owner, &id, "stop").await;
    assert_eq!(
        at(&scene.workspace(&id).await, "next_start_at"),
        &json!(null)
    );
    scene.go_to("2026-01-09T12:00:00Z");
    assert_eq!(scene.pass().await, 0);
}

#[tokio::test]
async fn what_sleeps_for_long_is_deleted_and_a_failed_delete_waits_a_day() {
    let scene = Scene::set().await;
    scene.template_has(KEPT_FOR_A_DAY).await;
    let id = scene.stopped(&scene.owner, "box", json!({})).await;
    scene.go_to("2026-01-06T09:01:00Z");
    assert_eq!(scene.pass().await, 1);
    scene.go_to("2026-01-07T09:01:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-07T09:02:00Z");
    assert_eq!(scene.pass().await, 1);
    let job = scene.provisioner.take().await.unwrap();
    scene.provisioner.fail(job, "no").await;
    scene.wait(hours(24));
    assert_eq!(scene.pass().await, 0);
    scene.wait(minutes(1));
    assert_eq!(scene.pass_and_work().await, 1);
    let all = [FIRST, STOPPED, "delete autodelete", "delete autodelete"];
    assert_eq!(scene.builds(&id).await, all);
    scene
        .owner
        .get(&format!("/workspaces/{id}"))
        .await
        .expect(410);
    scene.wait(hours(48));
    assert_eq!(scene.pass().await, 0);
}

#[tokio::test]
async fn a_build_that_cannot_be_queued_leaves_the_workspace_awake() {
    let scene = Scene::set().await;
    scene.template_has(DAY).await;
    let id = scene.started(&scene.owner, "box", json!({})).await;
    let path = format!("/workspaces/{id}/builds");
    scene
        .owner
        .post(&path, json!({"transition": "start"}))
        .await
        .expect(201);
    scene.wait(hours(25));
    assert_eq!(scene.pass().await, 0);
    assert_eq!(at(&scene.workspace(&id).await, "dormant_at"), &json!(null));
    scene.provisioner.work_off().await;
    assert_eq!(scene.pass().await, 1);
    assert!(at(&scene.workspace(&id).await, "dormant_at").is_string());
}
