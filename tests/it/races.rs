//! Crowds of requests at once, on two replicas: each race has one winner, the others are told so,
//! and nothing fails.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::fixture::{Client, TestApp, at};

/// How many requests go at one thing.
const CROWD: usize = 200;

/// The same user on both replicas.
fn both(app: &TestApp, replica: &TestApp, client: &Client) -> [Client; 2] {
    [
        Client::at(app, client.token.clone()),
        Client::at(replica, client.token.clone()),
    ]
}

/// How often each status came.
fn counted(statuses: impl IntoIterator<Item = u16>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn of_many_equal_names_one_is_given() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let replica = app.replica();
    let clients = both(&app, &replica, &owner);
    let tries = (0..CROWD).map(|n| {
        let name = if n % 3 == 0 { "Box" } else { "box" };
        let order = json!({"name": name, "template_id": template});
        let client = &clients[n % 2];
        async move { client.post("/users/me/workspaces", order).await }
    });
    let answers = join_all(tries).await;
    let statuses = answers.iter().map(|answer| answer.status.as_u16());
    assert_eq!(
        counted(statuses),
        BTreeMap::from([(201, 1), (409, CROWD - 1)])
    );
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!(refused.fields(), ["name"]);
    let list = owner.get("/workspaces").await.expect(200);
    assert_eq!(list["count"], 1);
    let jobs: i64 =
        sqlx::query_scalar("SELECT count(*) FROM provisioner_jobs WHERE type = 'workspace_build'")
            .fetch_one(&app.db)
            .await
            .unwrap();
    assert_eq!(jobs, 1, "a loser left its job behind");
}

#[tokio::test]
async fn of_many_builds_one_is_active_and_numbers_have_no_gap() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let replica = app.replica();
    let clients = both(&app, &replica, &owner);
    for round in 0..3 {
        let transition = if round % 2 == 0 { "stop" } else { "start" };
        let tries = (0..CROWD).map(|n| {
            let (client, path) = (&clients[n % 2], &path);
            async move {
                let body = json!({"transition": transition});
                client.post(path, body).await.status.as_u16()
            }
        });
        assert_eq!(
            counted(join_all(tries).await),
            BTreeMap::from([(201, 1), (409, CROWD - 1)])
        );
        provisioner.work_off().await;
    }
    let list = owner.get(&path).await.expect(200);
    let numbers: Vec<i64> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["build_number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    let shown = owner.get(&format!("/workspaces/{workspace}")).await;
    let shown = shown.expect(200);
    assert_eq!(at(&shown, "latest_build.build_number"), 4);
}

#[tokio::test]
async fn creating_renaming_and_deleting_at_once_leave_one_workspace_to_a_name() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let replica = app.replica();
    let clients = both(&app, &replica, &owner);
    let mut known = Vec::new();
    for name in ["ant", "bee", "cat", "dog"] {
        known.push(provisioner.workspace(&owner, name, &template).await);
    }
    let names = ["ant", "bee", "cat", "dog", "elk"];
    let acts = (0..CROWD).map(|n| {
        let (client, workspace) = (&clients[n % 2], &known[(n / 3) % known.len()]);
        let name = names[(n / 5) % names.len()];
        let (provisioner, template) = (&provisioner, &template);
        async move {
            match n % 4 {
                0 => {
                    let order = json!({"name": name, "template_id": template});
                    client.post("/users/me/workspaces", order).await
                }
                1 => {
                    let path = format!("/workspaces/{workspace}");
                    client.patch(&path, json!({"name": name})).await
                }
                2 => {
                    let path = format!("/workspaces/{workspace}/builds");
                    client.post(&path, json!({"transition": "delete"})).await
                }
                _ => {
                    if let Some(job) = provisioner.take().await {
                        provisioner.finish(job).await;
                    }
                    client.get("/workspaces").await
                }
            }
        }
    });
    let answers = join_all(acts).await;
    let statuses = counted(answers.iter().map(|answer| answer.status.as_u16()));
    assert!(statuses.keys().all(|status| *status < 500), "{statuses:?}");
    assert!(statuses.contains_key(&409), "{statuses:?}");
    provisioner.work_off().await;
    let list = owner.get("/workspaces").await.expect(200);
    let live: Vec<String> = list["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workspace| text(&workspace["name"]))
        .collect();
    let mut unique = live.clone();
    unique.dedup();
    assert_eq!(live, unique, "the list is in the order of names");
    assert_eq!(list["count"], live.len());
}

