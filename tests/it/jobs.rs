//! The queue and those who work on it: each job goes to one worker once, only that worker may
//! report, and nothing is lost when it dies.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use futures::StreamExt as _;
use serde_json::{Value, json};
use workspaced::{
    domain::{
        ids::{DaemonId, JobId, UserId},
        provisioning::{
            Agent, AgentAuth, App, Completed, Failed, LogLevel, LogLine, LogSource, ParsedTemplate,
            ProvisionedResources, Resource, TemplateVariable,
        },
        tags::{self, Tags},
    },
    service::jobs::ReportError,
};

use crate::fixture::{Client, Provisioner, TestApp};

struct Shop {
    app: TestApp,
    owner: Client,
    provisioner: Provisioner,
    template: String,
}

async fn shop() -> Shop {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "shop").await;
    Shop {
        app,
        owner,
        provisioner,
        template,
    }
}

impl Shop {
    /// Orders a workspace whose build waits.
    async fn order(&self, name: &str) -> Value {
        let order = json!({"name": name, "template_id": self.template});
        self.owner
            .post("/users/me/workspaces", order)
            .await
            .expect(201)
    }

    async fn build(&self, workspace: &Value) -> Value {
        let id = text(workspace, "/latest_build/id");
        self.owner
            .get(&format!("/workspacebuilds/{id}"))
            .await
            .expect(200)
    }

    async fn log(&self, workspace: &Value) -> Vec<String> {
        let id = text(workspace, "/latest_build/id");
        let lines = self
            .owner
            .get(&format!("/workspacebuilds/{id}/logs"))
            .await
            .expect(200);
        let lines = lines.as_array().unwrap().iter();
        lines.map(|line| text(line, "/output").to_owned()).collect()
    }

