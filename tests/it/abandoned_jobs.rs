//! Jobs whose server was killed: they end, once, and what existed is remembered.

use serde_json::json;
use workspaced::domain::provisioning::AcquiredJob;

use crate::fixture::{Client, Provisioner, TestApp};

/// A workspace whose first build was taken and then forgotten.
async fn crash(owner: &Client, provisioner: &Provisioner) -> (String, String, AcquiredJob) {
    let template = provisioner.template(owner, "base").await;
    let order = json!({"name": "box", "template_id": template});
    let made = owner.post("/users/me/workspaces", order).await.expect(201);
    let job = provisioner.take().await.unwrap();
    let text = |path: &str| crate::fixture::at(&made, path).as_str().unwrap().to_owned();
    (text("id"), text("latest_build.id"), job)
}

#[tokio::test]
async fn a_job_left_by_a_killed_server_fails_and_its_state_is_kept() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let (_, build, job) = crash(&owner, &provisioner).await;
    for _ in 0..2 {
        app.state
            .jobs
            .abandoned(job.id, b"{\"serial\":1}")
            .await
            .unwrap();
        let shown = owner
            .get(&format!("/workspacebuilds/{build}"))
            .await
            .expect(200);
        assert_eq!(shown["status"], "failed");
        assert_eq!(
            shown["job"]["error"],
            "the server was killed while the job ran"
        );
        let state = owner.get(&format!("/workspacebuilds/{build}/state")).await;
        assert_eq!(state.raw, b"{\"serial\":1}");
    }
}

#[tokio::test]
async fn state_found_too_late_does_not_overwrite_a_later_builds() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let (workspace, build, job) = crash(&owner, &provisioner).await;
    let id = job.id;
    provisioner.fail(job, "broken").await;
    let later = provisioner.build(&owner, &workspace, "start").await;
    app.state.jobs.abandoned(id, b"old").await.unwrap();
    let state = owner.get(&format!("/workspacebuilds/{build}/state")).await;
    assert_eq!(state.raw, b"", "the failed build had no state");
    let path = format!("/workspacebuilds/{}/state", later["id"].as_str().unwrap());
    assert_ne!(owner.get(&path).await.raw, b"old");
}
