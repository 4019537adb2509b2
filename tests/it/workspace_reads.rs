//! Reading workspaces: what is remembered is never old, and who has a body is told so.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Answer, Client, Provisioner, QueryCounter, TestApp};

/// A path, and what its reader has of it.
struct Reader {
    client: Client,
    path: String,
    tag: String,
    body: Value,
}

impl Reader {
    async fn new(client: &Client, path: &str) -> Self {
        let answer = client.get(path).await;
        Self {
            client: client.clone(),
            path: path.to_owned(),
            tag: answer.headers["etag"].to_str().unwrap().to_owned(),
            body: answer.expect(200),
        }
    }

    async fn ask(&self, tag: &str) -> Answer {
        let headers = [("if-none-match", tag)];
        self.client
            .send(Method::GET, &self.path, &headers, String::new())
            .await
    }

    /// Sees something new, and after that nothing.
    async fn sees(&mut self, change: &str) {
        let path = &self.path;
        let answer = self.ask(&self.tag).await;
        assert_eq!(answer.status, 200, "{path}: {change}");
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let body = answer.expect(200);
        assert_ne!(body, self.body, "{path}: {change}");
        assert_ne!(tag, self.tag, "{path}: {change}");
        assert_eq!(
            self.client.get(path).await.expect(200),
            body,
            "{path}: {change}"
        );
        (self.tag, self.body) = (tag, body);
        self.sees_nothing(change).await;
    }

    async fn sees_nothing(&self, change: &str) {
        let answer = self.ask(&self.tag).await;
        assert_eq!(answer.status, 304, "{}: {change}", self.path);
        assert_eq!(answer.headers["etag"], self.tag.as_str());
        assert!(answer.raw.is_empty());
    }
}

struct Readers(Vec<Reader>);

impl Readers {
    async fn see(&mut self, change: &str) {
        for reader in &mut self.0 {
            reader.sees(change).await;
        }
    }
}