    fn line(&self, output: &str) -> LogLine {
        LogLine {
            created_at: self.app.clock.now(),
            source: LogSource::Provisioner,
            level: LogLevel::Info,
            stage: "Starting workspace".to_owned(),
            output: output.to_owned(),
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

fn job_id(workspace: &Value) -> JobId {
    JobId(text(workspace, "/latest_build/job/id").parse().unwrap())
}

#[tokio::test]
async fn twenty_claimers_take_each_job_once_and_oldest_first() {
    let shop = shop().await;
    let mut ordered = Vec::new();
    for number in 0..8 {
        shop.app.clock.advance(TimeDelta::seconds(1));
        ordered.push(job_id(&shop.order(&format!("box-{number}")).await));
    }
    let second = shop.build(&shop.order("last").await).await;
    assert_eq!(second.pointer("/job/queue_position"), Some(&json!(9)));
    assert_eq!(second.pointer("/job/queue_size"), Some(&json!(9)));
    let claims = (0..20).map(|_| shop.provisioner.take());
    let taken = futures::future::join_all(claims).await;
    let taken: Vec<JobId> = taken.into_iter().flatten().map(|job| job.id).collect();
    assert_eq!(taken.len(), 9);
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 9);
    assert!(ordered.iter().all(|job| taken.contains(job)));
    assert!(shop.provisioner.take().await.is_none());
}

#[tokio::test]
async fn a_canceled_waiting_job_has_ended_and_is_never_handed_out() {
    let shop = shop().await;
    let workspace = shop.order("box").await;
    let build = text(&workspace, "/latest_build/id");
    let cancel = format!("/workspacebuilds/{build}/cancel");
    shop.owner.patch(&cancel, json!({})).await.expect(200);
    let canceled = shop.build(&workspace).await;
    assert_eq!(text(&canceled, "/job/status"), "canceled");
    assert!(canceled.pointer("/job/completed_at").is_some());
    assert!(shop.provisioner.take().await.is_none());
    shop.owner.patch(&cancel, json!({})).await.expect(400);
}

#[tokio::test]
async fn a_running_job_hears_that_it_was_canceled() {
    let shop = shop().await;
    let (jobs, worker) = (&shop.app.state.jobs, shop.provisioner.worker.id);
    let workspace = shop.order("box").await;
    let job = shop.provisioner.take().await.unwrap();
    assert!(!jobs.heartbeat(worker, job.id).await.unwrap());
    let mut cancellations = jobs.cancellations(job.id);
    let build = text(&workspace, "/latest_build/id");
    shop.owner
        .patch(&format!("/workspacebuilds/{build}/cancel"), json!({}))
        .await
        .expect(200);
    cancellations.next().await.unwrap();
    assert!(jobs.heartbeat(worker, job.id).await.unwrap());
    assert_eq!(
        text(&shop.build(&workspace).await, "/job/status"),
        "canceling"
    );
    shop.provisioner.finish(job).await;
    // It ended cleanly, so it counts as canceled, though its resources were made.
    let ended = shop.build(&workspace).await;
    assert_eq!(text(&ended, "/job/status"), "canceled");
    assert_eq!(
        ended
            .pointer("/resources")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn daemons_get_jobs_by_their_tags() {
    let shop = shop().await;
    let user = UserId::random();
    let set = |pairs: &[(&str, &str)]| -> Tags {
        let pairs = pairs.iter();
        let own = pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        tags::merge(user, [&own])
    };
    let (plain, zone) = (set(&[]), set(&[("zone", "a")]));
    let more = set(&[("zone", "a"), ("disk", "big")]);
    let own = set(&[("scope", "user")]);
    let all = [&plain, &zone, &more, &own];
    for job in all {
        for daemon in all {
            shop.order(&format!("box-{}", JobId::random().0.simple()).as_str()[..30])
                .await;
            sqlx::query("UPDATE provisioner_jobs SET tags = $1 WHERE started_at IS NULL")
                .bind(sqlx::types::Json(job))
                .execute(&shop.app.db)
                .await
                .unwrap();
            let mut worker = shop.provisioner.worker.clone();
            worker.tags = daemon.clone();
            let taken = shop.app.state.jobs.claim(&worker).await.unwrap();
            assert_eq!(
                taken.is_some(),
                tags::matches(job, daemon),
                "{job:?} {daemon:?}"
            );
            sqlx::query("UPDATE provisioner_jobs SET started_at = created_at, completed_at = created_at WHERE completed_at IS NULL")
                .execute(&shop.app.db)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn only_the_holder_reports_and_an_end_is_an_end() {
    let shop = shop().await;
    let (jobs, worker) = (&shop.app.state.jobs, shop.provisioner.worker.id);
    let workspace = shop.order("box").await;
    let early = jobs.heartbeat(worker, job_id(&workspace)).await;
    assert!(matches!(early, Err(ReportError::NotRunning)));
    let job = shop.provisioner.take().await.unwrap();
    let stranger = DaemonId::random();
    let done = Completed::Build {
        resources: ProvisionedResources::default(),
        state: b"state".to_vec(),
        timings: Vec::new(),
    };
    let foreign = jobs.complete(stranger, job.id, &done).await;
    assert!(matches!(foreign, Err(ReportError::NotYours)));
    let foreign = jobs
        .append_logs(stranger, job.id, vec![shop.line("x")])
        .await;
    assert!(matches!(foreign, Err(ReportError::NotYours)));
    let other = Completed::DryRun {
        resources: ProvisionedResources::default(),
    };
    let wrong = jobs.complete(worker, job.id, &other).await;
    assert!(matches!(wrong, Err(ReportError::WrongKind)));
    jobs.complete(worker, job.id, &done).await.unwrap();
    let twice = jobs.complete(worker, job.id, &done).await;
    assert!(matches!(twice, Err(ReportError::Ended)));
    let late = jobs.fail(worker, job.id, &Failed::default()).await;
    assert!(matches!(late, Err(ReportError::Ended)));
    let late = jobs.heartbeat(worker, job.id).await;
    assert!(matches!(late, Err(ReportError::Ended)));
    assert_eq!(
        text(&shop.build(&workspace).await, "/job/status"),
        "succeeded"
    );
}

#[tokio::test]
async fn results_that_break_a_rule_leave_nothing_behind() {
    let shop = shop().await;
    let (jobs, worker) = (&shop.app.state.jobs, shop.provisioner.worker.id);
    let workspace = shop.order("box").await;
    let job = shop.provisioner.take().await.unwrap();
    let app = || App {
        slug: "ide".to_owned(),
        ..App::default()
    };
    let agent = Agent {
        name: "main".to_owned(),
        auth: AgentAuth::Token(String::new()),
        apps: vec![app(), app()],
        ..Agent::default()
    };
    let refused = Completed::Build {
        resources: ProvisionedResources {
            resources: vec![Resource {
                name: "machine".to_owned(),
                agents: vec![agent],
                ..Resource::default()
            }],
            ..ProvisionedResources::default()
        },
        state: b"state".to_vec(),
        timings: Vec::new(),
    };
    let answer = jobs.complete(worker, job.id, &refused).await;
    assert!(matches!(answer, Err(ReportError::Invalid(_))));
    let running = shop.build(&workspace).await;
    assert_eq!(text(&running, "/job/status"), "running");
    assert_eq!(running.pointer("/resources"), Some(&json!([])));
}

#[tokio::test]
async fn a_failed_build_keeps_the_state_that_came_along() {
    let shop = shop().await;
    let (jobs, worker) = (&shop.app.state.jobs, shop.provisioner.worker.id);
    let workspace = shop.order("box").await;
    let build = text(&workspace, "/latest_build/id");
    let state = format!("/workspacebuilds/{build}/state");
    let job = shop.provisioner.take().await.unwrap();
    jobs.save_state(worker, job.id, b"half").await.unwrap();
    assert_eq!(shop.owner.get(&state).await.raw, b"half");
    let failed = Failed {
        error: "terraform plan: missing parameter".to_owned(),
        state: Some(b"more".to_vec()),
        timings: Vec::new(),
    };
    jobs.fail(worker, job.id, &failed).await.unwrap();
    assert_eq!(shop.owner.get(&state).await.raw, b"more");
    let ended = shop.build(&workspace).await;
    assert_eq!(text(&ended, "/status"), "failed");
    assert_eq!(
        text(&ended, "/job/error_code"),
        "MISSING_TEMPLATE_PARAMETER"
    );
}

#[tokio::test]
async fn an_import_without_a_required_value_says_which() {
    let shop = shop().await;
    let file = shop
        .provisioner
        .upload(&shop.owner, "main.tf", "# variables\n")
        .await;
    let organization = shop.provisioner.worker.organization_id;
    let order = json!({"name": "v2", "file_id": file, "storage_method": "file", "provisioner": "terraform"});
    let path = format!("/organizations/{organization}/templateversions");
    let version = shop.owner.post(&path, order).await.expect(201);
    let job = shop.provisioner.take().await.unwrap();
    let variable = |name: &str, default: &str| TemplateVariable {
        name: name.to_owned(),
        description: String::new(),
        kind: "string".to_owned(),
        default_value: default.to_owned(),
        required: default.is_empty(),
        sensitive: false,
    };
    let parsed = ParsedTemplate {
        variables: vec![
            variable("image", ""),
            variable("zone", "a"),
            variable("size", ""),
        ],
        ..ParsedTemplate::default()
    };
    let (jobs, worker) = (&shop.app.state.jobs, shop.provisioner.worker.id);
    let answer = jobs.parsed(worker, job.id, &parsed).await;
    let error = answer.unwrap_err().to_string();
    assert_eq!(
        error,
        "required template variables need values: image, size"
    );
    shop.provisioner.fail(job, &error).await;
    let version = text(&version, "/id");
    let failed = shop
        .owner
        .get(&format!("/templateversions/{version}"))
        .await
        .expect(200);
    assert_eq!(
        text(&failed, "/job/error_code"),
        "REQUIRED_TEMPLATE_VARIABLES"
    );
    let kept = shop
        .owner
        .get(&format!("/templateversions/{version}/variables"))
        .await
        .expect(200);
    assert_eq!(kept.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_silent_job_is_ended_and_its_workspace_can_be_built_again() {
    let shop = shop().await;
    let jobs = &shop.app.state.jobs;
    let first = shop.order("box").await;
    shop.provisioner.work_off().await;
    let id = text(&first, "/id");
    let order = json!({"transition": "stop"});
    let ordered = shop
        .owner
        .post(&format!("/workspaces/{id}/builds"), order.clone())
        .await
        .expect(201);
    let workspace = json!({"latest_build": ordered});
    let job = shop.provisioner.take().await.unwrap();
    jobs.append_logs(shop.provisioner.worker.id, job.id, vec![shop.line("begun")])
        .await
        .unwrap();
    shop.app.clock.advance(TimeDelta::seconds(59));
    assert_eq!(jobs.reap().await.unwrap(), 0);
    shop.app.clock.advance(TimeDelta::seconds(2));
    assert_eq!(jobs.reap().await.unwrap(), 1);
    assert_eq!(
        jobs.reap().await.unwrap(),
        0,
        "a second pass changes nothing"
    );
    let ended = shop.build(&workspace).await;
    assert_eq!(text(&ended, "/status"), "failed");
    assert_eq!(shop.log(&workspace).await.len(), 6);
    let late = jobs.heartbeat(shop.provisioner.worker.id, job.id).await;
    assert!(late.is_err_and(|error| error.is_lost()));
    let build = text(&workspace, "/latest_build/id");
    let state = shop
        .owner
        .get(&format!("/workspacebuilds/{build}/state"))
        .await;
    let first = text(&first, "/latest_build/id");
    assert_eq!(state.raw, format!("state of {first}").into_bytes());
    shop.owner
        .post(&format!("/workspaces/{id}/builds"), order)
        .await
        .expect(201);
    shop.provisioner.work_off().await;
}

#[tokio::test]
async fn jobs_of_a_killed_server_are_ended_soon() {
    let shop = shop().await;
    let jobs = &shop.app.state.jobs;
    let built_in = jobs.register_built_in("atlas-0".to_owned()).await.unwrap();
    let again = jobs.register_built_in("atlas-0".to_owned()).await.unwrap();
    assert_eq!(built_in.id, again.id, "a daemon that returns is the same");
    let workspace = shop.order("box").await;
    jobs.claim(&built_in).await.unwrap().unwrap();
    shop.app.clock.advance(TimeDelta::seconds(16));
    assert_eq!(jobs.reap().await.unwrap(), 1);
    assert_eq!(text(&shop.build(&workspace).await, "/status"), "failed");
    shop.app.clock.advance(TimeDelta::days(6));
    assert_eq!(jobs.forget_daemons().await.unwrap(), 0);
    shop.app.clock.advance(TimeDelta::days(2));
    assert_eq!(jobs.forget_daemons().await.unwrap(), 1);
}

#[tokio::test]
async fn a_waiting_job_is_never_ended() {
    let shop = shop().await;
    let workspace = shop.order("box").await;
    shop.app.clock.advance(TimeDelta::days(30));
    assert_eq!(shop.app.state.jobs.reap().await.unwrap(), 0);
    let owner = shop.app.sign_in("admin").await;
    let id = text(&workspace, "/id");
    let waiting = owner.get(&format!("/workspaces/{id}")).await.expect(200);
    assert_eq!(text(&waiting, "/latest_build/status"), "pending");
    shop.provisioner.work_off().await;
}

#[tokio::test]
async fn a_follower_loses_no_line() {
    let shop = shop().await;
    let (jobs, worker) = (shop.app.state.jobs.clone(), shop.provisioner.worker.id);
    let workspace = shop.order("box").await;
    let job = shop.provisioner.take().await.unwrap();
    let lines = |from: usize| -> Vec<LogLine> {
        (from..from + 50)
            .map(|number| shop.line(&format!("line {number} <&>\0")))
            .collect()
    };
    jobs.append_logs(worker, job.id, lines(0)).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = shop.app.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let build = text(&workspace, "/latest_build/id");
    let token = shop.owner.token.clone().unwrap();
    let url = format!(
        "ws://{address}/api/v2/workspacebuilds/{build}/logs?follow&coder_session_token={token}"
    );
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let follow = async {
        let mut seen = Vec::new();
        loop {
            match socket.next().await.unwrap().unwrap() {
                tokio_tungstenite::tungstenite::Message::Text(line) => {
                    assert!(line.ends_with('\n'));
                    let line: Value = serde_json::from_str(&line).unwrap();
                    seen.push(text(&line, "/output").to_owned());
                }
                tokio_tungstenite::tungstenite::Message::Close(frame) => {
                    return (seen, frame.unwrap().code);
                }
                _ => {}
            }
        }
    };
    let write = async {
        for batch in 1..20 {
            jobs.append_logs(worker, job.id, lines(batch * 50))
                .await
                .unwrap();
        }
        shop.provisioner.finish(job).await;
    };
    let both = async { tokio::join!(follow, write) };
    let ((seen, code), ()) = tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .unwrap();
    assert_eq!(u16::from(code), 1000);
    let expected: Vec<String> = (0..1000).map(|n| format!("line {n} <&>")).collect();
    assert_eq!(seen, expected);
    assert_eq!(shop.log(&workspace).await, expected);
    server.abort();
}

#[tokio::test]
async fn following_needs_a_websocket() {
    let shop = shop().await;
    let workspace = shop.order("box").await;
    let build = text(&workspace, "/latest_build/id");
    let answer = shop
        .owner
        .get(&format!("/workspacebuilds/{build}/logs?follow=false"))
        .await;
    assert_eq!(answer.status, 426);
    let answer = shop
        .owner
        .get(&format!("/workspacebuilds/{build}/logs?after=x"))
        .await;
    assert_eq!(answer.fields(), ["after"]);
    shop.provisioner.work_off().await;
}

#[tokio::test]
async fn an_organization_shows_its_jobs_and_daemons() {
    let shop = shop().await;
    let daemon = shop
        .app
        .state
        .jobs
        .register_built_in("atlas-0".to_owned())
        .await
        .unwrap();
    let organization = shop.provisioner.worker.organization_id;
    let base = format!("/organizations/{organization}");
    let workspace = shop.order("box").await;
    let jobs = shop
        .owner
        .get(&format!("{base}/provisionerjobs?status=pending"))
        .await
        .expect(200);
    assert_eq!(jobs.as_array().unwrap().len(), 1);
    assert_eq!(
        jobs.pointer("/0/available_workers"),
        Some(&json!([daemon.id.to_string()]))
    );
    let id = job_id(&workspace);
    shop.owner
        .get(&format!("{base}/provisionerjobs/{id}"))
        .await
        .expect(200);
    let path = format!("{base}/provisionerjobs?state=pending");
    shop.owner.get(&path).await.expect(400);
    let member = shop.app.user(&shop.owner, "mia").await;
    let path = format!("{base}/provisionerjobs");
    member.get(&path).await.expect(404);
    let path = format!("{base}/provisionerdaemons");
    let idle = member.get(&path).await.expect(200);
    assert_eq!(text(&idle, "/0/status"), "idle");
    assert_eq!(text(&idle, "/0/key_name"), "built-in");
    let taken = shop.app.state.jobs.claim(&daemon).await.unwrap().unwrap();
    let busy = member.get(&path).await.expect(200);
    assert_eq!(text(&busy, "/0/status"), "busy");
    assert_eq!(text(&busy, "/0/current_job/id"), taken.id.to_string());
    shop.app.clock.advance(TimeDelta::seconds(91));
    let owner = shop.app.sign_in("admin").await;
    let offline = owner.get(&path).await.expect(200);
    assert_eq!(text(&offline, "/0/status"), "offline");
    let none = owner
        .get(&format!("{path}?tags=%7B%22zone%22:%22a%22%7D"))
        .await;
    assert_eq!(none.json(), json!([]));
    owner.get(&format!("{path}?tags=zone")).await.expect(400);
}
