//! Passes themselves: replicas, crashes, and what a pass costs.

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{FIRST, Scene, hours};
use crate::fixture::{QueryCounter, at, eventually};

#[tokio::test]
async fn two_replicas_at_the_same_instant_queue_one_build_each() {
    let scene = Scene::set().await;
    let other = scene.app.replica();
    let mut ids = Vec::new();
    for number in 0..12 {
        let settings = json!({"ttl_ms": 3_600_000});
        ids.push(
            scene
                .started(&scene.owner, &format!("box{number}"), settings)
                .await,
        );
    }
    scene.wait(hours(1));
    let passes = (0..6).map(|turn| {
        let app = if turn % 2 == 0 { &scene.app } else { &other };
        app.workspace_lifecycle.run_due()
    });
    let changed = futures::future::try_join_all(passes).await.unwrap();
    assert_eq!(changed.iter().sum::<u64>(), 12);
    for id in &ids {
        assert_eq!(scene.builds(id).await, [FIRST, "stop autostop"]);
    }
}

#[tokio::test]
async fn a_pass_and_a_user_at_the_same_instant_make_one_build() {
    let scene = Scene::set().await;
    for round in 0..8 {
        let settings = json!({"ttl_ms": 3_600_000});
        let id = scene
            .started(&scene.owner, &format!("box{round}"), settings)
            .await;
        scene.wait(hours(1));
        let path = format!("/workspaces/{id}/builds");
        let (changed, answer) = tokio::join!(
            scene.pass(),
            scene.owner.post(&path, json!({"transition": "stop"}))
        );
        let by_user = u64::from(answer.status == 201);
        assert!(by_user == 1 || answer.status == 409, "{}", answer.status);
        assert_eq!(changed + by_user, 1);
        assert_eq!(scene.builds(&id).await.len(), 2);
        scene.provisioner.work_off().await;
    }
}

#[tokio::test]
async fn a_crash_in_the_middle_leaves_nothing_half_done() {
    let scene = Scene::set().await;
    scene
        .template_has("time_til_dormant_ns = 86400000000000")
        .await;
    let id = scene.started(&scene.owner, "box", json!({})).await;
    scene.wait(hours(25));
    // The pass comes as far as the build, having marked the workspace and queued the job.
    let mut held = scene.app.db.begin().await.unwrap();
    sqlx::query("LOCK TABLE workspace_builds IN SHARE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    let crash = async {
        eventually(async || {
            let ended: Option<bool> = sqlx::query_scalar(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'
                   AND query LIKE 'INSERT INTO workspace_builds%'",
            )
            .fetch_optional(&scene.app.db)
            .await
            .unwrap();
            ended
        })
        .await;
    };
    let (changed, ()) = tokio::join!(scene.pass(), crash);
    held.rollback().await.unwrap();
    assert_eq!(changed, 0);
    assert_eq!(scene.builds(&id).await, [FIRST]);
    assert_eq!(at(&scene.workspace(&id).await, "dormant_at"), &json!(null));
    assert!(scene.provisioner.take().await.is_none());
    assert_eq!(scene.pass().await, 1);
    assert_eq!(scene.builds(&id).await, [FIRST, "stop dormancy"]);
}

#[tokio::test]
async fn a_pass_costs_the_same_however_much_is_not_due() {
    let scene = Scene::set().await;
    let cost = async || {
        let counter = QueryCounter::start();
        assert_eq!(scene.pass().await, 0);
        counter.take().len()
    };
    scene
        .template_has("time_til_dormant_ns = 8640000000000000, failure_ttl_ns = 3600000000000")
        .await;
    let few = cost().await;
    for number in 0..20 {
        let settings = json!({"ttl_ms": 3_600_000, "autostart_schedule": "0 9 * * *"});
        let name = format!("box{number}");
        if number % 2 == 0 {
            scene.started(&scene.owner, &name, settings).await;
        } else {
            scene.stopped(&scene.owner, &name, settings).await;
        }
    }
    assert_eq!(cost().await, few);
    assert_eq!(few, 2);
}

#[tokio::test]
async fn a_build_supersedes_the_one_before() {
    let scene = Scene::set().await;
    let id = scene.stopped(&scene.owner, "box", json!({})).await;
    let flags: Vec<(bool, bool)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT b.superseded, j.superseded FROM workspace_builds b
         JOIN provisioner_jobs j ON j.id = b.job_id
         WHERE b.workspace_id = '{id}' ORDER BY b.build_number"
    )))
    .fetch_all(&scene.app.db)
    .await
    .unwrap();
    assert_eq!(flags, [(true, true), (false, false)]);
}
