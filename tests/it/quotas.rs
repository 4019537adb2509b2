//! What workspaces may cost: builds are judged after the plan, before anything is made.

use serde_json::{Value, json};
use workspaced::service::jobs::Credits;

use crate::fixture::{Client, Provisioner, TestApp};

const QUOTA: &str = "/organizations/coder/members/me/workspace-quota";

async fn allow(app: &TestApp, owner: &Client, credits: i32) {
    let everyone = format!("/groups/{}", app.organization(owner).await);
    let wish = json!({"quota_allowance": credits});
    owner.patch(&everyone, wish).await.expect(200);
}

async fn quota(client: &Client) -> Value {
    client.get(QUOTA).await.expect(200)
}

/// Takes the next build and asks for its credits; ends it as the answer wants.
async fn spend(app: &TestApp, provisioner: &Provisioner, cost: i32) -> Credits {
    let job = provisioner.take().await.unwrap();
    let credits = app
        .state
        .jobs
        .commit_quota(provisioner.worker.id, job.id, cost)
        .await
        .unwrap();
    if credits.accepted {
        provisioner.finish(job).await;
    } else {
        provisioner.fail(job, "insufficient quota").await;
    }
    credits
}

async fn order(client: &Client, template: &str, name: &str) -> String {
    let wish = json!({"name": name, "template_id": template});
    let made = client.post("/users/me/workspaces", wish).await.expect(201);
    format!("/workspaces/{}", made["id"].as_str().unwrap())
}

async fn rebuild(client: &Client, workspace: &str, transition: &str) {
    let path = format!("{workspace}/builds");
    let wish = json!({"transition": transition});
    client.post(&path, wish).await.expect(201);
}

#[tokio::test]
async fn nothing_is_counted_while_nobody_has_an_allowance() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "box").await;
    let unlimited = json!({"credits_consumed": 0, "budget": -1});
    assert_eq!(quota(&owner).await, unlimited);
    let workspace = order(&owner, &template, "one").await;
    let credits = spend(&app, &provisioner, 1000).await;
    assert_eq!((credits.accepted, credits.budget), (true, -1));
    let shown = owner.get(&workspace).await.expect(200);
    assert_eq!(shown["latest_build"]["daily_cost"], 0);
    let old = owner.get("/workspace-quota/me").await.expect(200);
    assert_eq!(old, unlimited);
}

#[tokio::test]
async fn builds_spend_what_all_groups_of_the_owner_allow() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "box").await;
    allow(&app, &owner, 10).await;
    let group = json!({"name": "rich", "quota_allowance": 5});
    let group = owner
        .post("/organizations/coder/groups", group)
        .await
        .expect(201);
    let id = ann.get("/users/me").await.expect(200)["id"].clone();
    let path = format!("/groups/{}", group["id"].as_str().unwrap());
    owner
        .patch(&path, json!({"add_users": [id]}))
        .await
        .expect(200);
    assert_eq!(
        quota(&ann).await,
        json!({"credits_consumed": 0, "budget": 15})
    );
    assert_eq!(
        quota(&owner).await,
        json!({"credits_consumed": 0, "budget": 10})
    );

    let first = order(&ann, &template, "first").await;
    assert!(spend(&app, &provisioner, 12).await.accepted);
    let shown = ann.get(&first).await.expect(200);
    assert_eq!(shown["latest_build"]["daily_cost"], 12);
    assert_eq!(quota(&ann).await["credits_consumed"], 12);
    let second = order(&ann, &template, "second").await;
    let refused = spend(&app, &provisioner, 4).await;
    assert_eq!(
        (refused.accepted, refused.consumed, refused.budget),
        (false, 12, 15)
    );
    let shown = ann.get(&second).await.expect(200);
    assert_eq!(shown["latest_build"]["job"]["status"], "failed");
    assert_eq!(shown["latest_build"]["job"]["error"], "insufficient quota");
    assert_eq!(shown["latest_build"]["daily_cost"], 0);

    // Who spends too much may still spend less, and a stopped workspace costs less.
    owner.delete(&path).await.expect(200);
    assert_eq!(
        quota(&ann).await,
        json!({"credits_consumed": 12, "budget": 10})
    );
    rebuild(&ann, &first, "start").await;
    assert!(!spend(&app, &provisioner, 12).await.accepted);
    rebuild(&ann, &first, "stop").await;
    assert!(spend(&app, &provisioner, 2).await.accepted);
    assert_eq!(quota(&ann).await["credits_consumed"], 2);
    rebuild(&ann, &first, "delete").await;
    provisioner.work_off().await;
    assert_eq!(quota(&ann).await["credits_consumed"], 0);
    // Others see nobody's quota but their own.
    let bob = app.user(&owner, "bob").await;
    assert_eq!(bob.get("/workspace-quota/ann").await.status, 400);
    owner.get("/workspace-quota/ann").await.expect(200);
}

#[tokio::test]
async fn builds_at_the_same_time_never_exceed_the_budget() {
    const BUILDS: usize = 50;
    let app = TestApp::start().await;
    let replica = app.replica();
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "box").await;
    allow(&app, &owner, 50).await;
    let elsewhere = Client::at(&replica, owner.token.clone());
    let orders = (0..BUILDS).map(|number| {
        let client = if number % 2 == 0 { &owner } else { &elsewhere };
        let template = &template;
        async move { order(client, template, &format!("box-{number}")).await }
    });
    futures::future::join_all(orders).await;
    let mut asked = Vec::new();
    while let Some(job) = provisioner.take().await {
        // Every other daemon is connected to the other replica.
        let state = if asked.len() % 2 == 0 {
            &app.state
        } else {
            &replica.state
        };
        let (jobs, worker) = (state.jobs.clone(), provisioner.worker.id);
        asked.push(tokio::spawn(async move {
            jobs.commit_quota(worker, job.id, 3).await.unwrap().accepted
        }));
    }
    assert_eq!(asked.len(), BUILDS);
    let mut accepted = 0;
    for answer in asked {
        // None is refused for another reason than its cost, and none had to try again.
        accepted += usize::from(answer.await.unwrap());
    }
    assert_eq!(accepted, 16);
    assert_eq!(
        quota(&owner).await,
        json!({"credits_consumed": 48, "budget": 50})
    );
}
