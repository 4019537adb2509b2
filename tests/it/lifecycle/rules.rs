//! Starts and stops by schedule, deadline and failure.

use serde_json::json;

use super::{FIRST, STOPPED, Scene, hours, minutes};
use crate::fixture::{at, parameter};

const DAILY: &str = "CRON_TZ=Europe/Berlin 30 9 * * *";

#[tokio::test]
async fn a_workspace_stops_at_its_deadline_once() {
    let scene = Scene::set().await;
    let ann = scene.app.user(&scene.owner, "ann").await;
    let id = scene
        .started(&ann, "box", json!({"ttl_ms": 28_800_000}))
        .await;
    scene.wait(hours(8) - minutes(1));
    assert_eq!(scene.pass().await, 0);
    scene.wait(minutes(1));
    assert_eq!(scene.pass().await, 1);
    assert_eq!(scene.builds(&id).await, [FIRST, "stop autostop"]);
    // It waits for a provisioner: nothing more is asked for.
    assert_eq!(scene.pass().await, 0);
    let waiting = scene.workspace(&id).await;
    assert_eq!(at(&waiting, "latest_build.initiator_name"), "ann");
    assert_eq!(at(&waiting, "latest_build.reason"), "autostop");
    assert_eq!(at(&waiting, "latest_build.status"), "pending");
    scene.provisioner.work_off().await;
    scene.wait(hours(48));
    assert_eq!(scene.pass().await, 0);
    let stopped = scene.workspace(&id).await;
    assert_eq!(at(&stopped, "latest_build.status"), "stopped");
    assert_eq!(at(&stopped, "next_start_at"), &json!(null));
}

#[tokio::test]
async fn a_moved_or_removed_deadline_counts() {
    let scene = Scene::set().await;
    let ttl = json!({"ttl_ms": 3_600_000});
    let moved = scene.started(&scene.owner, "moved", ttl.clone()).await;
    let removed = scene.started(&scene.owner, "removed", ttl).await;
    let path = format!("/workspaces/{moved}/extend");
    let later = json!({"deadline": "2026-01-05T12:00:00Z"});
    scene.owner.put(&path, later).await.expect(200);
    let path = format!("/workspaces/{removed}/ttl");
    scene
        .owner
        .put(&path, json!({"ttl_ms": null}))
        .await
        .expect(204);
    scene.go_to("2026-01-05T11:59:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-05T12:00:00Z");
    assert_eq!(scene.pass().await, 1);
    assert_eq!(scene.builds(&moved).await, [FIRST, "stop autostop"]);
    assert_eq!(scene.builds(&removed).await, [FIRST]);
}

#[tokio::test]
async fn a_schedule_starts_a_stopped_workspace_each_day() {
    let scene = Scene::set().await;
    let settings = json!({"autostart_schedule": DAILY, "ttl_ms": 3_600_000});
    let id = scene.stopped(&scene.owner, "box", settings).await;
    let stopped = scene.workspace(&id).await;
    assert_eq!(at(&stopped, "next_start_at"), "2026-01-06T08:30:00Z");
    scene.go_to("2026-01-06T08:29:59Z");
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-06T08:30:40Z");
    assert_eq!(scene.pass_and_work().await, 1);
    let running = scene.workspace(&id).await;
    assert_eq!(at(&running, "latest_build.status"), "running");
    assert_eq!(
        at(&running, "latest_build.deadline"),
        "2026-01-06T09:30:40Z"
    );
    assert_eq!(at(&running, "next_start_at"), "2026-01-07T08:30:00Z");
    // A deadline between two ticks counts at the second one.
    scene.go_to("2026-01-06T09:30:59Z");
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-06T09:31:00Z");
    assert_eq!(scene.pass_and_work().await, 1);
    scene.go_to("2026-01-07T08:30:00Z");
    assert_eq!(scene.pass_and_work().await, 1);
    let all = [
        FIRST,
        STOPPED,
        "start autostart",
        "stop autostop",
        "start autostart",
    ];
    assert_eq!(scene.builds(&id).await, all);
}

#[tokio::test]
async fn missed_starts_are_caught_up_once() {
    let scene = Scene::set().await;
    let id = scene
        .stopped(&scene.owner, "box", json!({"autostart_schedule": DAILY}))
        .await;
    scene.go_to("2026-01-09T23:10:00Z");
    assert_eq!(scene.pass_and_work().await, 1);
    assert_eq!(scene.pass_and_work().await, 0);
    assert_eq!(scene.builds(&id).await, [FIRST, STOPPED, "start autostart"]);
    // Stopped by hand after today's start: it stays so until tomorrow's.
    scene.go_to("2026-01-10T10:00:00Z");
    scene.provisioner.build(&scene.owner, &id, "stop").await;
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-11T08:29:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-11T08:30:00Z");
    assert_eq!(scene.pass().await, 1);
}