/// A workspace and those who read it, here and on another replica, alone and in lists.
struct Scene {
    app: TestApp,
    _replica: TestApp,
    owner: Client,
    provisioner: Provisioner,
    template: String,
    path: String,
    readers: Readers,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.owner().await;
        let provisioner = app.provisioner(&owner).await;
        let template = provisioner.template(&owner, "tpl").await;
        let id = provisioner.workspace(&owner, "box", &template).await;
        let replica = app.replica();
        let elsewhere = Client::at(&replica, owner.token.clone());
        let path = format!("/workspaces/{id}");
        let readers = Readers(vec![
            Reader::new(&owner, &path).await,
            Reader::new(&owner, "/workspaces?q=owner:me").await,
            Reader::new(&elsewhere, &path).await,
            Reader::new(&elsewhere, "/workspaces").await,
        ]);
        Self {
            app,
            _replica: replica,
            owner,
            provisioner,
            template,
            path,
            readers,
        }
    }

    async fn sql(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(&self.app.db).await.unwrap();
        assert!(done.rows_affected() > 0);
    }

    async fn put(&self, setting: &str, body: Value, status: u16) {
        let path = format!("{}/{setting}", self.path);
        self.owner.put(&path, body).await.expect(status);
    }

    async fn queue(&self, transition: &str) -> String {
        let path = format!("{}/builds", self.path);
        let order = json!({"transition": transition});
        let made = self.owner.post(&path, order).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_setting_or_a_name_changes_the_tag() {
    let mut scene = Box::pin(Scene::new()).await;
    let (owner, template) = (scene.owner.clone(), scene.template.clone());
    for (setting, body) in [
        ("ttl", json!({"ttl_ms": 3_600_000})),
        ("autostart", json!({"schedule": "CRON_TZ=UTC 30 9 * * 1-5"})),
        ("autoupdates", json!({"automatic_updates": "always"})),
        ("favorite", Value::Null),
    ] {
        scene.put(setting, body, 204).await;
        scene.readers.see(setting).await;
    }
    for asleep in [true, false] {
        let body = json!({"dormant": asleep});
        scene.put("dormant", body, 200).await;
        scene.readers.see("sleep").await;
    }
    let name = json!({"name": "crate"});
    owner.patch(&scene.path, name).await.expect(204);
    scene.readers.see("rename").await;
    let profile = json!({"username": "root", "name": "Ada"});
    owner.put("/users/me/profile", profile).await.expect(200);
    scene.readers.see("owner's name").await;
    let icon = json!({"name": "tpl", "icon": "/icon/new.svg", "display_name": "T"});
    let path = format!("/templates/{template}");
    owner.patch(&path, icon).await.expect(200);
    scene.readers.see("template's picture").await;
    let version = scene.provisioner.version(&owner, "v2", Some(&template));
    let active = json!({"id": version.await});
    let path = format!("{path}/versions");
    owner.patch(&path, active).await.expect(200);
    scene.readers.see("active version").await;
    scene.sql("UPDATE organizations SET name = 'renamed'").await;
    scene.readers.see("organization's name").await;
    scene
        .sql("UPDATE template_versions SET name = name || '!'")
        .await;
    scene.readers.see("version's name").await;
}

#[tokio::test]
async fn a_build_and_the_queue_change_the_tag() {
    let mut scene = Box::pin(Scene::new()).await;
    let (owner, template) = (scene.owner.clone(), scene.template.clone());
    let template = Some(template.as_str());
    scene.provisioner.new_version(&owner, "v3", template).await;
    scene.readers.see("another job waits").await;
    scene.provisioner.work_off().await;
    scene.readers.see("nothing waits").await;
    scene.queue("stop").await;
    scene.readers.see("build waits").await;
    scene.provisioner.new_version(&owner, "v4", template).await;
    scene.readers.see("more wait behind it").await;
    let job = scene.provisioner.take().await.unwrap();
    scene.readers.see("build runs").await;
    scene.provisioner.finish(job).await;
    scene.readers.see("build ended").await;
    scene.provisioner.work_off().await;
    scene.readers.see("nothing waits again").await;
    let build = scene.queue("start").await;
    scene.readers.see("start waits").await;
    let cancel = format!("/workspacebuilds/{build}/cancel");
    owner.patch(&cancel, Value::Null).await.expect(200);
    scene.readers.see("start was canceled").await;
    scene.queue("start").await;
    let job = scene.provisioner.take().await.unwrap();
    scene.readers.see("start runs").await;
    scene.provisioner.fail(job, "no").await;
    scene.readers.see("start failed").await;
}

#[tokio::test]
async fn time_and_agents_change_the_tag() {
    let mut scene = Box::pin(Scene::new()).await;
    let clock = scene.app.clock.clone();
    scene.put("ttl", json!({"ttl_ms": 3_600_000}), 204).await;
    scene.queue("start").await;
    scene.provisioner.work_off().await;
    scene.readers.see("started").await;
    let deadline = clock.now() + TimeDelta::minutes(45);
    let extend = json!({"deadline": deadline.to_rfc3339()});
    scene.put("extend", extend, 200).await;
    scene.readers.see("deadline").await;
    scene.put("ttl", json!({"ttl_ms": null}), 204).await;
    scene.readers.see("no deadline").await;
    clock.advance(TimeDelta::seconds(121));
    scene.readers.see("agent takes too long").await;
    scene
        .sql(
            "UPDATE workspace_agents SET first_connected_at = '2026-01-05 09:02:01Z',
                                         last_connected_at = '2026-01-05 09:02:01Z'",
        )
        .await;
    scene.readers.see("agent came").await;
    clock.advance(TimeDelta::seconds(31));
    scene.readers.see("agent fell silent").await;
    scene
        .sql("UPDATE workspace_apps SET health = 'unhealthy'")
        .await;
    scene.readers.see("app is ill").await;
    clock.advance(TimeDelta::minutes(1));
    let usage = format!("{}/usage", scene.path);
    scene.owner.post(&usage, json!({})).await.expect(204);
    scene.app.state.usage.flush().await.unwrap();
    scene.readers.see("use").await;
}

#[tokio::test]
async fn what_nobody_sees_changes_no_tag() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let reader = Reader::new(&owner, &format!("/workspaces/{id}")).await;
    app.clock.advance(TimeDelta::seconds(100));
    reader.sees_nothing("time").await;
    sqlx::query("UPDATE templates SET description = 'new'")
        .execute(&app.db)
        .await
        .unwrap();
    sqlx::query("UPDATE users SET name = 'new'")
        .execute(&app.db)
        .await
        .unwrap();
    sqlx::query("UPDATE provisioner_jobs SET updated_at = updated_at + interval '1 second'")
        .execute(&app.db)
        .await
        .unwrap();
    reader.sees_nothing("columns that are not shown").await;
    provisioner.workspace(&owner, "another", &template).await;
    reader.sees_nothing("another workspace").await;
}

