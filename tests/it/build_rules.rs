//! Builds statement by statement: what is checked before one is made and in which order, what
//! carries over to the next, and what can be asked about one that ended. The ids are those of
//! the specification that the incumbent's behaviour is written down in.

use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use workspaced::domain::provisioning::RichParameter;

use crate::fixture::{Client, Options, Provisioner, TestApp, at, parameter};

struct Site {
    app: TestApp,
    owner: Client,
    provisioner: Provisioner,
    template: String,
    workspace: String,
}

impl Site {
    async fn new(parameters: Vec<RichParameter>) -> Self {
        Self::with(Options::default(), parameters).await
    }

    async fn with(options: Options, parameters: Vec<RichParameter>) -> Self {
        let app = TestApp::with(options).await;
        let owner = app.owner().await;
        let mut provisioner = app.provisioner(&owner).await;
        provisioner.parameters = parameters;
        let template = provisioner.template(&owner, "tpl").await;
        let workspace = provisioner.workspace(&owner, "box", &template).await;
        Self {
            app,
            owner,
            provisioner,
            template,
            workspace,
        }
    }

    fn path(&self) -> String {
        format!("/workspaces/{}/builds", self.workspace)
    }

    /// Asks for a build; gives its path.
    async fn post(&self, body: Value) -> String {
        let made = self.owner.post(&self.path(), body).await.expect(201);
        format!("/workspacebuilds/{}", made["id"].as_str().unwrap())
    }

    async fn status(&self, client: &Client, body: Value) -> u16 {
        client.post(&self.path(), body).await.status.as_u16()
    }

    /// The names and values of a build's parameters.
    async fn values(&self, build: &str) -> Vec<String> {
        let path = format!("{build}/parameters");
        let values = self.owner.get(&path).await.expect(200);
        values
            .as_array()
            .unwrap()
            .iter()
            .map(|value| {
                let [name, value] = ["name", "value"].map(|key| value[key].as_str().unwrap());
                format!("{name}={value}")
            })
            .collect()
    }
}

fn start(values: &[(&str, &str)]) -> Value {
    let values: Vec<Value> = values
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    json!({"transition": "start", "rich_parameter_values": values})
}

fn numbers(list: &Value) -> Vec<i64> {
    let builds = list.as_array().unwrap().iter();
    builds
        .map(|build| build["build_number"].as_i64().unwrap())
        .collect()
}