#[tokio::test]
async fn a_build_is_either_canceled_before_it_is_taken_or_its_worker_is_told() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let replica = app.replica();
    let clients = both(&app, &replica, &owner);
    let path = format!("/workspaces/{workspace}/builds");
    for round in 0..12 {
        let made = owner.post(&path, json!({"transition": "stop"})).await;
        let build = format!("/workspacebuilds/{}", text(&made.expect(201)["id"]));
        let cancel = format!("{build}/cancel");
        let cancels = (0..4).map(|n| {
            let (client, cancel) = (&clients[n % 2], &cancel);
            async move { client.patch(cancel, json!({})).await.status.as_u16() }
        });
        let claims = (0..4).map(|_| provisioner.take());
        // Who is asked first begins first; both orders are tried.
        let (statuses, taken) = if round % 2 == 0 {
            futures::future::join(join_all(cancels), join_all(claims)).await
        } else {
            let (taken, statuses) =
                futures::future::join(join_all(claims), join_all(cancels)).await;
            (statuses, taken)
        };
        assert_eq!(counted(statuses), BTreeMap::from([(200, 1), (400, 3)]));
        let mut taken: Vec<_> = taken.into_iter().flatten().collect();
        let status = text(&owner.get(&build).await.expect(200)["status"]);
        match taken.pop() {
            None => assert_eq!(status, "canceled"),
            Some(job) => {
                assert_eq!(status, "canceling");
                provisioner.finish(job).await;
                let shown = owner.get(&build).await.expect(200);
                assert_eq!(shown["status"], "canceled");
            }
        }
        assert!(taken.is_empty(), "one job was given to two workers");
        assert!(
            provisioner.take().await.is_none(),
            "a canceled job was given out"
        );
    }
}

#[tokio::test]
async fn those_who_change_the_same_workspaces_do_not_wait_for_each_other_in_a_circle() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let replica = app.replica();
    let clients = both(&app, &replica, &owner);
    let usages = [&app.state.usage, &replica.state.usage];
    let mut known = Vec::new();
    for name in ["ant", "bee", "cat"] {
        let order = json!({"name": name, "template_id": template, "ttl_ms": 7_200_000});
        let made = owner.post("/users/me/workspaces", order).await.expect(201);
        known.push(format!("/workspaces/{}", text(&made["id"])));
    }
    provisioner.work_off().await;
    let template = format!("/templates/{template}");
    let acts = (0..CROWD).map(|n| {
        let (client, usage, path) = (&clients[n % 2], usages[n / 2 % 2], &known[n / 4 % 3]);
        let (template, provisioner) = (&template, &provisioner);
        let ttl = 3_600_000 + 60_000 * n;
        async move {
            let answer = match n % 7 {
                0 => {
                    let body = json!({"deadline": "2026-01-05T18:00:00Z"});
                    client.put(&format!("{path}/extend"), body).await
                }
                1 => {
                    client
                        .put(&format!("{path}/ttl"), json!({"ttl_ms": ttl}))
                        .await
                }
                2 => client.post(&format!("{path}/usage"), json!({})).await,
                3 => {
                    let body = json!({"default_ttl_ms": ttl, "update_workspace_last_used_at": true,
                        "allow_user_autostop": n % 2 == 0});
                    client.patch(template, body).await
                }
                4 => {
                    let schedule = json!({"schedule": "0 9 * * *"});
                    client.put(&format!("{path}/autostart"), schedule).await
                }
                5 => {
                    let body = json!({"transition": "start"});
                    client.post(&format!("{path}/builds"), body).await
                }
                _ => {
                    if let Some(job) = provisioner.take().await {
                        provisioner.finish(job).await;
                    }
                    client.get("/workspaces").await
                }
            };
            usage.flush().await.unwrap();
            answer.status.as_u16()
        }
    });
    let statuses = counted(join_all(acts).await);
    assert!(statuses.keys().all(|status| *status < 500), "{statuses:?}");
    assert!(statuses.contains_key(&204), "{statuses:?}");
}