#[tokio::test]
async fn a_tag_is_its_readers_own() {
    let app = TestApp::start().await;
    let admin = app.owner().await;
    let user = app.user(&admin, "berta").await;
    let provisioner = app.provisioner(&admin).await;
    let template = provisioner.template(&admin, "tpl").await;
    let id = provisioner.workspace(&user, "box", &template).await;
    let path = format!("/workspaces/{id}");
    user.put(&format!("{path}/favorite"), Value::Null)
        .await
        .expect(204);
    let own = Reader::new(&user, &path).await;
    let others = Reader::new(&admin, &path).await;
    assert_eq!(own.body["favorite"], true);
    assert_eq!(others.body["favorite"], false);
    assert_eq!(own.ask(&others.tag).await.status, 200);
    // Who may not read learns nothing, whatever it has.
    let stranger = app.user(&admin, "carl").await;
    let headers = [("if-none-match", own.tag.as_str())];
    let answer = stranger
        .send(Method::GET, &path, &headers, String::new())
        .await;
    assert_eq!(answer.status, 404);
    let any = [("if-none-match", "*")];
    let answer = stranger.send(Method::GET, &path, &any, String::new()).await;
    assert_eq!(answer.status, 404);
    assert_eq!(own.ask("*").await.status, 304);
    assert_eq!(own.ask(&format!("\"x\", {}", own.tag)).await.status, 304);
    assert_eq!(own.ask("\"x\"").await.status, 200);
    assert_eq!(own.ask("not a tag").await.status, 200);
}

#[tokio::test]
async fn a_read_costs_one_statement_unless_something_changed() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    for n in 1..25 {
        provisioner
            .workspace(&owner, &format!("box-{n}"), &template)
            .await;
    }
    let other = app.replica();
    let elsewhere = Client::at(&other, owner.token.clone());
    elsewhere.get("/users/me").await.expect(200);
    // A page may cost one more: what other tests write to the same server makes it look old.
    for (path, known, cold, more) in [
        (format!("/workspaces/{id}"), 1, 3, 0),
        ("/users/me/workspace/box-1".to_owned(), 1, 3, 0),
        ("/workspaces?limit=25".to_owned(), 1, 3, 1),
        ("/workspaces?offset=100".to_owned(), 2, 1, 2),
    ] {
        let reader = Reader::new(&owner, &path).await;
        let counter = QueryCounter::start();
        assert_eq!(elsewhere.ask_known(&path, &reader.tag).await, 304);
        assert_eq!(counter.take().len(), known, "{path}, known");
        assert_eq!(elsewhere.get(&path).await.expect(200), reader.body);
        let taken = counter.take().len();
        assert!(
            (cold..=cold + more).contains(&taken),
            "{path}, cold: {taken}"
        );
        assert_eq!(elsewhere.get(&path).await.expect(200), reader.body);
        let taken = counter.take().len();
        assert!((1..=1 + more).contains(&taken), "{path}, warm: {taken}");
    }
}