#[tokio::test]
async fn a_next_start_that_goes_by_while_the_workspace_runs_moves_on() {
    let scene = Scene::set().await;
    let id = scene
        .started(&scene.owner, "box", json!({"autostart_schedule": DAILY}))
        .await;
    let path = format!("/workspaces/{id}");
    let before = scene.owner.get(&path).await.expect(200);
    assert_eq!(at(&before, "next_start_at"), "2026-01-06T08:30:00Z");
    scene.go_to("2026-01-06T08:30:00Z");
    assert_eq!(scene.pass().await, 1);
    assert_eq!(scene.pass().await, 0);
    let after = scene.owner.get(&path).await.expect(200);
    assert_eq!(at(&after, "next_start_at"), "2026-01-07T08:30:00Z");
    assert_eq!(scene.builds(&id).await, [FIRST]);
}

#[tokio::test]
async fn a_schedule_set_later_starts_at_its_next_time() {
    let scene = Scene::set().await;
    let id = scene.stopped(&scene.owner, "box", json!({})).await;
    scene.go_to("2026-01-08T10:00:00Z");
    let path = format!("/workspaces/{id}/autostart");
    let schedule = json!({"schedule": "0 9 * * *"});
    scene.owner.put(&path, schedule).await.expect(204);
    assert_eq!(scene.pass().await, 0);
    scene.go_to("2026-01-09T09:00:00Z");
    assert_eq!(scene.pass_and_work().await, 1);
    scene.provisioner.build(&scene.owner, &id, "stop").await;
    scene.owner.put(&path, json!({})).await.expect(204);
    scene.go_to("2026-02-01T09:00:00Z");
    assert_eq!(scene.pass().await, 0);
}