/// BJ-1, BJ-2.
#[tokio::test]
async fn a_list_is_bounded_by_time_by_number_and_by_page() {
    let site = Site::new(Vec::new()).await;
    for transition in ["stop", "start"] {
        site.app.clock.advance(TimeDelta::hours(1));
        site.provisioner
            .build(&site.owner, &site.workspace, transition)
            .await;
    }
    let path = site.path();
    let list =
        async |query: &str| numbers(&site.owner.get(&format!("{path}?{query}")).await.expect(200));
    assert_eq!(list("").await, [3, 2, 1]);
    assert_eq!(list("limit=0").await, [3, 2, 1]);
    assert_eq!(list("limit=2").await, [3, 2]);
    assert_eq!(list("limit=2&offset=2").await, [1]);
    assert_eq!(list("offset=7").await, [0_i64; 0]);
    // Strictly later than the build at ten o'clock.
    assert_eq!(list("since=2026-01-05T10:00:00Z").await, [3]);
    assert_eq!(list("since=2026-01-05T09:59:59Z").await, [3, 2]);
    let all = site.owner.get(&path).await.expect(200);
    let first = all[2]["id"].as_str().unwrap();
    assert_eq!(list(&format!("after_id={first}")).await, [3, 2]);
    assert_eq!(list(&format!("after_id={first}&limit=1")).await, [3]);
    for bad in [
        "since=2026-01-05",
        "limit=-1",
        "offset=x",
        "after_id=abc",
        "limit=1&limit=2",
    ] {
        let answer = site.owner.get(&format!("{path}?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

/// BJ-20, BJ-21.
#[tokio::test]
async fn a_request_is_read_before_rights_are_asked() {
    let site = Site::new(Vec::new()).await;
    for (body, field) in [
        (json!({}), "transition"),
        (json!({"transition": "restart"}), "transition"),
        (
            json!({"transition": "start", "log_level": "trace"}),
            "log_level",
        ),
    ] {
        let answer = site.owner.post(&site.path(), body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.fields(), [field], "{body}");
    }
    let no_base64 = json!({"transition": "stop", "state": "%"});
    assert_eq!(site.status(&site.owner, no_base64).await, 400);
    // A trial run is not known: the build is made.
    let build = site
        .post(json!({"transition": "stop", "dry_run": true}))
        .await;
    site.provisioner.work_off().await;
    let shown = site.owner.get(&build).await.expect(200);
    assert_eq!(shown["status"], "stopped");
}

/// Checks 1 to 6 of section 3.
#[tokio::test]
async fn rights_are_asked_in_order() {
    let site = Site::new(Vec::new()).await;
    let reader = site
        .app
        .user_with(&site.owner, "tad", &["template-admin"], &[])
        .await;
    let ann = site.app.user(&site.owner, "ann").await;
    let own = site
        .provisioner
        .workspace(&ann, "own", &site.template)
        .await;
    let own = format!("/workspaces/{own}/builds");
    let plain = |transition: &str| json!({"transition": transition});
    for transition in ["start", "stop", "delete"] {
        assert_eq!(
            site.status(&reader, plain(transition)).await,
            404,
            "{transition}"
        );
        assert_eq!(
            site.status(&ann, plain(transition)).await,
            404,
            "{transition}"
        );
    }
    // The wish for an orphan that makes no sense is refused before rights are asked.
    let orphan = json!({"transition": "stop", "orphan": true});
    assert_eq!(site.status(&reader, orphan).await, 400);
    let both = json!({"transition": "delete", "orphan": true, "state": "bWluZQ=="});
    let answer = site.owner.post(&site.path(), both).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json().is_object(), "one value and no second one");
    for (body, status) in [
        (json!({"transition": "delete", "orphan": true}), 403),
        (json!({"transition": "stop", "state": "bWluZQ=="}), 403),
        (json!({"transition": "stop", "log_level": "debug"}), 400),
        // Who may not touch the state is told so before the version is looked for.
        (
            json!({"transition": "stop", "state": "bWluZQ==", "template_version_id": site.template}),
            403,
        ),
    ] {
        assert_eq!(ann.post(&own, body.clone()).await.status, status, "{body}");
    }
}

/// Check 6.
#[tokio::test]
async fn debug_logs_are_for_administrators_where_they_are_on() {
    let mut options = Options::default();
    options.settings.terraform_debug_mode = true;
    let site = Site::with(options, Vec::new()).await;
    let ann = site.app.user(&site.owner, "ann").await;
    let own = site
        .provisioner
        .workspace(&ann, "own", &site.template)
        .await;
    let debug = json!({"transition": "stop", "log_level": "debug"});
    let refused = ann
        .post(&format!("/workspaces/{own}/builds"), debug.clone())
        .await;
    assert_eq!(refused.status, 400);
    site.post(debug).await;
}

/// BJ-22, BJ-30, BJ-32, checks 9 and 10.
#[tokio::test]
async fn a_build_keeps_its_version_until_another_is_named() {
    let site = Site::new(Vec::new()).await;
    let used = site.owner.get(&site.path()).await.expect(200);
    let used = used[0]["template_version_id"].clone();
    let next = site
        .provisioner
        .version(&site.owner, "v2", Some(&site.template))
        .await;
    let active = json!({"id": next});
    let versions = format!("/templates/{}/versions", site.template);
    site.owner.patch(&versions, active).await.expect(200);
    let build = site.post(json!({"transition": "stop"})).await;
    site.provisioner.work_off().await;
    assert_eq!(
        site.owner.get(&build).await.expect(200)["template_version_id"],
        used
    );
    let named = json!({"transition": "start", "template_version_id": next});
    let build = site.post(named).await;
    site.provisioner.work_off().await;
    assert_eq!(
        site.owner.get(&build).await.expect(200)["template_version_id"],
        next
    );
    // One that was put away is still used.
    let old = used.as_str().unwrap();
    let path = format!("/templateversions/{old}/archive");
    site.owner.post(&path, json!({})).await.expect(200);
    site.post(json!({"transition": "start", "template_version_id": old}))
        .await;
    site.provisioner.work_off().await;
    // Stops and deletes ask the same of a version as starts do.
    let bad = site
        .provisioner
        .new_version(&site.owner, "v3", Some(&site.template))
        .await;
    for transition in ["start", "stop", "delete"] {
        let body = json!({"transition": transition, "template_version_id": bad});
        assert_eq!(site.status(&site.owner, body).await, 406, "{transition}");
    }
    let job = site.provisioner.take().await.unwrap();
    site.provisioner.fail(job, "no such thing").await;
    for transition in ["start", "stop", "delete"] {
        let body = json!({"transition": transition, "template_version_id": bad});
        assert_eq!(site.status(&site.owner, body).await, 400, "{transition}");
    }
}

/// BJ-33, checks 8 to 11.
#[tokio::test]
async fn an_active_build_comes_before_bad_parameters_and_after_a_bad_version() {
    let mut fixed = parameter("size", "s");
    fixed.mutable = false;
    let site = Site::new(vec![fixed]).await;
    let other = site.provisioner.version(&site.owner, "other", None).await;
    site.post(json!({"transition": "stop"})).await;
    assert_eq!(site.status(&site.owner, start(&[("size", "l")])).await, 409);
    let foreign = json!({"transition": "start", "template_version_id": other});
    assert_eq!(site.status(&site.owner, foreign).await, 400);
    // Running and canceling builds are active too.
    let job = site.provisioner.take().await.unwrap();
    assert_eq!(
        site.status(&site.owner, json!({"transition": "start"}))
            .await,
        409
    );
    let latest = site.owner.get(&site.path()).await.expect(200);
    let cancel = format!(
        "/workspacebuilds/{}/cancel",
        latest[0]["id"].as_str().unwrap()
    );
    site.owner.patch(&cancel, json!({})).await.expect(200);
    assert_eq!(
        site.status(&site.owner, json!({"transition": "start"}))
            .await,
        409
    );
    site.provisioner.finish(job).await;
    assert_eq!(site.status(&site.owner, start(&[("size", "l")])).await, 400);
}

/// BJ-34, BJ-6.
#[tokio::test]
async fn only_a_delete_that_succeeds_takes_the_workspace_away() {
    let site = Site::new(Vec::new()).await;
    let workspace = format!("/workspaces/{}", site.workspace);
    let failed = site.post(json!({"transition": "delete"})).await;
    let job = site.provisioner.take().await.unwrap();
    site.provisioner.fail(job, "it is in use").await;
    let shown = site.owner.get(&workspace).await.expect(200);
    assert_eq!(at(&shown, "latest_build.status"), "failed");
    // Forgetting the resources is a job all the same, which begins from nothing.
    let orphan = site
        .post(json!({"transition": "delete", "orphan": true}))
        .await;
    let job = site.provisioner.take().await.unwrap();
    site.provisioner.finish(job).await;
    assert_eq!(site.owner.get(&workspace).await.status, 410);
    for build in [&failed, &orphan] {
        for part in [
            "",
            "/parameters",
            "/resources",
            "/logs",
            "/timings",
            "/state",
        ] {
            let answer = site.owner.get(&format!("{build}{part}")).await;
            assert_eq!(answer.status, 200, "{part}");
        }
    }
    let numbered = site.owner.get("/users/me/workspace/box/builds/1").await;
    assert_eq!(numbered.status, 404);
}

/// BJ-4.
#[tokio::test]
async fn resources_by_themselves_wait_for_the_end() {
    let site = Site::new(Vec::new()).await;
    let build = site.post(json!({"transition": "start"})).await;
    let resources = format!("{build}/resources");
    assert_eq!(site.owner.get(&resources).await.status, 400);
    let job = site.provisioner.take().await.unwrap();
    assert_eq!(site.owner.get(&resources).await.status, 400);
    site.provisioner.finish(job).await;
    let made = site.owner.get(&resources).await.expect(200);
    let app = at(&made, "0.agents.0.apps.0");
    assert_eq!(app["slug"], "ide");
    assert!(app.get("subdomain_name").is_none());
}

/// BJ-10.
#[tokio::test]
async fn a_canceled_build_that_fails_with_words_has_failed() {
    let site = Site::new(Vec::new()).await;
    let build = site.post(json!({"transition": "stop"})).await;
    let job = site.provisioner.take().await.unwrap();
    site.owner
        .patch(&format!("{build}/cancel"), json!({}))
        .await
        .expect(200);
    site.provisioner.fail(job, "interrupted").await;
    let shown = site.owner.get(&build).await.expect(200);
    assert_eq!(shown["status"], "failed");
    assert_eq!(at(&shown, "job.error"), "interrupted");
    assert_eq!(at(&shown, "job.canceled_at"), "2026-01-05T09:00:00Z");
}

/// BJ-40 to BJ-44.
#[tokio::test]
async fn values_carry_over_as_the_version_declares_them() {
    let mut once = parameter("once", "no");
    once.ephemeral = true;
    let mut grown = parameter("grown", "1");
    grown.kind = "number".to_owned();
    grown.validation_monotonic = "increasing".to_owned();
    let site = Site::new(vec![parameter("size", "s"), once, grown]).await;
    // Unknown names are dropped, of two equal names the first counts.
    let given = [
        ("ghost", "x"),
        ("size", "l"),
        ("size", "xl"),
        ("once", "yes"),
        ("grown", "4"),
    ];
    let build = site.post(start(&given)).await;
    assert_eq!(site.values(&build).await, ["size=l", "once=yes", "grown=4"]);
    site.provisioner.work_off().await;
    // Also a stop keeps the whole set, and what lasts for one build is over.
    let build = site.post(json!({"transition": "stop"})).await;
    assert_eq!(site.values(&build).await, ["size=l", "once=no", "grown=4"]);
    site.provisioner.work_off().await;
    for (value, status) in [("3", 400), ("4.5", 400), ("many", 400)] {
        let answer = site
            .owner
            .post(&site.path(), start(&[("grown", value)]))
            .await;
        assert_eq!(answer.status, status, "{value}");
        assert!(answer.json()["detail"].is_string(), "{value}");
    }
    let build = site.post(start(&[("grown", "9")])).await;
    assert_eq!(site.values(&build).await, ["size=l", "once=no", "grown=9"]);
    site.provisioner.work_off().await;
    // A version that forgot one and has another.
    let mut provisioner = site.app.provisioner(&site.owner).await;
    provisioner.parameters = vec![parameter("zone", "eu"), parameter("size", "s")];
    let next = provisioner
        .version(&site.owner, "v2", Some(&site.template))
        .await;
    let build = site
        .post(json!({"transition": "start", "template_version_id": next}))
        .await;
    assert_eq!(site.values(&build).await, ["zone=eu", "size=l"]);
}

/// BJ-23, BJ-66.
#[tokio::test]
async fn state_comes_from_the_build_before_unless_it_is_given() {
    let site = Site::new(Vec::new()).await;
    let state = async |build: &str| {
        let answer = site.owner.get(&format!("{build}/state")).await;
        String::from_utf8(answer.raw).unwrap()
    };
    let first = site.owner.get(&site.path()).await.expect(200);
    let first = first[0]["id"].as_str().unwrap().to_owned();
    let build = site.post(json!({"transition": "stop"})).await;
    assert_eq!(state(&build).await, format!("state of {first}"));
    // A failure without a state of its own leaves what the build began from.
    let job = site.provisioner.take().await.unwrap();
    site.provisioner.fail(job, "no").await;
    assert_eq!(state(&build).await, format!("state of {first}"));
    // "mine" in base64.
    let build = site
        .post(json!({"transition": "stop", "state": "bWluZQ=="}))
        .await;
    assert_eq!(state(&build).await, "mine");
    site.provisioner.work_off().await;
    assert!(state(&build).await.starts_with("state of "));
}

/// BJ-51, BJ-80: who follows a build that waits learns that nothing will come.
#[tokio::test]
async fn the_log_of_a_canceled_waiting_build_ends() {
    let site = Site::new(Vec::new()).await;
    let build = site.post(json!({"transition": "stop"})).await;
    let address = site.app.listen().await;
    let token = site.owner.token.clone().unwrap();
    let url = format!("ws://{address}/api/v2{build}/logs?follow&coder_session_token={token}");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    site.owner
        .patch(&format!("{build}/cancel"), json!({}))
        .await
        .expect(200);
    let closed = async {
        loop {
            if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                return frame.unwrap().code;
            }
        }
    };
    let code = tokio::time::timeout(Duration::from_secs(30), closed)
        .await
        .unwrap();
    assert_eq!(u16::from(code), 1000);
    let log = site.owner.get(&format!("{build}/logs")).await.expect(200);
    assert_eq!(log, json!([]));
}