#[tokio::test]
async fn a_list_shows_what_was_written_before_and_committed_after_it_was_read() {
    let scene = Box::pin(Scene::new()).await;
    let names = async || {
        let list = scene.owner.get("/workspaces").await.expect(200);
        let listed = list["workspaces"].as_array().unwrap();
        let names = listed.iter().map(|one| one["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut early = scene.app.db.begin().await.unwrap();
    sqlx::query("UPDATE workspaces SET name = 'early'")
        .execute(&mut *early)
        .await
        .unwrap();
    // Another transaction takes a later number and ends before.
    scene.sql("UPDATE users SET avatar_url = '/new.svg'").await;
    assert_eq!(names().await, ["box"]);
    early.commit().await.unwrap();
    assert_eq!(names().await, ["early"]);
    let mut undone = scene.app.db.begin().await.unwrap();
    sqlx::query("UPDATE workspaces SET name = 'undone'")
        .execute(&mut *undone)
        .await
        .unwrap();
    assert_eq!(names().await, ["early"]);
    undone.rollback().await.unwrap();
    assert_eq!(names().await, ["early"]);
}

/// What a list is ordered by, as its rows show it: earlier ones are less.
fn place(workspace: &Value) -> (bool, bool, String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_lowercase();
    (
        workspace["favorite"] != true,
        workspace["latest_build"]["status"] != "running",
        text(&workspace["owner_name"]),
        text(&workspace["name"]),
    )
}

async fn checked_list(client: &Client) -> Vec<Value> {
    let list = client.get("/workspaces").await.expect(200);
    let all = list["workspaces"].as_array().unwrap().clone();
    assert_eq!(list["count"], all.len());
    assert!(
        all.is_sorted_by_key(place),
        "{:?}",
        all.iter().map(place).collect::<Vec<_>>()
    );
    let mut paged = Vec::new();
    for offset in 0..all.len() {
        let path = format!("/workspaces?limit=1&offset={offset}");
        let page = client.get(&path).await.expect(200);
        assert_eq!(page["count"], all.len());
        paged.extend(page["workspaces"].as_array().unwrap().clone());
    }
    assert_eq!(paged, all);
    all
}

#[tokio::test]
async fn a_list_keeps_its_order_whatever_changes() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let (ann, bob) = (app.user(&owner, "ann").await, app.user(&owner, "Bob").await);
    let mut ids = Vec::new();
    for (user, name) in [
        (&owner, "z"),
        (&bob, "Y"),
        (&ann, "x"),
        (&owner, "W"),
        (&ann, "v"),
    ] {
        ids.push(provisioner.workspace(user, name, &template).await);
    }
    checked_list(&owner).await;
    for id in &ids[..2] {
        provisioner.build(&owner, id, "stop").await;
        checked_list(&owner).await;
    }
    let running = owner.get("/workspaces?q=status:running").await.expect(200);
    assert_eq!(running["count"], 3);
    for id in [&ids[0], &ids[3]] {
        let path = format!("/workspaces/{id}/favorite");
        owner.put(&path, Value::Null).await.expect(204);
        checked_list(&owner).await;
    }
    let renamed = json!({"username": "zed", "name": ""});
    owner.put("/users/ann/profile", renamed).await.expect(200);
    checked_list(&owner).await;
    let order = json!({"transition": "start"});
    let path = format!("/workspaces/{}/builds", ids[0]);
    owner.post(&path, order).await.expect(201);
    checked_list(&owner).await;
    let job = provisioner.take().await.unwrap();
    checked_list(&owner).await;
    provisioner.fail(job, "no").await;
    checked_list(&owner).await;
    provisioner.build(&owner, &ids[0], "start").await;
    let all = checked_list(&owner).await;
    assert_eq!(all[1]["name"], "z");
    provisioner.build(&owner, &ids[2], "delete").await;
    assert_eq!(checked_list(&owner).await.len(), 4);
    checked_list(&bob).await;
}

impl Client {
    async fn ask_known(&self, path: &str, tag: &str) -> u16 {
        let headers = [("if-none-match", tag)];
        let answer = self.send(Method::GET, path, &headers, String::new()).await;
        answer.status.as_u16()
    }
}