#[tokio::test]
async fn a_template_limits_when_its_workspaces_start() {
    let scene = Scene::set().await;
    // Not on Tuesdays.
    scene.template_has("autostart_days = 125").await;
    let id = scene
        .stopped(&scene.owner, "box", json!({"autostart_schedule": DAILY}))
        .await;
    scene.go_to("2026-01-06T08:30:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.template_has("allow_user_autostart = false").await;
    scene.go_to("2026-01-07T08:30:00Z");
    assert_eq!(scene.pass().await, 0);
    scene.template_has("allow_user_autostart = true").await;
    assert_eq!(scene.pass().await, 1);
    assert_eq!(scene.builds(&id).await.len(), 3);
}

#[tokio::test]
async fn a_schedule_without_an_allowed_day_is_looked_at_once_a_day() {
    let scene = Scene::set().await;
    scene.template_has("autostart_days = 1").await;
    let settings = json!({"autostart_schedule": "0 9 * * 2"});
    let id = scene.stopped(&scene.owner, "box", settings).await;
    assert_eq!(
        at(&scene.workspace(&id).await, "next_start_at"),
        &json!(null)
    );
    assert_eq!(scene.pass().await, 0);
    scene.template_has("autostart_days = 127").await;
    assert_eq!(scene.pass().await, 0);
    scene.wait(hours(24));
    scene.pass_and_work().await;
    let started = scene.workspace(&id).await;
    assert_eq!(at(&started, "latest_build.reason"), "autostart");
}

#[tokio::test]
async fn a_suspended_owner_s_workspaces_stop_and_stay_stopped() {
    let scene = Scene::set().await;
    let ann = scene.app.user(&scene.owner, "ann").await;
    let settings = json!({"autostart_schedule": DAILY});
    let id = scene.started(&ann, "box", settings).await;
    let status = async |word: &str| {
        let path = format!("/users/ann/status/{word}");
        scene.owner.put(&path, json!({})).await.expect(200);
    };
    status("suspend").await;
    assert_eq!(scene.pass_and_work().await, 1);
    assert_eq!(scene.builds(&id).await, [FIRST, "stop autostop"]);
    scene.go_to("2026-01-06T08:30:00Z");
    assert_eq!(scene.pass().await, 0);
    status("activate").await;
    assert_eq!(scene.pass().await, 1);
}

#[tokio::test]
async fn a_failed_build_blocks_and_a_canceled_one_does_not() {
    let scene = Scene::set().await;
    let settings = json!({"autostart_schedule": DAILY});
    let failed = scene
        .started(&scene.owner, "failed", settings.clone())
        .await;
    let canceled = scene.started(&scene.owner, "canceled", settings).await;
    for id in [&failed, &canceled] {
        let path = format!("/workspaces/{id}/builds");
        let order = json!({"transition": "stop"});
        scene.owner.post(&path, order).await.expect(201);
    }
    let job = scene.provisioner.take().await.unwrap();
    scene.provisioner.fail(job, "no").await;
    let waiting = scene.workspace(&canceled).await;
    let build = at(&waiting, "latest_build.id").as_str().unwrap();
    let path = format!("/workspacebuilds/{build}/cancel");
    scene.owner.patch(&path, json!({})).await.expect(200);
    scene.go_to("2026-01-06T08:30:00Z");
    scene.pass_and_work().await;
    assert_eq!(scene.builds(&failed).await, [FIRST, STOPPED]);
    assert_eq!(
        scene.builds(&canceled).await,
        [FIRST, STOPPED, "start autostart"]
    );
}

#[tokio::test]
async fn what_a_failed_start_left_is_stopped_after_the_template_s_time() {
    let scene = Scene::set().await;
    scene.template_has("failure_ttl_ns = 3600000000000").await;
    let order = json!({"name": "box", "template_id": scene.template});
    let made = scene
        .owner
        .post("/users/me/workspaces", order)
        .await
        .expect(201);
    let id = made["id"].as_str().unwrap();
    let job = scene.provisioner.take().await.unwrap();
    scene.provisioner.fail(job, "no").await;
    scene.wait(hours(1));
    assert_eq!(scene.pass().await, 0);
    scene.wait(minutes(1));
    assert_eq!(scene.pass_and_work().await, 1);
    assert_eq!(scene.pass().await, 0);
    assert_eq!(scene.builds(id).await, [FIRST, "stop autostop"]);
}

#[tokio::test]
async fn only_who_wants_it_starts_with_the_active_version() {
    let scene = Scene::set().await;
    let stays = json!({"autostart_schedule": DAILY});
    let follows = json!({"autostart_schedule": DAILY, "automatic_updates": "always"});
    let stays = scene.stopped(&scene.owner, "stays", stays).await;
    let follows = scene.stopped(&scene.owner, "follows", follows).await;
    let old = scene.workspace(&stays).await;
    let old = at(&old, "latest_build.template_version_id");
    let new = scene
        .provisioner
        .version(&scene.owner, "v2", Some(&scene.template))
        .await;
    let path = format!("/templates/{}/versions", scene.template);
    scene
        .owner
        .patch(&path, json!({"id": new}))
        .await
        .expect(200);
    let version = async |id: &str| {
        let workspace = scene.workspace(id).await;
        at(&workspace, "latest_build.template_version_id").clone()
    };
    scene.go_to("2026-01-06T08:30:00Z");
    assert_eq!(scene.pass_and_work().await, 2);
    assert_eq!(&version(&stays).await, old);
    assert_eq!(version(&follows).await, json!(new));
    scene.provisioner.build(&scene.owner, &stays, "stop").await;
    scene.template_has("require_active_version = true").await;
    scene.go_to("2026-01-07T08:30:00Z");
    scene.pass_and_work().await;
    assert_eq!(version(&stays).await, json!(new));
}

#[tokio::test]
async fn what_fails_for_one_workspace_does_not_stop_the_others() {
    let mut scene = Scene::set().await;
    let follows = json!({"autostart_schedule": DAILY, "automatic_updates": "always"});
    let broken = scene.stopped(&scene.owner, "broken", follows).await;
    let fine = json!({"autostart_schedule": DAILY});
    let fine = scene.stopped(&scene.owner, "fine", fine).await;
    let mut pick = parameter("pick", "");
    pick.required = true;
    scene.provisioner.parameters = vec![pick];
    let new = scene
        .provisioner
        .version(&scene.owner, "v2", Some(&scene.template))
        .await;
    let path = format!("/templates/{}/versions", scene.template);
    scene
        .owner
        .patch(&path, json!({"id": new}))
        .await
        .expect(200);
    scene.go_to("2026-01-06T08:30:00Z");
    assert_eq!(scene.pass_and_work().await, 1);
    assert_eq!(scene.builds(&fine).await.len(), 3);
    assert_eq!(scene.builds(&broken).await.len(), 2);
    // It is tried again, and succeeds once the reason is gone.
    let path = format!("/workspaces/{broken}/autoupdates");
    let never = json!({"automatic_updates": "never"});
    scene.owner.put(&path, never).await.expect(204);
    scene.wait(minutes(1));
    assert_eq!(scene.pass().await, 1);
}

#[tokio::test]
async fn a_required_stop_obeys_the_owner_s_quiet_hours() {
    let scene = Scene::set().await;
    // Each Wednesday.
    scene.template_has("autostop_requirement_days = 4").await;
    let ann = scene.app.user(&scene.owner, "ann").await;
    let hours = "CRON_TZ=America/New_York 30 22 * * *";
    scene
        .run(&format!(
            "UPDATE users SET quiet_hours_schedule = '{hours}' WHERE username = 'ann'"
        ))
        .await;
    let own = scene.started(&ann, "own", json!({})).await;
    let usual = scene
        .started(&scene.owner, "usual", json!({"ttl_ms": 3_600_000}))
        .await;
    let shown = scene.workspace(&own).await;
    // Wednesday evening in New York is Thursday morning in UTC.
    assert_eq!(
        at(&shown, "latest_build.max_deadline"),
        "2026-01-08T03:30:00Z"
    );
    assert_eq!(at(&shown, "latest_build.deadline"), "2026-01-08T03:30:00Z");
    let shown = scene.workspace(&usual).await;
    assert_eq!(
        at(&shown, "latest_build.max_deadline"),
        "2026-01-07T00:00:00Z"
    );
    assert_eq!(at(&shown, "latest_build.deadline"), "2026-01-05T10:00:00Z");
    scene.go_to("2026-01-08T03:30:00Z");
    assert_eq!(scene.pass_and_work().await, 2);
    assert_eq!(scene.builds(&own).await, [FIRST, "stop autostop"]);
}
