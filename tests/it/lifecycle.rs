//! What workspaces do by themselves: the clock is moved, a pass is made, and the builds that
//! came of it are read from the API.

mod passes;

mod rules;

mod sleep;

mod weeks;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::fixture::{Client, Options, Provisioner, TestApp};

type Timestamp = DateTime<Utc>;

/// A deployment with one template, on Monday 2026-01-05 at 09:00 UTC.
struct Scene {
    app: TestApp,
    owner: Client,
    provisioner: Provisioner,
    template: String,
}

impl Scene {
    async fn set() -> Self {
        let mut options = Options::default();
        // Sessions outlive every move of the clock.
        options.settings.session_duration = Duration::from_hours(24 * 365 * 10);
        let app = TestApp::with(options).await;
        let owner = app.owner().await;
        let provisioner = app.provisioner(&owner).await;
        let template = provisioner.template(&owner, "tpl").await;
        Self {
            app,
            owner,
            provisioner,
            template,
        }
    }

    /// Makes a workspace with these settings and starts it; gives its id.
    async fn started(&self, client: &Client, name: &str, settings: Value) -> String {
        let mut order = json!({"name": name, "template_id": self.template});
        order
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        let made = client.post("/users/me/workspaces", order).await.expect(201);
        self.provisioner.work_off().await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// As [`Self::started`], and stops it.
    async fn stopped(&self, client: &Client, name: &str, settings: Value) -> String {
        let id = self.started(client, name, settings).await;
        self.provisioner.build(client, &id, "stop").await;
        id
    }

    /// Changes columns of the template.
    async fn template_has(&self, columns: &str) {
        self.run(&format!("UPDATE templates SET {columns}")).await;
    }

    async fn run(&self, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&self.app.db)
            .await
            .unwrap();
    }

    /// Moves the clock to an instant.
    fn go_to(&self, instant: &str) {
        let to: Timestamp = instant.parse().unwrap();
        self.app.clock.advance(to - self.app.clock.now());
    }

    /// Moves the clock on.
    fn wait(&self, by: TimeDelta) {
        self.app.clock.advance(by);
    }

    /// Makes a pass; tells how many workspaces it changed.
    async fn pass(&self) -> u64 {
        self.app.workspace_lifecycle.run_due().await.unwrap()
    }

    /// Makes a pass and does the work that comes of it.
    async fn pass_and_work(&self) -> u64 {
        let changed = self.pass().await;
        self.provisioner.work_off().await;
        changed
    }

    /// The workspace as the site owner sees it.
    async fn workspace(&self, id: &str) -> Value {
        let path = format!("/workspaces/{id}?include_deleted=true");
        self.owner.get(&path).await.expect(200)
    }

    /// The workspace's builds from the first on, as `start initiator`.
    async fn builds(&self, id: &str) -> Vec<String> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT transition::text, reason::text FROM workspace_builds
             WHERE workspace_id = $1::uuid ORDER BY build_number",
        )
        .bind(id)
        .fetch_all(&self.app.db)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(transition, reason)| format!("{transition} {reason}"))
            .collect()
    }
}

const FIRST: &str = "start initiator";
const STOPPED: &str = "stop initiator";

fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}
